import IMAP
import Testing

private func responses(_ text: String, pieces: Int = .max) throws -> [IMAPResponse] {
    var framer = IMAPFramer()
    var result: [IMAPResponse] = []
    let bytes = Array(text.utf8)
    var index = 0
    while index < bytes.count {
        let end = min(bytes.count, pieces == .max ? bytes.count : index + pieces)
        framer.append(Array(bytes[index..<end]))
        index = end
        while let frame = try framer.next() { result.append(try IMAPResponse(frame)) }
    }
    return result
}

private let session = """
    * OK [CAPABILITY IMAP4rev1 IDLE AUTH=PLAIN] ready {5}\r
    * CAPABILITY IMAP4rev1 IDLE\r
    * 23 EXISTS\r
    * OK [UIDVALIDITY 3857529045] UIDs valid\r
    * SEARCH 2 84 882\r
    * SEARCH\r
    * LIST (\\HasNoChildren \\Sent) "/" "Sent \\"x\\""\r
    * 12 FETCH (UID 7 FLAGS (\\Seen $Odd) RFC822.SIZE 44827 BODY[HEADER]<0> {11}\r
    From: (a)\r
    \r
     BODY[HEADER.FIELDS (TO CC)] "T" BODYSTRUCTURE ("text" ("a" NIL) NIL))\r
    * 13 FETCH (BODY[] {0}\r
     UID 9)\r
    * 44 EXPUNGE\r
    + idling\r
    A1 OK [APPENDUID 38505 3955] done\r
    A2 NO [TRYCREATE] no such folder\r
    * BYE so long\r

    """.replacing("From: (a)\r\n\r\n", with: "From: (a)\r\n")

@Suite(.timeLimit(.minutes(10))) struct IMAPResponseTests {
    @Test func readsASession() throws {
        let read = try responses(session)
        #expect(read.count == 14)
        #expect(read[2] == .exists(23))
        #expect(read[4] == .search([2, 84, 882]))
        #expect(read[5] == .search([]))
        #expect(read[6] == .list(attributes: ["\\HasNoChildren", "\\Sent"], name: Array("Sent \"x\"".utf8)))
        guard case .fetch(let first) = read[7], case .fetch(let second) = read[8] else {
            Issue.record("no FETCH")
            return
        }
        #expect(first.uid == 7)
        #expect(first.flags == ["\\Seen", "$Odd"])
        #expect(first.size == 44827)
        #expect(first.sections["BODY[HEADER]"] == Array("From: (a)\r\n".utf8))
        #expect(first.sections["BODY[HEADER.FIELDS (TO CC)]"] == Array("T".utf8))
        #expect(second.sections["BODY[]"] == [])
        #expect(second.uid == 9)
        #expect(read[10] == .continuation(text: "idling"))
        guard case .tagged("A1", let appended) = read[11], case .tagged("A2", let refused) = read[12] else {
            Issue.record("no tagged responses")
            return
        }
        #expect(appended.code == "APPENDUID")
        #expect(appended.arguments.map(\.number) == [38505, 3955])
        #expect(refused.status == .no)
        #expect(refused.code == "TRYCREATE")
    }

    @Test func cutAtEveryByteReadsTheSame() throws {
        let whole = try responses(session)
        #expect(try responses(session, pieces: 1) == whole)
        let bytes = Array(session.utf8)
        for cut in 0...bytes.count {
            var framer = IMAPFramer()
            var result: [IMAPResponse] = []
            for piece in [bytes[..<cut], bytes[cut...]] {
                framer.append(Array(piece))
                while let frame = try framer.next() { result.append(try IMAPResponse(frame)) }
            }
            #expect(result == whole)
        }
    }

    @Test(arguments: [
        "\r\n", "A1\r\n", "A1 what\r\n", "* 1 FETCH (UID 7\r\n", "* 1 FETCH (UID)\r\n", "* 1 FETCH \"a\"\r\n",
        "* 1 FETCH )\r\n", "* SEARCH (1\r\n", "* LIST \"x\r\n", "* LIST () \"/\"\r\n",
        "* 1 FETCH (BODY[] {99999999999}\r\n",
        "* 1 FETCH (BODY[] {67108865}\r\n",
    ])
    func refusesWhatIsNoResponse(_ text: String) {
        #expect(throws: IMAPError.self) { _ = try responses(text) }
    }

    @Test func nestingIsBounded() {
        let deep =
            "* 1 FETCH " + String(repeating: "(", count: 100_000) + String(repeating: ")", count: 100_000) + "\r\n"
        #expect(throws: IMAPError.self) { _ = try responses(deep) }
    }

    @Test func lineWithoutEndIsBounded() {
        var framer = IMAPFramer()
        framer.limits.textBytes = 10_000
        #expect(throws: IMAPError.self) {
            for _ in 0..<100 {
                framer.append([UInt8](repeating: 65, count: 1_000))
                _ = try framer.next()
            }
        }
    }

    @Test func literalsOfOneResponseAreBoundedTogether() {
        var framer = IMAPFramer()
        framer.limits.literalBytes = 10
        framer.append(Array("* 1 FETCH (A {6}\r\n123456 B {6}\r\n".utf8))
        #expect(throws: IMAPError.self) { while try framer.next() != nil {} }
    }
}

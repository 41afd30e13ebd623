import Domain
import Testing
import Vault

@Suite(.timeLimit(.minutes(2))) struct WebhookKeyTests {
    private static let secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    private static let id = "msg_p5jXN8AQM9LWM0D4loKWxJek"
    private static let body = Array("{\"test\": 2432232314}".utf8)
    private static let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    /// The standard's own example.
    @Test func signaturesAreTheStandards() throws {
        let key = try #require(WebhookKey(Self.secret))
        #expect(key.signature(id: Self.id, timestamp: 1_614_265_330, body: Self.body) == Self.signature)
        #expect(key.secret.reveal() == Self.secret.reveal())
    }

    @Test(arguments: [
        (signature, true), ("v1,AAAA \(signature)", true), ("v1a,x \(signature) v2,y", true), ("", false), (" ", false),
        ("v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", false), ("v1,", false), ("v1", false),
        ("v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", false), (String(signature.dropLast(4)), false),
        ("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=,", false),
        // Only so many entries are looked at.
        (String(repeating: "v1,AAAA ", count: 8) + signature, false),
    ])
    func oneEntryOfTheHeaderMustBeTheKeys(header: String, isSigned: Bool) throws {
        let key = try #require(WebhookKey(Self.secret))
        #expect(
            key.verifies(header: header, id: Self.id, timestamp: 1_614_265_330, body: Self.body) == isSigned,
            "\(header)")
    }

    @Test func everyPartIsSigned() throws {
        let key = try #require(WebhookKey(Self.secret))
        for (id, timestamp, body) in [
            ("other", 1_614_265_330, Self.body), (Self.id, 1_614_265_331, Self.body),
            (Self.id, 1_614_265_330, Self.body + [0x20]),
        ] {
            #expect(!key.verifies(header: Self.signature, id: id, timestamp: timestamp, body: body))
        }
        let other = WebhookKey()
        #expect(!other.verifies(header: Self.signature, id: Self.id, timestamp: 1_614_265_330, body: Self.body))
        #expect(try #require(WebhookKey(other.secret)).secret.reveal() == other.secret.reveal())
    }

    @Test(arguments: ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_not base64!"])
    func otherTextIsNoKey(text: String) { #expect(WebhookKey(Secret(text)) == nil) }
}

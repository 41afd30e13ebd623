import API
import Domain
import HTTPClient
import Testing

@Suite(.timeLimit(.minutes(10))) struct FileTests {
    @Test func bytesComeBackAsTheyWent() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let made = try await house.call(
                "POST", "/api/files?name=data.bin", as: owner, bytes: bytes, headers: ["Content-Type": "image/png"])
            #expect(made.status == 201)
            #expect(made.headers["Location"] == "/api/files/\(made.id)")
            #expect(made.json["size"]?.int == 300_000)
            let content = try await house.call("GET", "/api/files/\(made.id)/content", as: owner)
            #expect(content.body == bytes)
            #expect(content.headers["Content-Type"] == "image/png")
            #expect(content.headers["X-Content-Type-Options"] == "nosniff")
            #expect(content.headers["Content-Security-Policy"]?.hasPrefix("sandbox") == true)
            #expect(content.headers["ETag"] == "\"\(made.json["sha256"]?.string ?? "")\"")
        }
    }

    @Test(
        arguments: [
            ("bytes=0-3", 206, "0123", "bytes 0-3/10"), ("bytes=7-", 206, "789", "bytes 7-9/10"),
            ("bytes=-2", 206, "89", "bytes 8-9/10"), ("bytes=-99", 206, "0123456789", "bytes 0-9/10"),
            ("bytes=9-99", 206, "9", "bytes 9-9/10"), ("bytes=10-", 416, nil, "bytes */10"),
            ("bytes=-0", 416, nil, "bytes */10"), ("bytes=99999999999999999999-", 416, nil, "bytes */10"),
            ("bytes=0-1,3-4", 200, "0123456789", nil), ("bytes=5-2", 200, "0123456789", nil),
            ("bytes=x", 200, "0123456789", nil), ("lines=0-1", 200, "0123456789", nil),
            ("bytes=-", 200, "0123456789", nil), ("bytes=+1-2", 200, "0123456789", nil),
        ] as [(String, Int, String?, String?)])
    func aRangeIsHonoured(header: String, status: Int, text: String?, range: String?) async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let file = try await house.call("POST", "/api/files", as: owner, bytes: Array("0123456789".utf8)).id
            let answer = try await house.call(
                "GET", "/api/files/\(file)/content", as: owner, headers: ["Range": header])
            #expect(answer.status == status)
            #expect(answer.headers["Content-Range"] == range)
            if let text { #expect(answer.text == text) }
        }
    }

    @Test func anEmptyFileIsAFile() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let file = try await house.call("POST", "/api/files", as: owner, bytes: [])
            #expect(file.json["size"]?.int == 0)
            let path = "/api/files/\(file.id)/content"
            #expect(try await house.call("GET", path, as: owner).body.isEmpty)
            #expect(try await house.call("GET", path, as: owner, headers: ["Range": "bytes=0-"]).status == 416)
        }
    }

    @Test(
        arguments: [
            ("..%2F..%2Fetc%2Fpasswd", "passwd", "passwd"), ("..%5C..%5Cboot.ini", "boot.ini", "boot.ini"),
            ("a%22%3B%20filename%3D%22b.exe", "a\"; filename=\"b.exe", "a%22%3B%20filename%3D%22b.exe"),
            ("line%0D%0ASet-Cookie%3A%20a", "lineSet-Cookie: a", "lineSet-Cookie%3A%20a"), ("...", "file", "file"),
            ("%C3%BC.txt", "ü.txt", "%C3%BC.txt"), ("%00", "file", "file"), ("", "file", "file"),
        ])
    func aNameIsShownAndNeverUsed(name: String, safe: String, encoded: String) async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let made = try await house.call("POST", "/api/files?name=\(name)", as: owner, bytes: [1])
            #expect(made.json["name"]?.string == safe)
            let content = try await house.call("GET", "/api/files/\(made.id)/content", as: owner)
            #expect(content.headers["Content-Disposition"] == "attachment; filename*=UTF-8''\(encoded)")
            #expect(content.headers["Set-Cookie"] == nil)
        }
    }

    @Test func aLongNameIsCut() async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let name = String(repeating: "%F0%9F%91%A9%E2%80%8D%F0%9F%91%A9", count: 300)
            let made = try await house.call("POST", "/api/files?name=\(name)", as: owner, bytes: [1])
            #expect(made.status == 201)
            #expect(made.json["name"]?.string?.unicodeScalars.count ?? 999 <= 255)
        }
    }

    @Test(
        arguments: [
            (
                "multipart/form-data; boundary=XX",
                "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--XX--\r\n",
                "hello"
            ),
            (
                "multipart/form-data; boundary=\"X X\"",
                "preamble\r\n--X X\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nskipped\r\n--X X\r\ncontent-disposition: form-data; filename=a.txt; name=f\r\ncontent-type: text/plain\r\n\r\nhe\r\n--X\r\nllo\r\n--X X--",
                "he\r\n--X\r\nllo"
            ),
            (
                "multipart/form-data; boundary=XX",
                "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n\r\n--XX--",
                ""
            ),
            (
                "multipart/form-data; boundary=XX",
                "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhel", nil
            ),
            ("multipart/form-data; boundary=XX", "--XX--\r\n", nil), ("multipart/form-data; boundary=XX", "", nil),
            ("multipart/form-data", "--\r\n\r\n", nil),
            ("multipart/mixed; boundary=XX", "--XX\r\n\r\na\r\n--XX--", nil),
            ("multipart/form-data; boundary=XX", "--XX\r\n" + String(repeating: "a", count: 20_000), nil),
        ] as [(String, String, String?)])
    func aFormsFileIsTaken(type: String, body: String, content: String?) async throws {
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let made = try await house.call(
                "POST", "/api/files", as: owner, bytes: Array(body.utf8), headers: ["Content-Type": type])
            guard let content else {
                #expect(made.status == 400)
                return
            }
            #expect(made.status == 201)
            #expect(made.json["name"]?.string == "a.txt")
            #expect(made.json["media_type"]?.string == "text/plain")
            #expect(try await house.call("GET", "/api/files/\(made.id)/content", as: owner).text == content)
        }
    }

    @Test func aFormInPiecesOfAnySizeGivesTheSameFile() async throws {
        let content = String(repeating: "\r\n--X\r\n-", count: 30_000)
        let body = Array(
            "--XYZ\r\nContent-Disposition: form-data; filename=\"a\"\r\n\r\n\(content)\r\n--XYZ--\r\n".utf8)
        try await House.with { house in
            let owner = try await house.person(of: try await house.tenant())
            let made = try await house.call(
                "POST", "/api/files", as: owner, bytes: body,
                headers: ["Content-Type": "multipart/form-data; boundary=XYZ"])
            #expect(made.json["size"]?.int == Int64(content.utf8.count))
            #expect(try await house.call("GET", "/api/files/\(made.id)/content", as: owner).text == content)
        }
    }
}

import Domain
import FoundationEssentials
import HTTPTypes

/// A list answer: `{"data": […], "next_cursor": …}`.
package struct Page<Item: Encodable & Sendable>: Encodable, Sendable {
    package let data: [Item]
    package let nextCursor: String?

    /// `rows` holds one more than `limit` where there is a next page; `cursor` names the last row shown.
    package init(_ rows: [Item], limit: Int, cursor: (Item) -> String) {
        data = Array(rows.prefix(limit))
        nextCursor = rows.count > limit ? data.last.map { Cursor.seal(cursor($0)) } : nil
    }

    enum CodingKeys: String, CodingKey {
        case data
        case nextCursor = "next_cursor"
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(data, forKey: .data)
        try container.encode(nextCursor, forKey: .nextCursor)  // null, not absent, at the end
    }
}

/// Where a list goes on. Opaque to clients: base64url of the last row's key.
package enum Cursor {
    package static func seal(_ key: String) -> String { Data(key.utf8).base64URL }

    static func open(_ text: String) -> String? {
        Data(base64URL: text).flatMap { String(bytes: $0, encoding: .utf8) }
    }
}

/// `?limit=` and `?cursor=`.
package struct PageRequest: Sendable {
    package static let defaultLimit = 50
    package static let largestLimit = 200

    package let limit: Int
    /// Key of the last row of the page before.
    package let after: String?

    /// The key of the page before; 400 where the cursor is not one that this list gave.
    package func after<Key>(_ parse: (String) -> Key?) throws -> Key? {
        guard let after else { return nil }
        guard let key = parse(after) else { throw Self.badCursor }
        return key
    }

    static let badCursor = Problem(.badRequest, "bad-parameter", "'cursor' is not one that this list gave.")

    package static let parameters = [
        Endpoint.Parameter(
            name: "limit", schema: .integer(1...Int64(largestLimit)),
            note: "Rows on a page; \(defaultLimit) by default."),
        Endpoint.Parameter(
            name: "cursor", schema: .string(), note: "The next_cursor of the page before."),
    ]
}

extension Call {
    package func page() throws -> PageRequest {
        var limit = PageRequest.defaultLimit
        if let text = query["limit"] {
            guard let number = Int(text), (1...PageRequest.largestLimit).contains(number) else {
                throw Problem(
                    .badRequest, "bad-parameter", "'limit' must be from 1 to \(PageRequest.largestLimit).")
            }
            limit = number
        }
        guard let cursor = query["cursor"] else { return PageRequest(limit: limit, after: nil) }
        guard let key = Cursor.open(cursor) else {
            throw PageRequest.badCursor
        }
        return PageRequest(limit: limit, after: key)
    }
}

extension Data {
    /// RFC 4648, section 5, without padding.
    package var base64URL: String {
        base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    package init?(base64URL text: String) {
        let standard = text.replacing("-", with: "+").replacing("_", with: "/")
        self.init(base64Encoded: standard + String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4))
    }
}

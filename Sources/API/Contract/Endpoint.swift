package import Domain
package import HTTPTypes

/// One operation of the contract: the same value serves requests and is published in OpenAPI.
package struct Endpoint: Sendable {
    package var method: HTTPRequest.Method
    /// With `{name}` for parameters: `/api/runs/{run_id}`.
    package var path: String
    /// `operationId`.
    package var name: String
    package var tag: String
    package var summary: String
    package var access: Access
    package var query: [Parameter] = []
    package var body: Body = .none
    package var answer: Answer
    package var handle: @Sendable (Call) async throws -> Reply

    package enum Body: Sendable {
        case none
        case json(Schema, example: JSONValue, isRequired: Bool = true)
        /// Bytes as they come, streamed by the handler.
        case raw
    }

    package struct Answer: Sendable {
        package var status: HTTPResponse.Status
        package var schema: Schema?
        package var mediaType: String
        package var example: JSONValue?

        package init(
            _ status: HTTPResponse.Status = .ok, _ schema: Schema? = nil, mediaType: String = "application/json",
            example: JSONValue? = nil
        ) {
            self.status = status
            self.schema = schema
            self.mediaType = mediaType
            self.example = example
        }
    }

    package struct Parameter: Sendable {
        package var name: String
        package var schema: Schema
        package var note: String
    }

    /// Who may call.
    package enum Access: String, Sendable {
        case anonymous
        /// Every role.
        case read
        /// Owner, admin and member: start runs, upload files.
        case operate
        /// Owner and admin: personas, graphs, mailboxes, users.
        case administer
        /// Owner, admin and auditor.
        case audit
        /// Administrators of the whole platform.
        case platform
    }
}

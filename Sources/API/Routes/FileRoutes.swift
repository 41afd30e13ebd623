import Domain
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Store
import _NIOFileSystem

/// Files: uploads and artifacts of runs.
struct FileRoutes {
    let services: Services

    var endpoints: [Endpoint] { [create, get, content] }

    private var create: Endpoint {
        Endpoint(
            method: .post, path: "/api/files", name: "createFile", tag: "file",
            summary:
                "Stores the raw body, or the first file of a multipart/form-data body, at most 256 MiB. Its Content-Type is kept; ?name= or X-Filename names it.",
            access: .operate,
            query: [.init(name: "name", schema: .text(1...255), note: "The file's name.")], body: .raw,
            answer: .init(.created, FileBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let upload = try await store(call, caller)
            let blob = upload.blob
            let name = FileName.safe(
                call.query["name"] ?? call.headers[HeaderNames.filename] ?? upload.name ?? "file")
            let mediaType = upload.mediaType.map { String($0.prefix(200)) } ?? "application/octet-stream"
            return try await call.once(Array("\(name)\n\(mediaType)\n".utf8) + blob.sha256) {
                let file = try await services.files.create(
                    caller.tenant, id: .new(), name: name, mediaType: mediaType, size: blob.size, sha256: blob.sha256,
                    provenance: .user, by: caller.user, actor: caller.actor)
                return try .json(FileBody(file), status: .created, headers: [.location: "/api/files/\(file.id)"])
            }
        }
    }

    private struct Upload {
        var blob: Blob
        var name: String?
        var mediaType: String?
    }

    private func store(_ call: Call, _ caller: Caller) async throws -> Upload {
        if let length = call.headers[.contentLength].flatMap({ Int($0) }), length > BlobStore.largestBlob {
            throw Self.tooLarge
        }
        let writer = try services.blobs.writer(caller.tenant)
        defer { writer.discard() }
        let type = call.headers[.contentType]
        do {
            if let type, type.lowercased().hasPrefix("multipart/") {
                guard var form = MultipartFile(contentType: type) else { throw Self.malformedForm }
                return try await store(&form, call, writer)
            }
            for try await buffer in call.content { try await writer.append(Array(buffer.readableBytesView)) }
            return Upload(blob: try await writer.finish(), mediaType: type)
        } catch BlobError.tooLarge {
            throw Self.tooLarge
        } catch is MultipartFile.Malformed {
            throw Self.malformedForm
        }
    }

    private func store(_ form: inout MultipartFile, _ call: Call, _ writer: BlobWriter) async throws -> Upload {
        var name: String?, mediaType: String?
        for try await buffer in call.content {
            for piece in try form.feed(buffer.readableBytesView) {
                switch piece {
                case .head(let partName, let partType): (name, mediaType) = (partName, partType)
                case .bytes(let bytes): try await writer.append(bytes)
                }
            }
        }
        guard form.isComplete else { throw MultipartFile.Malformed() }
        return Upload(blob: try await writer.finish(), name: name, mediaType: mediaType)
    }

    private static let malformedForm = Problem(
        .badRequest, "malformed", "The body is not multipart/form-data with a whole part that has a filename.")

    private static let tooLarge = Problem(
        .contentTooLarge, "too-large", "A file may have \(BlobStore.largestBlob) bytes.")

    private var get: Endpoint {
        Endpoint(
            method: .get, path: "/api/files/{file_id}", name: "getFile", tag: "file", summary: "What a file is.",
            access: .read, answer: .init(.ok, FileBody.schema)
        ) { call in
            try .json(FileBody(await file(of: call, call.authenticated())))
        }
    }

    private var content: Endpoint {
        Endpoint(
            method: .get, path: "/api/files/{file_id}/content", name: "getFileContent", tag: "file",
            summary: "The bytes of a file; one Range is honoured.", access: .read,
            answer: .init(.ok, nil, mediaType: "application/octet-stream")
        ) { call in
            let caller = try call.authenticated()
            let file = try await file(of: call, caller)
            let path = services.blobs.path(caller.tenant, sha256: file.sha256)
            var headers: HTTPFields = [
                .acceptRanges: "bytes", .eTag: "\"\(file.sha256.hex)\"", .xContentTypeOptions: "nosniff",
                .contentDisposition: FileName.disposition(file.name),
                // What came from outside must not run in the API's origin.
                .contentSecurityPolicy: "sandbox; default-src 'none'",
            ]
            let asked = call.headers[.range].map { ByteRange.parse($0, size: file.size) } ?? .whole
            switch asked {
            case .whole:
                headers[.contentLength] = String(file.size)
                return Reply(
                    .ok, headers: headers,
                    content: .body(FileBytes.body(path, 0..<file.size), mediaType: file.mediaType))
            case .unsatisfiable:
                var problem = Problem(.rangeNotSatisfiable, "bad-range", "The file has \(file.size) bytes.")
                problem.headers[.contentRange] = "bytes */\(file.size)"
                throw problem
            case .part(let range):
                headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.size)"
                headers[.contentLength] = String(range.count)
                return Reply(
                    .partialContent, headers: headers,
                    content: .body(FileBytes.body(path, range), mediaType: file.mediaType))
            }
        }
    }

    private func file(of call: Call, _ caller: Caller) async throws -> FileRecord {
        guard let file = try await services.files.find(caller.tenant, call.id("file_id", of: "file")) else {
            throw Problem.notFound("file")
        }
        return file
    }
}

/// Reads a stored file for an answer, on NIO's file threads.
private enum FileBytes {
    /// Small enough to bound memory per download, large enough to keep up with loopback.
    static let chunk = 128 * 1024

    static func body(_ path: String, _ range: Range<Int>) -> ResponseBody {
        ResponseBody(contentLength: range.count) { writer in
            try await FileSystem.shared.withFileHandle(forReadingAt: FilePath(path)) { handle in
                let pieces = handle.readChunks(
                    in: Int64(range.lowerBound)..<Int64(range.upperBound), chunkLength: .bytes(Int64(chunk)))
                for try await piece in pieces { try await writer.write(piece) }
            }
            try await writer.finish(nil)
        }
    }
}

/// A file as the API shows it.
struct FileBody: Encodable {
    let id: FileID
    let name: String
    let mediaType: String
    let size: Int
    let sha256: String
    let provenance: String
    let runID: RunID?
    let createdAt: Date

    init(_ file: FileRecord) {
        id = file.id
        name = file.name
        mediaType = file.mediaType
        size = file.size
        sha256 = file.sha256.hex
        provenance = file.provenance
        runID = file.run
        createdAt = file.createdAt
    }

    enum CodingKeys: String, CodingKey {
        case id, name, size, sha256, provenance
        case mediaType = "media_type"
        case runID = "run_id"
        case createdAt = "created_at"
    }

    static let schema = Schema.named(
        "File",
        .object([
            Schema.required("id", .id), Schema.required("name", .string()), Schema.required("media_type", .string()),
            Schema.required("size", .integer(0...Int64.max)), Schema.required("sha256", .string()),
            Schema.required("provenance", .choice(["user", "persona", "outside"])), Schema.optional("run_id", .id),
            Schema.required("created_at", .time),
        ]))
}

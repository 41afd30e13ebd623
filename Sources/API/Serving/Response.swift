import Domain
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

extension Reply {
    func response() -> Response {
        var headers = headers
        switch content {
        case .none:
            return Response(status: status, headers: headers)
        case .json(let data):
            headers[.contentType] = "application/json"
            if headers[.cacheControl] == nil { headers[.cacheControl] = "no-store" }
            return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
        case .body(let body, let mediaType):
            headers[.contentType] = mediaType
            return Response(status: status, headers: headers, body: body)
        }
    }
}

extension Problem {
    func response(id: String) -> Response {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        headers[.cacheControl] = "no-store"
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        if let retryAfter { headers[.retryAfter] = String(retryAfter) }
        // Encoding strings and whole numbers cannot fail; an empty body would still carry the status.
        let data = (try? body(instance: id).canonicalBytes()) ?? Data()
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
    }
}

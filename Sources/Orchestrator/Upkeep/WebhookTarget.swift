package import Egress
import FoundationEssentials
import Sockets

/// Where a message goes: an https URL whose host is a public one, or one that the operator lists as the company's own.
package struct WebhookTarget: Sendable {
    let url: String
    let target: EgressTarget

    /// Why a URL is no such target, in words for whoever gave it.
    package struct Refusal: Error, Sendable, Hashable {
        package let reason: String
    }

    /// Longest URL taken, in bytes.
    static let longest = 2_000

    /// `policy.private` names `host:port`s of the operator's own network, which may also be asked in plain http.
    package init(_ url: String, policy: EgressPolicy) throws(Refusal) {
        guard url.utf8.count <= Self.longest, let parts = URLComponents(string: url), let host = parts.host,
            let scheme = parts.scheme?.lowercased(), scheme == "https" || scheme == "http"
        else { throw Refusal(reason: "is not an http or https URL") }
        guard parts.user == nil, parts.password == nil, parts.fragment == nil else {
            throw Refusal(reason: "has a user, a password or a fragment")
        }
        let isBare6 = host.contains(":") && !host.hasPrefix("[")
        let authority = "\(isBare6 ? "[\(host)]" : host):\(parts.port ?? (scheme == "https" ? 443 : 80))"
        guard let target = EgressTarget(authority, defaultPort: nil) else {
            throw Refusal(reason: "has a host or port that is none")
        }
        let isOwn = policy.private.contains { EgressTarget($0, defaultPort: nil) == target }
        guard scheme == "https" || isOwn else { throw Refusal(reason: "is not https") }
        if let reason = policy.refusal(of: target) { throw Refusal(reason: reason) }
        self.url = url
        self.target = target
    }

    /// Why a URL is refused before anything is looked up, or `nil`: what an API may ask when a webhook is set up.
    package static func refusal(_ policy: EgressPolicy) -> @Sendable (String) -> String? {
        { url in
            do throws(Refusal) {
                _ = try WebhookTarget(url, policy: policy)
                return nil
            } catch {
                return error.reason
            }
        }
    }

    /// The address to connect to: the first that the policy permits. What was looked up is what is connected to, so a
    /// name that changes its mind in between gains nothing.
    package func address(_ resolver: Resolver, policy: EgressPolicy) async throws(Refusal) -> String {
        let answer = await withCheckedContinuation { waiter in
            resolver.resolve(target) { waiter.resume(returning: $0) }
        }
        switch answer {
        case .failure(let error): throw Refusal(reason: error.message)
        case .success(let found):
            for one in found where policy.refusal(of: one.address, for: target) == nil { return "\(one.address)" }
            let reason = found.first.flatMap { policy.refusal(of: $0.address, for: target) }
            throw Refusal(reason: reason ?? "\(target.host) has no address")
        }
    }
}

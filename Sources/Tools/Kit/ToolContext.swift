package import Domain

/// What a running call may use; everything else is out of reach.
package struct ToolContext: Sendable {
    /// Absolute path of the run's own directory, readable and writable, the same for each step of the run.
    /// File names in tool input and output are relative to it.
    package let directory: String
    /// Deterministic key of this effect, the same on each attempt: source of Message-ID and Idempotency-Key.
    package let effectKey: String
    /// 1 for the first attempt.
    package let attempt: Int
    /// The call must have ended by then.
    package let deadline: ContinuousClock.Instant
    /// `host:port` of the HTTP proxy that is the only way out, or `nil` where the tool declares no network.
    package let proxy: String?
    private let secrets: [String: Secret]
    private let reporter: any ToolReporter

    package init(
        directory: String, effectKey: String, attempt: Int, deadline: ContinuousClock.Instant, proxy: String?,
        secrets: [String: Secret], reporter: any ToolReporter
    ) {
        self.directory = directory
        self.effectKey = effectKey
        self.attempt = attempt
        self.deadline = deadline
        self.proxy = proxy
        self.secrets = secrets
        self.reporter = reporter
    }

    /// A secret that the descriptor declares; throws `ToolFailure` naming the missing secret.
    package func secret(_ name: String) throws -> Secret {
        guard let secret = secrets[name] else {
            throw ToolFailure(.permanent, code: "secret_missing", "The secret '\(name)' is not set for this persona.")
        }
        return secret
    }

    /// Returns once the platform has committed that this effect reached `phase`; throws when the platform fenced
    /// this call off, and then the effect must not go on.
    package func mark(_ phase: EffectPhase) async throws { try await reporter.mark(phase) }

    /// Shows progress in the run's events; `fraction` from 0 to 1 where it is known. Never fails, may be dropped.
    package func progress(_ message: String, fraction: Double? = nil) {
        reporter.progress(message, fraction: fraction)
    }

    /// Publishes a file below `directory` as an artifact of the run.
    package func publish(_ file: WorkspaceFile) { reporter.publish(file) }
}

/// The way from a call back to the platform.
package protocol ToolReporter: Sendable {
    func mark(_ phase: EffectPhase) async throws
    func progress(_ message: String, fraction: Double?)
    func publish(_ file: WorkspaceFile)
}

/// A file in the run's directory.
package struct WorkspaceFile: Sendable, Hashable, Codable {
    /// Relative to the run's directory; no `..`, no leading `/`, made by the platform and never by outside content.
    package var path: String
    /// The name shown to people, as in an attachment.
    package var name: String
    package var mediaType: String
    /// In bytes.
    package var size: Int

    package init(path: String, name: String, mediaType: String, size: Int) {
        self.path = path
        self.name = name
        self.mediaType = mediaType
        self.size = size
    }

    enum CodingKeys: String, CodingKey {
        case path, name, size
        case mediaType = "media_type"
    }
}

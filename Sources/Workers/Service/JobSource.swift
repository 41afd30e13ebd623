package import Domain
package import Egress
package import PersonaContainers
package import ToolKit

/// One unit of work that a worker claimed: begun, its attempt counted, fenced by whoever claims it next.
package struct WorkerJob: Sendable {
    package enum Kind: Sendable, Hashable {
        case tool, model
        /// Asks `tool`, a reconciler, with a `ReconcileInput` whose inner input names resources by id.
        case reconcile
    }

    package var id: JobID
    package var tenant: TenantID
    package var persona: PersonaID
    package var run: RunID
    package var kind: Kind
    package var tool: String
    package var input: JSONValue
    package var effectKey: String
    package var attempt: Int
    package var timeoutSeconds: Int

    /// What it takes a slot for, as the store has it (`jobs.lane`).
    package var lane: String { kind == .model ? "model" : String(tool.prefix { $0 != "." }) }

    package init(
        id: JobID, tenant: TenantID, persona: PersonaID, run: RunID, kind: Kind, tool: String, input: JSONValue,
        effectKey: String, attempt: Int, timeoutSeconds: Int
    ) {
        self.id = id
        self.tenant = tenant
        self.persona = persona
        self.run = run
        self.kind = kind
        self.tool = tool
        self.input = input
        self.effectKey = effectKey
        self.attempt = attempt
        self.timeoutSeconds = timeoutSeconds
    }
}

/// Why a write for a job was refused: another has it, or it has ended already.
package struct JobTaken: Error, Sendable {
    package init() {}
}

/// Where a worker's jobs come from and their outcomes go. Every write is fenced: it throws `JobTaken` when the job was
/// taken away, and then nothing more may be written for it. After any other error the same outcome may be written again.
package protocol JobSource: Sendable {
    /// What `room` has room for of what is due, begun; tenants in turn.
    func claim(_ room: ClaimRoom) async throws -> [WorkerJob]
    /// Commits the phase before it returns.
    func mark(_ job: WorkerJob, _ phase: EffectPhase) async throws
    /// Commits the output together with what was published.
    func complete(_ job: WorkerJob, output: JSONValue, artifacts: [StoredArtifact]) async throws
    func fail(_ job: WorkerJob, _ failure: ToolFailure) async throws
    /// Gives back what has not begun to transmit, without charging the attempt.
    func handBack(_ job: WorkerJob) async throws
    /// Prolongs what runs here, and nothing else: a job whose claim or outcome was lost on the way is taken up as a dead
    /// worker's are. The ids that are still held.
    func heartbeat() async throws -> Set<JobID>
    func progress(_ job: WorkerJob, message: String, fraction: Double?) async
    /// Returns when `room` may have something new: on a doorbell, at `rouse`, when the next is due, or at the latest at
    /// the sweep.
    func news(_ room: ClaimRoom) async
    /// Makes `news` return, or the next if none waits: there is more room.
    func rouse()
}

/// A published file that is kept.
package struct StoredArtifact: Sendable, Hashable {
    package var file: WorkspaceFile
    package var sha256: [UInt8]
    /// As counted while it was copied.
    package var size: Int

    package init(file: WorkspaceFile, sha256: [UInt8], size: Int) {
        self.file = file
        self.sha256 = sha256
        self.size = size
    }
}

/// Keeps published files. Their claimed names, types and sizes come from inside the sandbox.
package protocol ArtifactStore: Sendable {
    func keep(_ file: WorkspaceFile, of root: WorkspaceRoot, tenant: TenantID) async throws(ToolFailure)
        -> StoredArtifact
}

/// Runs `model` jobs.
package protocol ModelRunner: Sendable {
    func run(_ job: WorkerJob, progress: @escaping @Sendable (String) -> Void) async throws(ToolFailure) -> JSONValue
}

/// What a tool names by id, as the tool is to get it.
package struct ResolvedResource: Sendable {
    /// Takes the place of the id in the input.
    package var value: JSONValue
    /// By name without the resource: `password`.
    package var secrets: [String: Secret]

    package init(value: JSONValue, secrets: [String: Secret]) {
        self.value = value
        self.secrets = secrets
    }
}

package protocol ResourceResolver: Sendable {
    /// The persona's own resource with this id; throws `ToolFailure` where there is none.
    func resolve(
        _ resource: ToolResource, id: String, tenant: TenantID, persona: PersonaID
    ) async throws(ToolFailure) -> ResolvedResource
    /// Secrets that a tool declares and that belong to no resource.
    func secrets(_ names: [String], tenant: TenantID, persona: PersonaID) async throws(ToolFailure) -> [String: Secret]
    /// Where the persona may go.
    func egress(tenant: TenantID, persona: PersonaID) async throws(ToolFailure) -> EgressPolicy
}

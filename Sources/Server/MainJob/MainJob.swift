import Domain
import Embedded
import FoundationEssentials
import Logging
import MIME
import ServiceLifecycle
import Store
import Synchronization

/// The main job on real input: a mail to the demo's persona, and the answer with its files.
final class MainJob: Service {
    /// The answer must have arrived by then.
    static let patience = Duration.seconds(120)
    /// Between two looks at the run and at the inbox.
    static let look = Duration.milliseconds(50)

    final class Outcome: Sendable {
        private let state = Mutex<(any Error)?>(nil)
        var failure: (any Error)? { state.withLock { $0 } }
        func failed(_ error: any Error) { state.withLock { $0 = error } }
    }

    let outcome = Outcome()
    /// Serves beside the platform.
    let site: DemoSite
    private let configuration: Configuration
    private let storage: Storage
    private let stopsAfter: Bool
    private let mail = Mutex<MailServer?>(nil)

    init(configuration: Configuration, storage: Storage, stopsAfter: Bool) throws {
        self.configuration = configuration
        self.storage = storage
        self.stopsAfter = stopsAfter
        site = try DemoSite(directory: "Demo/pages", logger: configuration.logger("demo-site"))
    }

    /// Returns after the job where it is to stop then; else at the end of the platform.
    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                let mail = try await MailServer.start(in: DataDirectory(self.configuration.dataDirectory))
                self.mail.withLock { $0 = mail }
                try await self.perform(mail)
            }
        } catch is CancellationError {
            return
        } catch {
            outcome.failed(error)
            print("The main job failed: \(error)")
        }
        if !stopsAfter { try? await gracefulShutdown() }  // cancelled: it ends as well
    }

    /// Stops the mail server: after the platform, which reads from it to the last.
    func stop() async throws {
        let mail = mail.withLock { mail in
            defer { mail = nil }
            return mail
        }
        try await mail?.stop()
    }

    private func perform(_ mail: MailServer) async throws {
        let port = try await site.address()
        let mailPassword = try DemoSecrets.text(named: "demo-mail-password", in: configuration.dataDirectory)
        try mail.addUser(DemoTenant.personaAddress, password: mailPassword)
        try mail.addUser(DemoTenant.correspondentAddress, password: mailPassword)
        try await mail.usersAreKnown()
        let demo = try await DemoTenant.seed(
            configuration, storage, mail: mail, mailPassword: mailPassword, sitePort: port)
        let correspondent = DemoCorrespondent(
            address: DemoTenant.correspondentAddress, name: "Mira Sommer", password: mailPassword, host: mail.host,
            ports: mail.ports, certificateAuthority: mail.certificateAuthority)
        print("Tenant 'demo': \(DemoTenant.owner), password \(demo.ownerPassword)")

        let messageID = "\(UUID().uuidString.lowercased())@demo.test"
        let request = try DemoRequest.message(from: correspondent, messageID: messageID, sitePort: port)
        let sent = ContinuousClock.now
        try await correspondent.send(request, to: DemoTenant.personaAddress)
        print("Sent: \(request.subject)\n      from \(correspondent.address) to \(DemoTenant.personaAddress)")
        let run = try await finishedRun(demo, messageID)
        let answer = try await answer(to: messageID, correspondent)
        let report = MainJobReport(demo: demo, run: run, steps: try await steps(demo, run.id), answer: answer)
        try report.write(to: "\(try DataPath.absolute(configuration.dataDirectory))/main-job", request: request)
        report.show(total: .now - sent, in: "\(configuration.dataDirectory)/main-job")
        guard run.status == .succeeded else { throw MainJobFailure("The run ended as \(run.status.rawValue).") }
    }

    private func steps(_ demo: DemoTenant, _ run: RunID) async throws -> [RunStep] {
        try await Runs(storage.database).steps(demo.tenant, run, limit: 200)
    }

    /// Waits until the run that the mail began has ended or waits for a person.
    private func finishedRun(_ demo: DemoTenant, _ messageID: String) async throws -> Run {
        let runs = Runs(storage.database), mails = Mails(storage.database)
        let deadline = ContinuousClock.now + Self.patience
        var id: RunID?
        while ContinuousClock.now < deadline {
            if id == nil {
                id = try await mails.run(demo.tenant, mailbox: demo.mailbox, messageID: messageID)
                if let id { print("Run:  \(id)") }
            }
            if let id, let run = try await runs.find(demo.tenant, id), run.status.isSettled { return run }
            try await Task.sleep(for: Self.look)
        }
        throw MainJobFailure(
            id.map { "The run \($0) did not end within \(Self.patience)." }
                ?? "The mail started no run within \(Self.patience); see the mailbox's last_error.")
    }

    private func answer(to messageID: String, _ correspondent: DemoCorrespondent) async throws -> [UInt8] {
        let deadline = ContinuousClock.now + .seconds(15)
        while ContinuousClock.now < deadline {
            let answers = try await correspondent.answers(to: messageID)
            if answers.count > 1 { throw MainJobFailure("\(answers.count) answers arrived instead of one.") }
            if let answer = answers.first { return answer }
            try await Task.sleep(for: Self.look)
        }
        throw MainJobFailure("The run ended, but no answer arrived.")
    }
}

extension RunStatus {
    /// Nothing more happens by itself.
    fileprivate var isSettled: Bool {
        switch self {
        case .succeeded, .failed, .cancelled, .waiting: true
        case .queued, .running: false
        }
    }
}

import FoundationEssentials
import Glibc

/// The steps from a directory to a mail server that answers.
struct MailServerLaunch {
    let directory: DataDirectory
    let configuration: MailServerConfiguration
    let certificate: MailCertificate
    private let diesWithParent: Bool
    private let capability: String?

    /// Both servers together take 0.25 s; a machine under load gets time.
    private static let startSeconds = 20.0
    /// Above the 50 MB attachment that the platform takes, in Base64.
    private static let messageLimitMegabytes = 100
    /// A chosen port can be taken by another process before exim binds it.
    private static let attempts = 3

    /// What a later start needs in order to adopt: the processes, their ports and the texts they run with.
    private struct Record: Codable {
        var ports: MailServer.Ports
        var dovecot: ProcessIdentity
        var exim: ProcessIdentity
        var fingerprint: String
    }

    static func run(
        _ directory: DataDirectory, ports: MailServer.Ports, diesWithParent: Bool, lock: DirectoryLock,
        _ onUnexpectedEnd: @escaping @Sendable (ChildProcess.UnexpectedEnd) -> Void
    ) throws -> MailServer {
        let state = "\(directory.root)/mail"
        try directory.makeServiceDirectory(state)
        let version = try dovecotVersion(directory)
        let former = read(Record.self, "\(state)/processes.json")
        let preferred = former?.ports ?? read(MailServer.Ports.self, "\(state)/ports.json")
        if let former {
            let launch = try MailServerLaunch(directory, wanted(ports, former.ports), version, diesWithParent)
            if let processes = try launch.adopted(former, onUnexpectedEnd) {
                return try launch.server(processes, lock)
            }
            try stopRemains(former, directory)
        }
        try stopUnrecorded(directory)
        var attempt = 1
        while true {
            let chosen = choose(ports, preferred)
            let launch = try MailServerLaunch(directory, chosen, version, diesWithParent)
            do {
                return try launch.server(try launch.started(onUnexpectedEnd), lock)
            } catch let error as EmbeddedError where error.code == .notReady && attempt < attempts {
                guard chosen.all.contains(where: { !LocalSocket.isFree($0) }) else { throw error }
                attempt += 1
            }
        }
    }

    private init(
        _ directory: DataDirectory, _ ports: MailServer.Ports, _ version: (Int, Int), _ diesWithParent: Bool
    ) throws {
        self.directory = directory
        self.diesWithParent = diesWithParent
        let state = "\(directory.root)/mail"
        configuration = MailServerConfiguration(
            state: state, sockets: directory.sockets, user: directory.user, ports: ports, dovecotMajor: version,
            messageLimitMegabytes: Self.messageLimitMegabytes)
        certificate = MailCertificate(directory: "\(state)/tls")
        capability = try directory.user.capabilityNeeded(for: "\(state)/x")
    }

    // MARK: - Ports

    /// The asked ports, with 0 filled by those of the last start.
    private static func wanted(_ asked: MailServer.Ports, _ former: MailServer.Ports) -> MailServer.Ports {
        MailServer.Ports(
            imap: asked.imap == 0 ? former.imap : asked.imap, imaps: asked.imaps == 0 ? former.imaps : asked.imaps,
            submission: asked.submission == 0 ? former.submission : asked.submission,
            submissions: asked.submissions == 0 ? former.submissions : asked.submissions)
    }

    private static func choose(_ asked: MailServer.Ports, _ preferred: MailServer.Ports?) -> MailServer.Ports {
        let free = LocalSocket.freePorts(4)
        func pick(_ asked: UInt16, _ preferred: UInt16?, _ index: Int) -> UInt16 {
            if asked != 0 { return asked }
            if let preferred, preferred != 0, LocalSocket.isFree(preferred) { return preferred }
            return index < free.count ? free[index] : 0
        }
        return MailServer.Ports(
            imap: pick(asked.imap, preferred?.imap, 0), imaps: pick(asked.imaps, preferred?.imaps, 1),
            submission: pick(asked.submission, preferred?.submission, 2),
            submissions: pick(asked.submissions, preferred?.submissions, 3))
    }

    // MARK: - Adoption

    private func adopted(
        _ former: Record, _ onUnexpectedEnd: @escaping @Sendable (ChildProcess.UnexpectedEnd) -> Void
    ) throws -> [ChildProcess]? {
        guard former.ports == configuration.ports, former.fingerprint == fingerprint, former.dovecot.isRunning,
            former.exim.isRunning, isReady
        else { return nil }
        return try [(former.exim, "exim"), (former.dovecot, "dovecot")].map { identity, name in
            try ChildProcess.adopt(identity, name: name, log: directory.log("mail"), onUnexpectedEnd: onUnexpectedEnd)
        }
    }

    private static func stopRemains(_ former: Record, _ directory: DataDirectory) throws {
        for (identity, name) in [(former.exim, "exim"), (former.dovecot, "dovecot")] {
            if identity.isRunning {
                let process = try ChildProcess.adopt(identity, name: name, log: directory.log("mail")) { _ in }
                try process.stop([(SIGTERM, 2)], wholeGroup: true)
            }
            // Dovecot's services outlive a killed master for a while, and hold its sockets.
            try ChildProcess.endOrphans(of: identity)
        }
    }

    /// A Dovecot whose record was lost, or whose number file outlived it: Dovecot believes such a file even of a zombie.
    private static func stopUnrecorded(_ directory: DataDirectory) throws {
        let file = "\(directory.sockets)/mail/dovecot/master.pid"
        guard let pid = FileText.read(file)?.split(separator: "\n").first.flatMap({ Int32($0) }) else { return }
        if let identity = ProcessIdentity.live(pid), identity.arguments.contains("\(directory.root)/mail/dovecot.conf")
        {
            let process = try ChildProcess.adopt(identity, name: "dovecot", log: directory.log("mail")) { _ in }
            try process.stop([(SIGTERM, 2)], wholeGroup: true)
        }
        unlink(file)
    }

    private var fingerprint: String { DataDirectory.hash(configuration.dovecotText + configuration.eximText) }

    // MARK: - Start

    private func started(
        _ onUnexpectedEnd: @escaping @Sendable (ChildProcess.UnexpectedEnd) -> Void
    ) throws -> [ChildProcess] {
        let state = configuration.state
        for path in ["\(state)/spool", "\(state)/dovecot", configuration.maildirs, "\(directory.sockets)/mail"] {
            try directory.makeServiceDirectory(path)
        }
        // Dovecot insists on this mode; the directory above is closed.
        try directory.makeServiceDirectory(configuration.dovecotBase, mode: 0o755)
        try certificate.make(directory)
        try MailServer.write(storedUsers(), configuration)
        try FileText.write(configuration.dovecotText, to: configuration.dovecotFile, owner: directory.user)
        try FileText.write(configuration.eximText, to: configuration.eximFile, owner: directory.user)
        try FileText.write(Self.encode(configuration.ports), to: "\(state)/ports.json", mode: 0o644)

        let dovecot = try ChildProcess.start(
            command("dovecot", Self.dovecot, ["-F", "-c", configuration.dovecotFile]), onUnexpectedEnd: onUnexpectedEnd)
        var exim: ChildProcess?
        do {
            let started = try ChildProcess.start(
                command("exim", Self.exim, ["-C", configuration.eximFile, "-bdf", "-q5s"]),
                onUnexpectedEnd: onUnexpectedEnd)
            exim = started
            try dovecot.waitUntilReady(seconds: Self.startSeconds) { isReady || started.end != nil }
            try started.waitUntilReady(seconds: Self.startSeconds) { isReady }
            let record = Record(
                ports: configuration.ports, dovecot: dovecot.identity, exim: started.identity, fingerprint: fingerprint)
            try FileText.write(Self.encode(record), to: "\(state)/processes.json", mode: 0o644)
            return [started, dovecot]
        } catch {
            for process in [exim, dovecot] {
                // The failed start is what the caller needs to hear.
                try? process?.stop([(SIGTERM, 2)], wholeGroup: true)
            }
            throw error
        }
    }

    private func server(_ processes: [ChildProcess], _ lock: DirectoryLock) throws -> MailServer {
        guard let authority = FileText.read(certificate.authority) else {
            throw EmbeddedError(.missing, "\(certificate.authority) cannot be read; remove \(certificate.directory)")
        }
        return MailServer(self, processes: processes, users: storedUsers(), authority: authority, lock: lock)
    }

    private var isReady: Bool {
        configuration.ports.all.allSatisfy { LocalSocket.loopback($0) != nil }
            && LocalSocket.unix(configuration.lmtpSocket) != nil
    }

    private func command(_ name: String, _ executable: String, _ arguments: [String]) -> ChildProcess.Command {
        ChildProcess.Command(
            name: name, executable: executable, arguments: arguments, log: directory.log("mail"), user: directory.user,
            capability: capability, signalWhenParentDies: diesWithParent ? SIGTERM : nil)
    }

    /// Users outlive the process in exim's table: `address: Base64`.
    private func storedUsers() -> [String: String] {
        var users: [String: String] = [:]
        for line in (FileText.read(configuration.passwords) ?? "").split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].hasSuffix(":"), let bytes = Data(base64Encoded: String(parts[1])) else {
                continue
            }
            users[String(parts[0].dropLast())] = String(decoding: bytes, as: UTF8.self)
        }
        return users
    }

    private static let dovecot = "/usr/sbin/dovecot"
    private static let exim = "/usr/sbin/exim4"

    private static func dovecotVersion(_ directory: DataDirectory) throws -> (Int, Int) {
        for (program, package) in [(dovecot, "dovecot-imapd and dovecot-lmtpd"), (exim, "exim4-daemon-light")] {
            guard access(program, X_OK) == 0 else {
                throw EmbeddedError(.missing, "there is no \(program) (Debian: \(package)); run Scripts/bootstrap test")
            }
        }
        // 2.4 changed the language of the configuration, and its package brings a file that 2.3 does not have.
        let isLater = (FileText.read("/etc/dovecot/dovecot.conf") ?? "").contains("dovecot_config_version")
        return isLater ? (2, 4) : (2, 3)
    }

    private static func read<Value: Decodable>(_ type: Value.Type, _ path: String) -> Value? {
        // A record that cannot be read is as good as none: the servers are started anew.
        FileText.read(path).flatMap { try? JSONDecoder().decode(type, from: Data($0.utf8)) }
    }

    private static func encode(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }
}

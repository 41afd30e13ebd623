import FoundationEssentials
import Glibc

/// A certificate authority of this data directory alone, and a certificate for `localhost` and 127.0.0.1 signed by it.
struct MailCertificate {
    let directory: String

    var authority: String { "\(directory)/authority.pem" }

    /// Ten years: it is trusted by nobody but this installation, and a demo must not fail on a birthday.
    private static let days = 3_650
    private static let seconds = 20.0

    /// Makes what is missing. The server's certificate is renamed into place last, so its presence means all are there.
    func make(_ data: DataDirectory) throws {
        guard access("\(directory)/server.pem", F_OK) != 0 else { return }
        try data.makeServiceDirectory(directory)
        let configuration = "\(directory)/openssl.cnf"
        try FileText.write(Self.configuration, to: configuration, owner: data.user)
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256"]
        try openssl(
            ["req", "-x509", "-config", configuration, "-extensions", "authority"] + key + [
                "-keyout", "\(directory)/authority.key", "-out", authority, "-days", "\(Self.days)",
                "-subj", "/CN=Persona local mail authority",
            ], data)
        try openssl(
            ["req", "-x509", "-config", configuration, "-extensions", "server"] + key + [
                "-CA", authority, "-CAkey", "\(directory)/authority.key", "-keyout", "\(directory)/server.key",
                "-out", "\(directory)/server.new", "-days", "\(Self.days)", "-subj", "/CN=localhost",
            ], data)
        guard rename("\(directory)/server.new", "\(directory)/server.pem") == 0 else {
            throw EmbeddedError(.system, "cannot rename the mail server's certificate: \(systemMessage())")
        }
    }

    private func openssl(_ arguments: [String], _ data: DataDirectory) throws {
        try ChildProcess.run(
            ChildProcess.Command(
                name: "openssl", executable: "openssl", arguments: arguments, environment: ["HOME": directory],
                log: data.log("mail"), user: data.user,
                capability: try data.user.capabilityNeeded(for: "\(directory)/x")), seconds: Self.seconds)
    }

    private static let configuration = """
        [req]
        distinguished_name = name
        prompt = no
        [name]
        CN = localhost
        [authority]
        basicConstraints = critical,CA:TRUE
        keyUsage = critical,keyCertSign,cRLSign
        subjectKeyIdentifier = hash
        [server]
        basicConstraints = critical,CA:FALSE
        keyUsage = critical,digitalSignature
        extendedKeyUsage = serverAuth
        subjectKeyIdentifier = hash
        authorityKeyIdentifier = keyid
        subjectAltName = DNS:localhost,IP:127.0.0.1

        """
}

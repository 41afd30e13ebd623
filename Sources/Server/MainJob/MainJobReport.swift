import Domain
import FoundationEssentials
import MIME
import Store

/// What the main job leaves behind: the answer as received, its files, and the timeline on the terminal.
struct MainJobReport {
    let demo: DemoTenant
    let run: Run
    let steps: [RunStep]
    let answer: [UInt8]

    /// Replaces `directory` by the request, the answer and the answer's files.
    func write(to directory: String, request: OutgoingMessage) throws {
        let files = FileManager.default
        try? files.removeItem(atPath: directory)  // absent the first time
        try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data(try request.serialised()).write(to: URL(filePath: "\(directory)/request.eml"))
        try Data(answer).write(to: URL(filePath: "\(directory)/answer.eml"))
        let message = Message(parsing: answer)
        try message.text.write(toFile: "\(directory)/answer.txt", atomically: false, encoding: .utf8)
        for attachment in message.attachments {
            guard let name = attachment.fileName.flatMap(AttachmentName.display) else { continue }
            try Data(attachment.data).write(to: URL(filePath: "\(directory)/\(name)"))
        }
    }

    func show(total: Duration, in directory: String) {
        print("\n  step                   kind       status      duration")
        for step in steps {
            let duration = step.finishedAt.map { Self.text($0.timeIntervalSince(step.startedAt)) } ?? "-"
            print(
                "  \(step.node.padding(to: 22)) \(step.kind.padding(to: 10)) \(step.status.rawValue.padding(to: 11)) \(duration)"
            )
        }
        let message = Message(parsing: answer)
        print("\nWritten by: \(run.output?["written_by"]?.string ?? "-")")
        print("Answer:     \(message.subject) (from \(message.from.first?.address ?? "?"))")
        for attachment in message.attachments {
            print("File:       \(directory)/\(attachment.fileName ?? "?"), \(attachment.data.count) bytes")
        }
        let (seconds, attoseconds) = total.components
        print(
            "Run \(run.id) \(run.status.rawValue); \(Self.text(Double(seconds) + Double(attoseconds) / 1e18)) from the mail's sending to the answer in the inbox"
        )
    }

    private static func text(_ seconds: TimeInterval) -> String {
        seconds < 1 ? "\(Int((seconds * 1_000).rounded())) ms" : "\((seconds * 100).rounded() / 100) s"
    }
}

import FoundationEssentials
import MIME

/// The demo's request: text, two addresses of pages, a table.
enum DemoRequest {
    static func message(
        from correspondent: DemoCorrespondent, messageID: String, sitePort: Int
    ) throws -> OutgoingMessage {
        let template = try String(contentsOfFile: "Demo/request.txt", encoding: .utf8)
        let parts = template.split(separator: "\n\n", maxSplits: 1)
        guard parts.count == 2, parts[0].hasPrefix("Subject: ") else {
            throw MainJobFailure("Demo/request.txt must begin with a Subject and an empty line.")
        }
        let site = "http://127.0.0.1:\(sitePort)"
        let text = String(parts[1]).replacing("{{page_1}}", with: "\(site)/cargo-bikes-in-figures.html")
            .replacing("{{page_2}}", with: "\(site)/micro-hubs.html")
        var message = OutgoingMessage(
            from: Mailbox(name: correspondent.name, address: correspondent.address),
            to: [Mailbox(name: "Ada", address: DemoTenant.personaAddress)],
            subject: String(parts[0].dropFirst("Subject: ".count)),
            date: MailDate(seconds: Int64(Date().timeIntervalSince1970)), messageID: messageID, text: text)
        message.attachments = [
            OutgoingMessage.Attachment(
                name: "deliveries.csv", mediaType: "text/csv",
                data: Array(try Data(contentsOf: URL(filePath: "Demo/deliveries.csv"))))
        ]
        return message
    }
}

import ICalendar
package import ToolKit
import Workspaces

/// Answers an invitation.
package struct CalendarReply: Tool {
    package struct Input: Codable, Sendable {
        /// The invitation.
        package var path: String?
        package var text: String?
        /// Who answers: one of the attendees.
        package var attendee: String
        /// `accepted`, `declined` or `tentative`.
        package var answer: String
        package var comment: String?
        /// `reply.ics`
        package var to: String
        package var publish: Bool?
    }

    package struct Output: Codable, Sendable {
        package var file: WorkspaceFile
        package var organizer: String?
        package var summary: String
    }

    package static let descriptor = ToolDescriptor(
        name: "calendar.reply",
        summary: """
            Answers an invitation (an .ics file with method request) for one of its attendees: accepted, declined or \
            tentative. Writes the reply at 'to', to be sent to the organizer by mail.
            """,
        effect: .read, timeoutSeconds: 60)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let answer = input.answer.uppercased()
        guard ["ACCEPTED", "DECLINED", "TENTATIVE"].contains(answer) else {
            throw ToolFailure(.invalidInput, code: "input_invalid", "'answer' must be accepted, declined or tentative.")
        }
        let file = try CalendarSource.read(input.text, input.path, in: context)
        guard file.method == "REQUEST", let first = file.events.first else {
            throw ToolFailure(
                .invalidInput, code: "no_invitation", "The calendar is no invitation: its method is not request.")
        }
        var replies: [CalendarEvent] = []
        for event in file.events {
            guard let own = event.attendees.first(where: { $0.address.lowercased() == input.attendee.lowercased() })
            else {
                throw ToolFailure(
                    .invalidInput, code: "not_invited",
                    "'\(input.attendee.prefix(60))' is not invited; invited are \(event.attendees.prefix(20).map(\.address).joined(separator: ", "))."
                )
            }
            // Only what identifies the event, and the one who answers (RFC 5546, section 3.2.3).
            var reply = CalendarEvent(uid: event.uid, summary: event.summary, start: event.start, end: event.end)
            reply.recurrence = event.recurrence
            reply.sequence = event.sequence
            reply.organizer = event.organizer
            reply.description = input.comment
            reply.attendees = [
                CalendarEvent.Person(address: own.address, name: own.name, status: answer, role: own.role)
            ]
            replies.append(reply)
        }
        let written = try CalendarOutput.write(replies, method: "REPLY", to: input.to, in: context)
        if input.publish == true { context.publish(written) }
        return Output(file: written, organizer: first.organizer?.address, summary: first.summary)
    }
}

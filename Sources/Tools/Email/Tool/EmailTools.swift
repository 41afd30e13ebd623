import Glibc
import MIME
package import ToolKit

/// The mail tools, for the registry.
package enum EmailTools {
    package static var all: [any Tool] { [EmailPoll(), EmailRead(), EmailReply(), EmailFindSent()] }
}

extension MailDate {
    /// By the wall clock, in UTC.
    static var now: MailDate { MailDate(seconds: Int64(time(nil))) }
}

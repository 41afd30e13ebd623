package import ToolKit

package enum ShellTools {
    package static let all: [any Tool] = [ShellRun()]
}

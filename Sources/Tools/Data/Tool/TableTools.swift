package import ToolKit

package enum TableTools {
    package static let all: [any Tool] = [TableQuery()]
}

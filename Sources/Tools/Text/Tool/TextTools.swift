package import ToolKit

package enum TextTools {
    package static let all: [any Tool] = [TextSearch(), TextDiff(), TextTemplate(), TextExtract()]
}

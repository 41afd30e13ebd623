package import ToolKit

package enum FileTools {
    package static let all: [any Tool] = [
        FilesList(), FilesRead(), FilesWrite(), FilesAppend(), FilesMove(), FilesCopy(), FilesDelete(), FilesRestore(),
        FilesTrash(), FilesSearch(), FilesZip(), FilesUnzip(),
    ]
}

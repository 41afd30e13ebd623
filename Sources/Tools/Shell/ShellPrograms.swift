/// The programs that a persona may run, by name. A name is looked up in the system's own folders, so that a file of the
/// workspace cannot take a program's place.
package struct ShellPrograms: Sendable {
    /// Whether a program changes files by what it is: its repeat is a second change.
    package enum Kind: Sendable, Hashable { case reads, changes }

    package let kinds: [String: Kind]

    package init(_ kinds: [String: Kind]) { self.kinds = kinds }

    /// Folders that only the system writes to.
    static let folders = ["/usr/local/bin", "/usr/bin", "/bin"]

    /// Filters and inspectors of text and files, and what people script with. None of them speaks to a network by
    /// itself; inside a sandbox there is none but the proxy.
    package static let standard = ShellPrograms(
        Dictionary(
            uniqueKeysWithValues: [
                "awk", "base64", "basename", "cat", "cksum", "cmp", "column", "comm", "cut", "date", "df", "diff",
                "dirname", "du", "echo", "expand", "factor", "false", "file", "fold", "grep", "head", "iconv", "join",
                "jq", "ls", "md5sum", "nl", "numfmt", "od", "paste", "pdfinfo", "pdftotext", "printf", "pwd",
                "readlink",
                "realpath", "rev", "seq", "sha1sum", "sha256sum", "sha512sum", "sleep", "sort", "stat", "strings",
                "tac",
                "tail", "test", "tr", "true", "tsort", "uniq", "wc", "xxd", "yes", "zcat",
            ].map { ($0, Kind.reads) }
                + [
                    "cp", "csplit", "find", "gunzip", "gzip", "install", "ln", "mkdir", "mv", "patch", "perl",
                    "python3",
                    "rm", "rmdir", "sed", "split", "tar", "tee", "touch", "truncate", "unzip", "xargs", "xz", "zip",
                ].map { ($0, Kind.changes) }))
}

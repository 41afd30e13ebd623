package import ArgumentParser
import Reading

/// The platform's own program as the process in which a foreign document is read: standard input to standard output.
package struct DocumentReaderCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "document-reader", abstract: "Read a document on standard input.", shouldDisplay: false)

    @Argument(parsing: .captureForPassthrough) package var words: [String]

    package init() {}

    package func run() throws { ReaderProcess.serve(words) }
}

package import DocumentModel

/// Why a report could not be printed.
package struct PDFError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// The report breaks the model's rules; `faults` lists how.
        case reportInvalid = "report_invalid"
        /// A picture is absent, damaged, too large, or neither PNG nor JPEG.
        case imageUnreadable = "image_unreadable"
        /// More pages than the options allow.
        case tooManyPages = "too_many_pages"
        /// The file outgrew `PDFOptions.maximumBytes`.
        case fileTooLarge = "file_too_large"
        /// `PDFOptions.deadline` passed.
        case outOfTime = "out_of_time"
        /// Cairo or Pango refused.
        case drawingFailed = "drawing_failed"
    }

    package var code: Code
    /// What happened and what to change.
    package var message: String
    package var faults: [DocumentFault]

    package init(_ code: Code, _ message: String, faults: [DocumentFault] = []) {
        self.code = code
        self.message = message
        self.faults = faults
    }

    package var description: String { "\(code.rawValue): \(message)" }
}

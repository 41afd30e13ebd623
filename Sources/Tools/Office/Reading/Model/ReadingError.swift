/// Why a document could not be read, in words that whoever sent it can act on.
package struct ReadingError: Error, Codable, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Codable, Sendable, Hashable, CaseIterable {
        /// A password is needed.
        case encrypted = "document_encrypted"
        /// Not what its first bytes promise.
        case damaged = "document_damaged"
        /// A format that is not read.
        case unsupported = "document_unsupported"
        /// Unpacked it is larger than what is read: a bomb, or no document.
        case tooLarge = "document_too_large"
        /// XML with a document type declaration, which no office format has.
        case typeDeclaration = "document_type_declaration"
        case empty = "document_empty"
        case programMissing = "program_missing"
        case outOfTime = "document_out_of_time"
        /// The reading process was ended: by a limit on its memory or time, or by a fault of its own.
        case readerEnded = "document_reader_ended"
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(code.rawValue): \(message)" }
}

/// How much is read of a document.
package struct ReadingLimits: Codable, Sendable, Hashable {
    /// Characters of all text.
    package var characters: Int
    /// Elements and table cells, each: they cost a hundred bytes even where they are empty.
    package var elements: Int
    /// Pages, slides or sheets.
    package var sections: Int

    package init(characters: Int = 400_000, elements: Int = 200_000, sections: Int = 1_000) {
        self.characters = characters
        self.elements = elements
        self.sections = sections
    }
}

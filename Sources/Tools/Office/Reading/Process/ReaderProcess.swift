import FoundationEssentials
import Glibc
package import Programs

/// Reading in a process with limits: a parser that is led astray takes down one process and at most its memory.
package enum ReaderProcess {
    /// What the child answers on its standard output.
    private struct Answer: Codable {
        var document: ReadDocument?
        var error: ReadingError?
    }

    /// Of the answer: text and structure of the most that is read.
    private static let maximumAnswer = 64 * 1024 * 1024

    /// The child's side: reads standard input and answers. `arguments` are those of `words(for:limits:)`.
    package static func serve(_ arguments: [String]) {
        var answer = Answer()
        do throws(ReadingError) {
            guard arguments.count == 4, arguments[0].first == "n", let characters = Int(arguments[1]),
                let elements = Int(arguments[2]),
                let sections = Int(arguments[3])
            else { throw ReadingError(.damaged, "The reader was called with other arguments than it knows.") }
            let limits = ReadingLimits(characters: characters, elements: elements, sections: sections)
            answer.document = try DocumentReading.read(
                0, name: String(arguments[0].dropFirst()), limits: limits, deadline: .now + .seconds(18))
        } catch {
            answer.error = error
        }
        let bytes: [UInt8]
        do {
            bytes = Array(try JSONEncoder().encode(answer))
        } catch {
            bytes = Array(#"{"error":{"code":"document_damaged","message":"The answer cannot be written."}}"#.utf8)
        }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            written += count
        }
    }

    /// The child's arguments, after those that make the program a reader.
    package static func words(name: String, limits: ReadingLimits) -> [String] {
        // A name is looked at for its ending only; the letter before it keeps it from looking like an option.
        let plain = String(name.unicodeScalars.suffix(100).filter { $0.value >= 0x20 }.map(Character.init))
        return ["n\(plain)", "\(limits.characters)", "\(limits.elements)", "\(limits.sections)"]
    }

    package static func limits(until deadline: ContinuousClock.Instant) -> ProgramLimits {
        .parsing(until: deadline, outputBytes: maximumAnswer)
    }

    /// What the child's end means.
    package static func document(from outcome: ProgramOutcome) throws(ReadingError) -> ReadDocument {
        let answer: Answer
        switch outcome.end {
        case .outOfTime, .signal(24):  // SIGXCPU
            throw ReadingError(.outOfTime, "The file was not read within its time; it is too large or made to be slow.")
        case .outOfOutput: throw ReadingError(.tooLarge, "The file holds more than an answer takes.")
        default: break
        }
        do {
            answer = try JSONDecoder().decode(Answer.self, from: Data(outcome.output))
        } catch {
            throw ReadingError(
                .readerEnded,
                "The file ended its reader (\(outcome.end)): it needs more memory than is given, or is made to break readers."
            )
        }
        if let error = answer.error { throw error }
        guard let document = answer.document else {
            throw ReadingError(.readerEnded, "The reader gave no answer.")
        }
        return document
    }
}

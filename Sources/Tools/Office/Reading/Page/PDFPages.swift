import Glibc
import Programs

/// Reads PDF through Poppler's programs, each a process with limits of its own.
enum PDFPages {
    static func read(
        _ file: Int32, _ limits: ReadingLimits, _ deadline: ContinuousClock.Instant, into builder: inout DocumentBuilder
    )
        throws(ReadingError)
    {
        let information = try run(["pdfinfo", "-enc", "UTF-8", "-"], file, deadline)
        for line in String(decoding: information, as: UTF8.self).split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = String(line[line.index(after: colon)...]).trimmed
            guard !value.isEmpty else { continue }
            switch line[..<colon] {
            case "Title": builder.metadata.title = value
            case "Author": builder.metadata.author = value
            case "Subject": builder.metadata.subject = value
            case "Keywords": builder.metadata.keywords = value
            case "Creator": builder.metadata.application = value
            case "Pages": builder.metadata.pages = Int(value)
            case "Encrypted" where value != "no":
                builder.warn("The document's author restricts its use (\(value)).")
            default: break
            }
        }
        let pages = builder.metadata.pages ?? 0
        let last = min(max(1, pages), limits.sections)
        let layout = try run(["pdftotext", "-bbox-layout", "-enc", "UTF-8", "-l", "\(last)", "-", "-"], file, deadline)
        var boxes = PageBoxes(layout)
        boxes.read(into: &builder)
        if pages > last { builder.stop() }
        if builder.isEmpty, pages > 0 {
            builder.warn("The pages hold no text: they are pictures. Render them and read the pictures.")
        }
    }

    private static func run(_ words: [String], _ file: Int32, _ deadline: ContinuousClock.Instant)
        throws(ReadingError) -> [UInt8]
    {
        let outcome = try ForeignProgram.run(words, file, .parsing(until: deadline, outputBytes: 96 * 1024 * 1024))
        guard outcome.succeeded else {
            if outcome.complaint.contains("Incorrect password") {
                throw ReadingError(.encrypted, "The PDF needs a password; a copy without one can be read.")
            }
            throw ReadingError(.damaged, "The PDF cannot be read: \(ForeignProgram.reason(outcome)).")
        }
        return outcome.output
    }
}

/// Programs of others, and what their ends mean.
enum ForeignProgram {
    static func run(_ words: [String], _ file: Int32, _ limits: ProgramLimits) throws(ReadingError) -> ProgramOutcome {
        let outcome: ProgramOutcome
        // Its offset is shared with whoever read before.
        lseek(file, 0, SEEK_SET)
        do throws(ProgramMissing) {
            outcome = try LimitedProgram.run(words, input: file, limits: limits)
        } catch {
            throw ReadingError(.programMissing, "\(error)")
        }
        switch outcome.end {
        case .outOfTime, .cancelled, .signal(24):  // SIGXCPU
            throw ReadingError(.outOfTime, "'\(words[0])' did not finish reading the file in time.")
        case .outOfOutput: throw ReadingError(.tooLarge, "The file unpacks to more text than is read.")
        case .status, .signal: return outcome
        }
    }

    static func reason(_ outcome: ProgramOutcome) -> String {
        let line = outcome.complaint.split(separator: "\n").first.map { String($0.prefix(200)) }
        return line ?? "its reader ended (\(outcome.end))"
    }
}

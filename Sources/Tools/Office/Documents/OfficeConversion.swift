import FoundationEssentials
import Glibc
import Programs
import Reading
import ToolKit

/// Old Office files, which are read through LibreOffice.
enum LegacyFile {
    /// Of the directory that tells the kind, enough bytes; the whole file for small ones.
    private static let headBytes = 8 * 1024 * 1024

    /// `nil` for all others; throws where a password is needed.
    static func kind(_ file: Int32, size: Int) throws(ToolFailure) -> ReadDocument.Kind? {
        var head = [UInt8](repeating: 0, count: 8)
        guard pread(file, &head, 8, 0) == 8, LegacyKind.isCompound(head) else { return nil }
        var bytes = [UInt8](repeating: 0, count: min(size, headBytes))
        let count = pread(file, &bytes, bytes.count, 0)
        bytes.removeLast(bytes.count - max(0, count))
        do throws(ReadingError) {
            return try LegacyKind.of(bytes)
        } catch {
            throw error.failure
        }
    }
}

extension ReadDocument.Kind {
    /// What LibreOffice turns an old file into, so that it can be read.
    var successor: String {
        switch self {
        case .xls: "xlsx"
        case .ppt: "pptx"
        default: "docx"
        }
    }
}

/// Conversion by LibreOffice: a process, a profile and a folder for each job.
enum OfficeConversion {
    /// What is converted, by ending.
    static let sources: Set<String> = [
        "docx", "doc", "odt", "rtf", "txt", "html", "htm", "pptx", "ppt", "odp", "xlsx", "xls", "ods", "csv",
    ]
    /// What it can become, by family of the source.
    private static let writer: Set<String> = ["pdf", "docx", "odt", "rtf", "txt", "html"]
    private static let impress: Set<String> = ["pdf", "pptx", "odp"]
    private static let calc: Set<String> = ["pdf", "xlsx", "ods", "csv", "html"]
    /// LibreOffice's own wish; with 256 MB it converts honest documents, large ones need more.
    private static let memoryBytes = 768 * 1024 * 1024
    /// Seconds; a job of two hundred slides takes about ten.
    private static let processorSeconds = 90

    static func targets(of ending: String) -> Set<String> {
        switch ending {
        case "docx", "doc", "odt", "rtf", "txt", "html", "htm": writer
        case "pptx", "ppt", "odp": impress
        case "xlsx", "xls", "ods", "csv": calc
        default: []
        }
    }

    /// Answers the path of the converted file, which lies in `folder`.
    static func convert(
        _ file: Int32, of size: Int, named name: String, to target: String, in folder: String,
        until deadline: ContinuousClock.Instant
    ) async throws -> String {
        let source = "\(folder)/\(name)"
        try ScratchFolder.copy(file, size: size, to: source)
        let output = "\(folder)/converted"
        var words = [
            "soffice", "-env:UserInstallation=file://\(folder)/profile", "--headless", "--norestore", "--nologo",
            "--nodefault", "--nolockcheck", "--convert-to", filter(target, from: name), "--outdir", output, source,
        ]
        // Without this a page is opened for the web, from where no other text format is reached.
        if ["html", "htm"].contains(name.ending) { words.insert("--infilter=HTML (StarWriter)", at: 2) }
        let limits = ProgramLimits(
            memoryBytes: memoryBytes, processorSeconds: processorSeconds, fileBytes: 512 * 1024 * 1024,
            outputBytes: 1024 * 1024, deadline: min(deadline, .now + .seconds(processorSeconds)))
        let outcome = try await ProgramCall.run(words, home: folder, limits: limits)
        switch outcome.end {
        case .outOfTime, .signal(24):  // SIGXCPU
            throw ToolFailure(.invalidInput, code: "conversion_out_of_time", "The file was not converted in time.")
        default: break
        }
        let stem = name.split(separator: ".").dropLast().joined(separator: ".")
        let path = "\(output)/\(stem).\(target)"
        // LibreOffice ends with 0 where it could not open the file: only the result tells.
        guard access(path, R_OK) == 0 else { throw failure(reason(outcome)) }
        return path
    }

    static func failure(_ reason: String) -> ToolFailure {
        ToolFailure(.invalidInput, code: "conversion_failed", "The file could not be converted: \(reason)")
    }

    private static func reason(_ outcome: ProgramOutcome) -> String {
        let said = outcome.complaint.split(separator: "\n").map(String.init)
            .filter { $0.contains("Error") || $0.contains("rror:") }.last
        return said.map { String($0.prefix(200)) } ?? "LibreOffice does not open it; it is damaged or needs a password."
    }

    /// PDF with tags and outline, CSV in UTF-8 with commas; elsewhere LibreOffice's own choice.
    private static func filter(_ target: String, from name: String) -> String {
        switch target {
        case "pdf":
            let family =
                switch name.ending {
                case "pptx", "ppt", "odp": "impress"
                case "xlsx", "xls", "ods", "csv": "calc"
                default: "writer"
                }
            let wishes = ["UseTaggedPDF", "ExportBookmarks"].map {
                "\"\($0)\":{\"type\":\"boolean\",\"value\":\"true\"}"
            }
            return "pdf:\(family)_pdf_Export:{\(wishes.joined(separator: ","))}"
        case "csv": return "csv:Text - txt - csv (StarCalc):44,34,76,1"
        case "txt": return "txt:Text (encoded):UTF8"
        default: return target
        }
    }
}

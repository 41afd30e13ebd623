import FoundationEssentials
import Glibc
import Reading
import Synchronization
import TestKit
import Testing

/// Files that others wrote (`PERSONA_CORPORA`, or `../shared/corpora` beside the checkout), and a few of the
/// repository's own: whatever they are, reading them ends, by a document or by an error with a name.
private enum Corpus {
    static let root: String = {
        if let given = getenv("PERSONA_CORPORA") { return String(cString: given) }
        let repository = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(repository)/../shared/corpora"
    }()

    static func files(_ folder: String) -> [String] {
        let path = "\(root)/\(folder)"
        // An absent corpus has no files; its tests then count as skipped.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.sorted().map { "\(path)/\($0)" }
    }

    static let readable = ["office/docx", "office/pptx", "office/xlsx", "pdf", "mail/messages"].flatMap(files)
        .filter { !$0.hasSuffix(".json") }
}

/// Harmonic mean of precision and recall over words, each as often as it occurs.
private func agreement(_ first: String, _ second: String) -> Double {
    func words(_ text: String) -> [String: Int] {
        var counts: [String: Int] = [:]
        for word in text.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
            counts[String(word), default: 0] += 1
        }
        return counts
    }
    let (one, two) = (words(first), words(second))
    let total = one.values.reduce(0, +) + two.values.reduce(0, +)
    if total == 0 { return 1 }
    return 2 * Double(one.reduce(0) { $0 + min($1.value, two[$1.key] ?? 0) }) / Double(total)
}

@Suite(.timeLimit(.minutes(15)), .enabled(if: !Corpus.readable.isEmpty, "no corpus at \(Corpus.root)"))
struct CorpusTests {
    /// Every file ends in a document or a named error; a reader that was killed (memory, time, a trap) is a failure.
    @Test func everyForeignFileIsReadOrRefusedByName() async throws {
        var counts: [String: Int] = [:]
        for path in Corpus.readable {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            do {
                let document = try await Foreign.read(path: path, name: name)
                let outcome = document.text.isEmpty ? "empty" : "read"
                counts["\(document.kind.rawValue) \(outcome)", default: 0] += 1
            } catch let error as ReadingError {
                counts["\(path.split(separator: ".").last ?? "") \(error.code.rawValue)", default: 0] += 1
                if name.hasSuffix("x") { print("\(name): \(error)") }
                #expect(error.code != .readerEnded && error.code != .outOfTime, "\(name): \(error)")
            }
        }
        print(
            "foreign files: "
                + counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
    }

    /// The words of a PDF are those that pdftotext finds, whatever order and layout they are given.
    @Test func pdfAgreesWithOtherReaders() async throws {
        var scores: [Double] = []
        for path in Corpus.files("pdf") {
            // What is no PDF for one is none for the other; the test before holds the errors.
            guard let document = try? await Foreign.read(path: path, name: "x.pdf") else { continue }
            let outcome = try await TestProgram.run(["sh", "-c", "pdftotext \"$0\" - 2>/dev/null", path])
            let score = agreement(document.text, outcome.text)
            scores.append(score)
            if score < 0.95 { print("\(path.split(separator: "/").last ?? ""): \(score)") }
        }
        let mean = scores.reduce(0, +) / Double(max(1, scores.count))
        print("agreement with pdftotext: \(mean) over \(scores.count) files")
        #expect(mean > 0.97)
    }

    /// DOCX and PPTX hold the words that LibreOffice prints.
    @Test func officeFilesAgreeWithTheirPrint() async throws {
        var scores: [(Double, String)] = []
        let folder = FileManager.default.temporaryDirectory.path + "/agreement-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }  // a left-over harms nothing
        for path in Corpus.files("office/docx") + Corpus.files("office/pptx") {
            guard let document = try? await Foreign.read(path: path, name: "x") else { continue }  // as above
            let script = """
                mkdir -p "$1" && cp "$0" "$1/in" && rm -f "$1/in.pdf" && timeout 60 soffice \
                -env:UserInstallation=file://"$1"/profile --headless --convert-to pdf --outdir "$1" "$1/in" \
                >/dev/null 2>&1; pdftotext "$1/in.pdf" - 2>/dev/null
                """
            let outcome = try await TestProgram.run(["sh", "-c", script, path, folder])
            guard outcome.status == 0, outcome.text.count > 20 else { continue }
            scores.append((agreement(document.text, outcome.text), String(path.split(separator: "/").last ?? "")))
        }
        let mean = scores.reduce(0) { $0 + $1.0 } / Double(max(1, scores.count))
        print("agreement with LibreOffice's print: \(mean) over \(scores.count) files; lowest:")
        for (score, name) in scores.sorted(by: { $0 < $1 }).prefix(12) { print("  \(name) \(score)") }
        #expect(mean > 0.85)
    }
}

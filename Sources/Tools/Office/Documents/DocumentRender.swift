import FoundationEssentials
import Glibc
import Programs
package import ToolKit

/// Draws pages or slides as pictures, so that a persona can look at its own work.
package struct DocumentRender: Tool {
    package struct Input: Codable, Sendable {
        /// Relative to the run's directory: a PDF, or what `document.convert` makes into one.
        package var file: String
        /// From 1; the first page by default.
        package var firstPage: Int?
        /// The last page by default, but no more than `DocumentRender.maximumPages` in all.
        package var lastPage: Int?
        /// Dots an inch, 24 to 300; 96 by default.
        package var resolution: Int?

        package init(file: String, firstPage: Int? = nil, lastPage: Int? = nil, resolution: Int? = nil) {
            self.file = file
            self.firstPage = firstPage
            self.lastPage = lastPage
            self.resolution = resolution
        }

        enum CodingKeys: String, CodingKey {
            case file, resolution
            case firstPage = "first_page"
            case lastPage = "last_page"
        }
    }

    package struct Output: Codable, Sendable {
        /// One PNG a page, in order.
        package var pages: [WorkspaceFile]
        /// Of the whole document.
        package var pageCount: Int

        enum CodingKeys: String, CodingKey {
            case pages
            case pageCount = "page_count"
        }
    }

    package static let descriptor = ToolDescriptor(
        name: "document.render",
        summary: "Draws pages of a document, slides of a presentation or sheets of a workbook as PNG pictures, so that "
            + "their look can be judged.",
        effect: .read, timeoutSeconds: 120)

    /// Of one call; more pictures than this are not looked at.
    package static let maximumPages = 50

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let resolution = input.resolution ?? 96
        guard (24...300).contains(resolution) else {
            throw ToolFailure(.invalidInput, code: "out_of_range", "'resolution' must be 24 to 300 dots an inch.")
        }
        let files = WorkspaceFiles(directory: context.directory)
        let (file, size) = try files.descriptor(of: input.file, limit: DocumentRead.maximumBytes)
        defer { close(file) }
        return try await ScratchFolder.with { folder in
            let pages = PageImages(folder: folder, deadline: context.deadline)
            let path = try await pages.pdf(of: file, size: size, ending: input.file.ending)
            let count = try await pages.count(in: path)
            let first = max(1, input.firstPage ?? 1)
            let last = min(input.lastPage ?? count, count, first + Self.maximumPages - 1)
            guard first <= last else {
                throw ToolFailure(
                    .invalidInput, code: "out_of_range", "The document has \(count) pages; none is from \(first) on.")
            }
            let stem = (input.file.split(separator: "/").last.map(String.init) ?? "page").prefix(100)
            var written: [WorkspaceFile] = []
            for page in first...last {
                let bytes = try await pages.draw(page, of: path, resolution: resolution)
                let name = "\(stem)-\(page).png"
                try files.write(bytes, to: name)
                let result = WorkspaceFile(path: name, name: name, mediaType: "image/png", size: bytes.count)
                context.publish(result)
                written.append(result)
                context.progress(
                    "Page \(page) of \(last)", fraction: Double(page - first + 1) / Double(last - first + 1))
            }
            return Output(pages: written, pageCount: count)
        }
    }
}

/// Draws pages by Poppler, each in a process of its own.
struct PageImages {
    /// Pixels of the longer side: a poster at 300 dots would cost gigabytes.
    private static let maximumSide = 4_000
    private static let maximumPicture = 48 * 1024 * 1024

    let folder: String
    let deadline: ContinuousClock.Instant

    /// The path of the document as PDF.
    func pdf(of file: Int32, size: Int, ending: String) async throws -> String {
        var head = [UInt8](repeating: 0, count: 1_024)
        let count = pread(file, &head, head.count, 0)
        if head.prefix(max(0, count)).firstRange(of: Array("%PDF-".utf8)) != nil {
            let path = "\(folder)/document.pdf"
            try ScratchFolder.copy(file, size: size, to: path)
            return path
        }
        guard OfficeConversion.sources.contains(ending) else {
            throw ToolFailure(
                .invalidInput, code: "format_unsupported", "Files that end in '.\(ending)' are not drawn.")
        }
        return try await OfficeConversion.convert(
            file, of: size, named: "document.\(ending)", to: "pdf", in: folder, until: deadline)
    }

    func count(in path: String) async throws -> Int {
        let outcome = try await ProgramCall.run(["pdfinfo", path], home: folder, limits: .parsing(until: deadline))
        let line = String(decoding: outcome.output, as: UTF8.self).split(separator: "\n").first {
            $0.hasPrefix("Pages:")
        }
        guard outcome.succeeded, let count = line.flatMap({ Int($0.split(separator: " ").last ?? "") }) else {
            let isEncrypted = outcome.complaint.contains("Incorrect password")
            throw ToolFailure(
                .invalidInput, code: isEncrypted ? "document_encrypted" : "document_damaged",
                isEncrypted ? "The PDF needs a password." : "The PDF cannot be read.")
        }
        return count
    }

    /// PNG. With `side` the longer side has that many pixels, whatever the resolution.
    func draw(_ page: Int, of path: String, resolution: Int, side: Int? = nil) async throws -> [UInt8] {
        let result = "\(folder)/page-\(page)"
        var scale = side.map { ["-scale-to", "\($0)"] } ?? []
        if scale.isEmpty { scale = try await self.scale(page, of: path, resolution) }
        let words =
            ["pdftoppm", "-png", "-singlefile", "-f", "\(page)", "-l", "\(page)"] + scale + [path, result]
        let outcome = try await ProgramCall.run(words, home: folder, limits: .parsing(until: deadline))
        guard outcome.succeeded else {
            throw ToolFailure(
                .invalidInput, code: "page_not_drawn",
                "Page \(page) cannot be drawn: it is damaged, or needs more memory or time than a page may take.")
        }
        defer { unlink(result + ".png") }
        return try ScratchFolder.bytes(result + ".png", limit: Self.maximumPicture)
    }

    /// By resolution, except where a page is so large that its longer side has to be named.
    private func scale(_ page: Int, of path: String, _ resolution: Int) async throws -> [String] {
        let outcome = try await ProgramCall.run(
            ["pdfinfo", "-f", "\(page)", "-l", "\(page)", path], home: folder, limits: .parsing(until: deadline))
        let line = String(decoding: outcome.output, as: UTF8.self).split(separator: "\n").first {
            $0.hasPrefix("Page") && $0.contains("size:")
        }
        let sides = line?.split(separator: " ").compactMap { Double($0) } ?? []
        let longest = sides.suffix(2).max() ?? 842
        guard longest / 72 * Double(resolution) > Double(Self.maximumSide) else { return ["-r", "\(resolution)"] }
        return ["-scale-to", "\(Self.maximumSide)"]
    }
}

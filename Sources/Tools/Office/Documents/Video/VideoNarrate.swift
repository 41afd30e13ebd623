import FoundationEssentials
import Glibc
import Programs
import Reading
package import ToolKit

/// Makes a film of a deck: its slides, with their notes spoken and shown as subtitles.
package struct VideoNarrate: Tool {
    package struct Input: Codable, Sendable {
        /// The deck (PPTX, ODP or PPT), relative to the run's directory.
        package var file: String
        /// A plain name that ends in `.mp4`; subtitles are written beside it as `.srt` and `.vtt`.
        package var output: String
        /// A voice of espeak-ng, by language: `en`, `de`, `ar`; the deck's language or English by default.
        package var voice: String?
        /// Words a minute, 80 to 300.
        package var speed: Int?
        /// Lines of the picture: 720 or 1080.
        package var height: Int?

        package init(
            file: String, output: String, voice: String? = nil, speed: Int? = nil, height: Int? = nil
        ) {
            self.file = file
            self.output = output
            self.voice = voice
            self.speed = speed
            self.height = height
        }
    }

    package struct Output: Codable, Sendable {
        package var file: WorkspaceFile
        package var subtitles: [WorkspaceFile]
        package var slides: Int
        /// Of the film.
        package var seconds: Double
    }

    package static let descriptor = ToolDescriptor(
        name: "video.narrate",
        summary:
            "Makes an MP4 film of a presentation: each slide is shown while its speaker notes are spoken, with the "
            + "deck's transitions, subtitles, and a chapter a slide.",
        effect: .read, timeoutSeconds: 900)

    /// Slides of a film; an hour is about that many.
    package static let maximumSlides = 100
    private static let maximumFilm = 500 * 1024 * 1024

    private let reader: [String]

    /// `reader` as for `DocumentRead`.
    package init(reader: [String]) { self.reader = reader }

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let height = input.height ?? 720
        guard [720, 1080].contains(height), (80...300).contains(input.speed ?? 160) else {
            throw ToolFailure(
                .invalidInput, code: "out_of_range", "'height' must be 720 or 1080, 'speed' 80 to 300 words a minute.")
        }
        guard input.output.ending == "mp4", !input.output.contains("/"),
            ["pptx", "ppt", "odp"].contains(input.file.ending)
        else {
            throw ToolFailure(
                .invalidInput, code: "file_name", "A film is made of a PPTX, PPT or ODP, and its name ends in .mp4.")
        }
        context.progress("Reading the deck", fraction: 0)
        let document = try await DocumentRead(reader: reader).call(
            .init(file: input.file, maximumCharacters: DocumentRead.maximumCharacters), in: context)
        // Hidden slides are neither drawn nor spoken.
        let slides = document.sections.filter { $0.hidden != true }
        guard (1...Self.maximumSlides).contains(slides.count) else {
            throw ToolFailure(
                .invalidInput, code: "out_of_range",
                "The deck has \(slides.count) slides; a film is made of 1 to \(Self.maximumSlides).")
        }
        let voice = try Narration.voice(input.voice ?? document.metadata.language ?? "en")
        return try await ScratchFolder.with { folder in
            let narration = Narration(
                folder: folder, voice: voice, speed: input.speed ?? 160, deadline: context.deadline)
            var script = FilmScript(slides: [])
            var sound: [UInt8] = []
            for (index, slide) in slides.enumerated() {
                let spoken = try await narration.speak(slide.notes)
                script.slides.append(
                    FilmScript.Slide(
                        title: slide.title ?? "Slide \(index + 1)", transition: index == 0 ? nil : slide.transition,
                        sentences: spoken.sentences))
                sound += script.padded(spoken.sound, slide: index)
                context.progress(
                    "Spoke slide \(index + 1) of \(slides.count)",
                    fraction: 0.3 * Double(index + 1) / Double(slides.count))
            }
            let film = FilmEncoding(folder: folder, height: height, deadline: context.deadline)
            let path = try await film.make(script, sound: sound, deck: input.file, context)
            return try publish(path, script, input, context)
        }
    }

    private func publish(_ path: String, _ script: FilmScript, _ input: Input, _ context: ToolContext) throws -> Output
    {
        let files = WorkspaceFiles(directory: context.directory)
        let stem = String(input.output.dropLast(4))
        var written: [WorkspaceFile] = []
        for (name, bytes) in [
            (input.output, try ScratchFolder.bytes(path, limit: Self.maximumFilm)),
            (stem + ".srt", Array(script.subRip.utf8)), (stem + ".vtt", Array(script.webVTT.utf8)),
        ] {
            try files.write(bytes, to: name)
            let file = WorkspaceFile(path: name, name: name, mediaType: MediaTypes.of(name.ending), size: bytes.count)
            context.publish(file)
            written.append(file)
        }
        return Output(
            file: written[0], subtitles: Array(written[1...]), slides: script.slides.count, seconds: script.seconds)
    }
}

extension DocumentSection {
    /// What its speaker says.
    fileprivate var notes: String {
        elements.filter { $0.kind == .speakerNote }.compactMap(\.text).joined(separator: "\n")
    }
}

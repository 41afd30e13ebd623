import FoundationEssentials
import Glibc
import Programs
import ToolKit

/// Encodes a film by ffmpeg: a short piece of video for each picture and each transition, put together without encoding
/// again, so that memory does not grow with the film.
struct FilmEncoding {
    /// An encoder looks some frames ahead; 1080 lines need about 300 MB.
    private static let memoryBytes = 1_024 * 1024 * 1024

    let folder: String
    let height: Int
    let deadline: ContinuousClock.Instant

    private var width: Int { height * 16 / 9 }

    /// Answers the film's path.
    func make(_ script: FilmScript, sound: [UInt8], deck: String, _ context: ToolContext) async throws -> String {
        let pictures = try await draw(script, deck, context)
        var list = ""
        for index in script.slides.indices {
            if script.transitionFrames(index) > 0, index > 0 {
                let piece = "\(folder)/change-\(index).mp4"
                try await change(
                    pictures[index - 1], pictures[index], by: Self.effect(script.slides[index].transition), to: piece)
                list += "file '\(piece)'\n"
            }
            let piece = "\(folder)/still-\(index).mp4"
            try await still(pictures[index], frames: script.stillFrames(index), to: piece)
            list += "file '\(piece)'\n"
            let share = Double(index + 1) / Double(script.slides.count)
            context.progress("Filmed slide \(index + 1) of \(script.slides.count)", fraction: 0.5 + 0.45 * share)
        }
        try write(list, "pieces.txt")
        try write(script.subRip, "film.srt")
        try write(script.chapters, "chapters.txt")
        try Data(Self.wave(sound)).write(to: URL(filePath: "\(folder)/sound.wav"))
        return try await join(hasSubtitles: !script.cues.isEmpty)
    }

    private func draw(_ script: FilmScript, _ deck: String, _ context: ToolContext) async throws -> [String] {
        let (file, size) = try WorkspaceFiles(directory: context.directory).descriptor(
            of: deck, limit: DocumentRead.maximumBytes)
        defer { close(file) }
        let pages = PageImages(folder: folder, deadline: deadline)
        let path = try await pages.pdf(of: file, size: size, ending: deck.ending)
        let count = try await pages.count(in: path)
        guard count == script.slides.count else {
            throw ToolFailure(
                .permanent, code: "slides_differ",
                "The deck has \(script.slides.count) slides to show, and \(count) were drawn.")
        }
        var pictures: [String] = []
        for page in 1...count {
            let picture = "\(folder)/slide-\(page).png"
            try Data(try await pages.draw(page, of: path, resolution: 96, side: width)).write(
                to: URL(filePath: picture))
            pictures.append(picture)
            context.progress("Drew slide \(page) of \(count)", fraction: 0.3 + 0.2 * Double(page) / Double(count))
        }
        return pictures
    }

    /// What the deck calls it, as ffmpeg's xfade does.
    private static func effect(_ transition: String?) -> String {
        switch transition {
        case "push": "slideleft"
        case "wipe": "wipeleft"
        case "cover": "coverleft"
        case "pull": "revealleft"
        case "circle": "circleopen"
        case "dissolve": "dissolve"
        default: "fade"
        }
    }

    /// Slides of other shapes than 16:9 stand between bars.
    private var frame: String {
        "scale=\(width):\(height):force_original_aspect_ratio=decrease,pad=\(width):\(height):(ow-iw)/2:(oh-ih)/2,"
            + "setsar=1,fps=\(FilmScript.rate),format=yuv420p"
    }

    private var encoder: [String] {
        ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-threads", "1", "-video_track_timescale", "12800"]
    }

    private func picture(_ path: String) -> [String] {
        ["-loop", "1", "-framerate", "\(FilmScript.rate)", "-i", path]
    }

    private func still(_ path: String, frames: Int, to piece: String) async throws {
        try await run(
            picture(path) + ["-vf", frame, "-frames:v", "\(frames)", "-tune", "stillimage"] + encoder + [piece])
    }

    private func change(_ from: String, _ to: String, by effect: String, to piece: String) async throws {
        let frames = FilmScript.transitionFrames
        let seconds = Double(frames) / Double(FilmScript.rate)
        let filter =
            "[0:v]\(frame)[a];[1:v]\(frame)[b];[a][b]xfade=transition=\(effect):duration=\(seconds):offset=0[v]"
        try await run(
            picture(from) + picture(to) + ["-filter_complex", filter, "-map", "[v]", "-frames:v", "\(frames)"] + encoder
                + [piece])
    }

    private func join(hasSubtitles: Bool) async throws -> String {
        let film = "\(folder)/film.mp4"
        var words = [
            "-f", "concat", "-safe", "0", "-i", "\(folder)/pieces.txt", "-i", "\(folder)/sound.wav", "-i",
            "\(folder)/chapters.txt",
        ]
        if hasSubtitles { words += ["-i", "\(folder)/film.srt", "-map", "3:s", "-c:s", "mov_text"] }
        words += [
            "-map", "0:v", "-map", "1:a", "-map_metadata", "2", "-map_chapters", "2", "-c:v", "copy", "-c:a", "aac",
            "-b:a", "96k", "-movflags", "+faststart", film,
        ]
        try await run(words)
        return film
    }

    private func run(_ words: [String]) async throws {
        let limits = ProgramLimits(
            memoryBytes: Self.memoryBytes, processorSeconds: 600, fileBytes: 1_024 * 1024 * 1024,
            outputBytes: 1024 * 1024, deadline: deadline)
        let outcome = try await ProgramCall.run(
            ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-y"] + words, home: folder, limits: limits)
        guard outcome.succeeded else {
            if outcome.end == .outOfTime {
                throw ToolFailure(.invalidInput, code: "film_out_of_time", "The film was not encoded in time.")
            }
            throw ToolFailure(
                .permanent, code: "film_failed", "ffmpeg could not encode the film: \(outcome.complaint.prefix(300))")
        }
    }

    private func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
    }

    /// A WAV file of one channel with 16-bit samples.
    private static func wave(_ sound: [UInt8]) -> [UInt8] {
        func little(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let rate = FilmScript.sampleRate
        let format = Array("WAVEfmt ".utf8) + little(16, 4) + little(1, 2) + little(1, 2) + little(rate, 4)
        let head = format + little(rate * 2, 4) + little(2, 2) + little(16, 2)
        let data = Array("data".utf8) + little(sound.count, 4) + sound
        return Array("RIFF".utf8) + little(head.count + data.count, 4) + head + data
    }
}

import DocumentTool
import Domain
import FoundationEssentials
import Glibc
import TestKit
import Testing
import ToolKit

/// Films as ffprobe sees them.
@Suite(.timeLimit(.minutes(10))) struct FilmTests {
    private static let deck = """
        import sys
        from lxml import etree
        from pptx import Presentation
        deck = Presentation()
        deck.slide_width, deck.slide_height = 12192000, 6858000
        for index, (title, notes) in enumerate([("First; slide", "Hello there. This is the first slide."), ("Second = slide", ""), ("Third", "And this is the end.")]):
            slide = deck.slides.add_slide(deck.slide_layouts[5])
            slide.shapes.title.text = title
            if notes: slide.notes_slide.notes_text_frame.text = notes
            if index == 2:
                slide._element.append(etree.fromstring('<p:transition xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"><p:push/></p:transition>'))
        hidden = deck.slides.add_slide(deck.slide_layouts[5])
        hidden._element.set("show", "0")
        deck.save(sys.argv[1])
        """

    private func python(_ script: String, _ arguments: [String]) async throws {
        let given = getenv("PERSONA_DATA_DIR").map { String(cString: $0) }
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let outcome = try await TestProgram.run(
            ["\(given ?? root + "/.data")/test-python/bin/python3", "-c", script] + arguments)
        #expect(outcome.status == 0, "\(outcome.text)")
    }

    @Test func filmHasPictureSoundSubtitlesAndChapters() async throws {
        try await TestRun.with { run in
            try await python(Self.deck, [run.directory + "/deck.pptx"])
            let output = try await run.registry.call(
                "video.narrate", input: ["file": "deck.pptx", "output": "film.mp4"], in: run.context
            ).decode(VideoNarrate.Output.self)
            #expect(output.slides == 3)
            #expect(run.published.map(\.name) == ["film.mp4", "film.srt", "film.vtt"])
            let probe = try await TestProgram.run([
                "ffprobe", "-v", "error", "-show_entries",
                "format=duration:stream=codec_name,width,height,r_frame_rate,nb_frames:chapter=start_time:chapter_tags=title",
                "-of", "compact=p=0:nk=1", "-show_chapters", "\(run.directory)/film.mp4",
            ])
            #expect(probe.status == 0, "\(probe.text)")
            for part in ["h264|1280|720|25/1", "aac", "mov_text", "First; slide", "Second = slide", "Third"] {
                #expect(probe.text.contains(part), "\(part) in \(probe.text)")
            }
            let duration = probe.text.split(separator: "\n").compactMap { Double($0) }.last ?? 0
            #expect(abs(duration - output.seconds) < 0.2, "\(probe.text)")
            // Three slides, a silent one of four seconds among them, and more than a second of speech.
            #expect(output.seconds > 7 && output.seconds < 30)
            let subtitles = String(decoding: try run.read("film.srt"), as: UTF8.self)
            #expect(subtitles.hasPrefix("1\n00:00:00,400 --> 00:00:0"))
            #expect(subtitles.contains("\nHello there.\n\n2\n"))
            #expect(subtitles.contains("And this is the end."))
            #expect(String(decoding: try run.read("film.vtt"), as: UTF8.self).hasPrefix("WEBVTT\n\n00:00:00.400 --> "))
        }
    }

    @Test func soundIsHeardWhereWordsAreAndNotElsewhere() async throws {
        try await TestRun.with { run in
            try await python(Self.deck, [run.directory + "/deck.pptx"])
            _ = try await run.registry.call(
                "video.narrate", input: ["file": "deck.pptx", "output": "film.mp4", "voice": "de-AT"], in: run.context)
            let volume = try await TestProgram.run([
                "ffmpeg", "-nostdin", "-hide_banner", "-i", "\(run.directory)/film.mp4", "-ss", "0.5", "-t", "1", "-af",
                "volumedetect", "-vn", "-sn", "-f", "null", "-",
            ])
            let line = volume.text.split(separator: "\n").first { $0.contains("max_volume") } ?? ""
            let loudest = line.split(separator: " ").compactMap { Double($0) }.last ?? -91
            #expect(loudest > -30, "\(volume.text)")
        }
    }

    @Test(
        arguments: [
            ["file": "deck.pptx", "output": "../film.mp4"], ["file": "deck.pptx", "output": "film.avi"],
            ["file": "deck.docx", "output": "film.mp4"],
            ["file": "deck.pptx", "output": "film.mp4", "voice": "-f/etc/passwd"],
            ["file": "deck.pptx", "output": "film.mp4", "height": 8_000],
        ] as [JSONValue])
    func wrongWishesAreRefused(input: JSONValue) async throws {
        try await TestRun.with { run in
            try await python(Self.deck, [run.directory + "/deck.pptx"])
            let error = await #expect(throws: ToolFailure.self) {
                try await run.registry.call("video.narrate", input: input, in: run.context)
            }
            #expect(error?.kind == .invalidInput)
        }
    }
}

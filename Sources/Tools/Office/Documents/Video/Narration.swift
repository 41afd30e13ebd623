import FoundationEssentials
import Glibc
import Programs
import ToolKit

/// Speaks texts by espeak-ng, sentence by sentence, so that subtitles stand exactly while they are heard.
struct Narration {
    /// UTF-8 bytes of a sentence; longer ones are cut at a blank.
    private static let sentenceBytes = 400
    /// Sentences of one slide.
    private static let maximumSentences = 200

    let folder: String
    let voice: String
    let speed: Int
    let deadline: ContinuousClock.Instant

    /// A voice's name is a language tag; nothing else reaches the program.
    static func voice(_ wish: String) throws -> String {
        let name = wish.lowercased()
        guard (2...20).contains(name.utf8.count),
            name.utf8.allSatisfy({ (0x61...0x7A).contains($0) || $0 == 0x2D || (0x30...0x39).contains($0) })
        else { throw ToolFailure(.invalidInput, code: "voice_unknown", "'\(wish.prefix(40))' is no voice.") }
        return name
    }

    /// 16-bit samples at `FilmScript.sampleRate`.
    func speak(_ text: String) async throws -> (sentences: [FilmScript.Sentence], sound: [UInt8]) {
        var sentences: [FilmScript.Sentence] = []
        var sound: [UInt8] = []
        for sentence in Self.sentences(text).prefix(Self.maximumSentences) {
            let samples = try await speakOne(sentence)
            sentences.append(FilmScript.Sentence(text: sentence, samples: samples.count / 2))
            sound += samples
        }
        return (sentences, sound)
    }

    private func speakOne(_ sentence: String) async throws -> [UInt8] {
        let path = "\(folder)/sentence.txt"
        try Data(sentence.utf8).write(to: URL(filePath: path))
        defer { unlink(path) }
        var outcome = try await run(voice, path)
        // `de-AT` is spoken as `de` where there is no voice of its own.
        if !outcome.succeeded, let language = voice.split(separator: "-").first, language != voice {
            outcome = try await run(String(language), path)
        }
        guard outcome.succeeded, let sound = Self.samples(of: outcome.output) else {
            throw ToolFailure(
                .invalidInput, code: "voice_unknown", "espeak-ng has no voice '\(voice)', or could not speak the notes."
            )
        }
        return sound
    }

    private func run(_ voice: String, _ path: String) async throws -> ProgramOutcome {
        try await ProgramCall.run(
            ["espeak-ng", "-v", voice, "-s", "\(speed)", "-b", "1", "-f", path, "--stdout"], home: folder,
            limits: .parsing(until: deadline))
    }

    /// What follows the `data` mark of a WAV file; its sizes mean nothing where it was written to a pipe.
    private static func samples(of wave: [UInt8]) -> [UInt8]? {
        guard wave.starts(with: Array("RIFF".utf8)), wave.count > 44,
            wave[24..<28].elementsEqual([0x22, 0x56, 0, 0]),  // 22,050 a second
            let mark = wave.firstRange(of: Array("data".utf8)), mark.upperBound + 4 <= wave.count
        else { return nil }
        let rest = wave[(mark.upperBound + 4)...]
        return Array(rest.prefix(rest.count / 2 * 2))
    }

    /// Ends of sentences in most scripts; a line's end is one too.
    static func sentences(_ text: String) -> [String] {
        var sentences: [String] = []
        var current = ""
        var isEnding = false
        func close() {
            let plain = current.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            if plain.contains(where: { $0.isLetter || $0.isNumber }) { sentences.append(plain) }
            current = ""
        }
        for character in text {
            if character.isNewline || isEnding && character.isWhitespace
                || current.utf8.count > sentenceBytes && character.isWhitespace
            {
                close()
                isEnding = false
                continue
            }
            current.append(character)
            if "。！？".contains(character) { close() }
            isEnding = ".!?؟:".contains(character) || isEnding && "\"”’)»".contains(character)
        }
        close()
        return sentences
    }
}

/// What happens when in a film: pure arithmetic over slides and their spoken sentences.
struct FilmScript {
    struct Sentence: Hashable {
        var text: String
        /// Samples of its sound.
        var samples: Int
    }

    struct Slide {
        var title: String
        /// How it comes in, as the deck names it: `fade`, `push`, `wipe`; `nil`: at once.
        var transition: String?
        var sentences: [Sentence]
    }

    /// Frames a second; sound has a whole number of samples in each.
    static let rate = 25
    static let sampleRate = 22_050
    static let samplesOfFrame = sampleRate / rate
    /// Frames of a transition, before the first word and after the last.
    static let transitionFrames = 15
    private static let leadFrames = 10
    private static let restFrames = 15
    /// Frames of a slide that says nothing.
    private static let silentFrames = 100

    var slides: [Slide]

    /// Frames for which a slide stands still, its transition not among them.
    func stillFrames(_ index: Int) -> Int {
        let samples = slides[index].sentences.reduce(0) { $0 + $1.samples }
        guard samples > 0 else { return Self.silentFrames }
        return Self.leadFrames + (samples + Self.samplesOfFrame - 1) / Self.samplesOfFrame + Self.restFrames
    }

    func transitionFrames(_ index: Int) -> Int { slides[index].transition == nil ? 0 : Self.transitionFrames }

    /// A slide's sound with the silence around it: as long as its transition and its picture. 16-bit samples.
    func padded(_ sound: [UInt8], slide index: Int) -> [UInt8] {
        let before = (transitionFrames(index) + Self.leadFrames) * Self.samplesOfFrame * 2
        let whole = (transitionFrames(index) + stillFrames(index)) * Self.samplesOfFrame * 2
        let silence = [UInt8](repeating: 0, count: before)
        return Array(
            (silence + sound + [UInt8](repeating: 0, count: max(0, whole - before - sound.count))).prefix(whole))
    }

    /// The frame with which a slide begins to come in.
    private var starts: [Int] {
        var frame = 0
        return slides.indices.map { index in
            defer { frame += transitionFrames(index) + stillFrames(index) }
            return frame
        }
    }

    var seconds: Double {
        Double(slides.indices.reduce(0) { $0 + transitionFrames($1) + stillFrames($1) }) / Double(Self.rate)
    }

    /// Each sentence with its begin and end in milliseconds.
    var cues: [(begin: Int, end: Int, text: String)] {
        var cues: [(Int, Int, String)] = []
        for (index, start) in starts.enumerated() {
            var sample = (start + transitionFrames(index) + Self.leadFrames) * Self.samplesOfFrame
            for sentence in slides[index].sentences {
                let end = sample + sentence.samples
                cues.append((sample * 1_000 / Self.sampleRate, end * 1_000 / Self.sampleRate, sentence.text))
                sample = end
            }
        }
        return cues
    }

    var subRip: String {
        cues.enumerated().map { index, cue in
            "\(index + 1)\n\(Self.clock(cue.begin, ",")) --> \(Self.clock(cue.end, ","))\n\(cue.text)\n"
        }.joined(separator: "\n")
    }

    /// W3C WebVTT; `-->` and markup cannot stand in a cue's text.
    var webVTT: String {
        "WEBVTT\n\n"
            + cues.map { cue in
                let text = cue.text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(
                    ">", with: "&gt;")
                return "\(Self.clock(cue.begin, ".")) --> \(Self.clock(cue.end, "."))\n\(text)\n"
            }.joined(separator: "\n")
    }

    /// ffmpeg's metadata format: a chapter a slide.
    var chapters: String {
        let starts = starts
        return slides.indices.reduce(into: ";FFMETADATA1\n") { text, index in
            let end = starts[index] + transitionFrames(index) + stillFrames(index)
            let title = slides[index].title.reduce(into: "") { title, character in
                if character.isNewline {
                    title += " "
                } else {
                    if "=;#\\".contains(character) { title += "\\" }
                    title.append(character)
                }
            }
            text += "[CHAPTER]\nTIMEBASE=1/\(Self.rate)\nSTART=\(starts[index])\nEND=\(end)\ntitle=\(title)\n"
        }
    }

    private static func clock(_ milliseconds: Int, _ point: String) -> String {
        func padded(_ value: Int, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let seconds = milliseconds / 1_000
        return [seconds / 3_600, seconds / 60 % 60, seconds % 60].map { padded($0, 2) }.joined(separator: ":") + point
            + padded(milliseconds % 1_000, 3)
    }
}

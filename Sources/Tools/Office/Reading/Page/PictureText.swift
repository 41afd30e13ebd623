import DocumentModel
import Programs

/// Reads the text in a picture by Tesseract where it is installed.
enum PictureText {
    /// Of a picture that is read: a page at 300 dots an inch has 9 million; each costs some bytes of memory.
    static let maximumPixels = 40_000_000

    static func read(
        _ picture: PictureKind, _ file: Int32, _ deadline: ContinuousClock.Instant, into builder: inout DocumentBuilder
    ) throws(ReadingError) {
        builder.metadata.other = ["format": picture.name]
        if let (width, height) = picture.size {
            builder.metadata.other?["width"] = "\(width)"
            builder.metadata.other?["height"] = "\(height)"
            guard width > 0, height > 0, width <= maximumPixels / height else {
                throw ReadingError(
                    .tooLarge, "The picture has more than \(maximumPixels) pixels (\(width) × \(height)).")
            }
        }
        builder.begin(.page)
        guard picture.isRead else {
            builder.warn("Text in pictures of this kind is not recognised; convert it to PNG or JPEG.")
            return builder.add(DocumentElement(.image))
        }
        guard LimitedProgram.isInstalled("tesseract") else {
            builder.warn("Text in pictures is recognised only where Tesseract is installed.")
            return builder.add(DocumentElement(.image))
        }
        let outcome = try ForeignProgram.run(
            ["tesseract", "stdin", "stdout", "--psm", "3", "quiet"], file, .parsing(until: deadline))
        builder.add(DocumentElement(.image))
        guard outcome.succeeded else {
            builder.warn("The picture's text could not be recognised: \(ForeignProgram.reason(outcome)).")
            return
        }
        PlainText.add(
            String(decoding: outcome.output, as: UTF8.self).replacing("\u{0C}", with: "\n\n"), to: &builder)
    }
}

/// What kind of picture a file is, by its first bytes.
struct PictureKind {
    var name: String
    var size: (width: Int, height: Int)?
    /// Leptonica reads it.
    var isRead: Bool

    init?(_ head: [UInt8]) {
        if head.starts(with: [0x89, 0x50, 0x4E, 0x47]), head.count >= 24 {
            self.init("png", (Self.big(head[16..<20]), Self.big(head[20..<24])))
        } else if head.starts(with: [0xFF, 0xD8, 0xFF]) {
            self.init("jpeg", Self.jpegSize(head))
        } else if head.starts(with: Array("GIF8".utf8)), head.count >= 10 {
            self.init("gif", (Int(head[6]) | Int(head[7]) << 8, Int(head[8]) | Int(head[9]) << 8))
        } else if head.starts(with: Array("BM".utf8)), head.count >= 26, head[14] == 40 {
            self.init("bmp", (Self.little(head[18..<22]), abs(Self.little(head[22..<26]))))
        } else if head.starts(with: [0x49, 0x49, 0x2A, 0]) || head.starts(with: [0x4D, 0x4D, 0, 0x2A]) {
            self.init("tiff", nil)
        } else if head.starts(with: Array("RIFF".utf8)), head.count > 12, head[8..<12].elementsEqual("WEBP".utf8) {
            self.init("webp", nil)
        } else {
            return nil
        }
    }

    private init(_ name: String, _ size: (Int, Int)?) {
        self.name = name
        self.size = size
        isRead = ["png", "jpeg", "tiff", "bmp", "webp", "gif"].contains(name)
    }

    private static func big(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
    private static func little(_ bytes: ArraySlice<UInt8>) -> Int {
        Int(Int32(bitPattern: bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }))
    }

    /// Of the first frame header (ITU-T T.81, section B.2.2).
    private static func jpegSize(_ head: [UInt8]) -> (Int, Int)? {
        var offset = 2
        while offset + 9 <= head.count, head[offset] == 0xFF {
            let marker = head[offset + 1]
            if (0xC0...0xCF).contains(marker), ![0xC4, 0xC8, 0xCC].contains(marker) {
                return (big(head[offset + 7..<offset + 9]), big(head[offset + 5..<offset + 7]))
            }
            offset += marker == 0xFF ? 1 : 2 + max(2, big(head[offset + 2..<offset + 4]))
        }
        return nil
    }
}

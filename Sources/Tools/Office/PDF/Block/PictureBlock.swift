import CPangoCairo
import DocumentModel

/// The pictures of a report, loaded when drawn and not kept: only their sizes are.
final class PictureShelf {
    /// Decoded, 4 bytes each: 160 MB at most, one at a time.
    private static let maximumPixels = 40_000_000
    private let load: (String) throws -> [UInt8]
    private var sizes: [String: (width: Int, height: Int)] = [:]

    init(load: @escaping (String) throws -> [UInt8]) { self.load = load }

    /// In pixels.
    func size(of path: String) throws -> (width: Int, height: Int) {
        if let size = sizes[path] { return size }
        let header = try header(of: try bytes(path), path)
        sizes[path] = (header.width, header.height)
        return (header.width, header.height)
    }

    /// A surface with the picture; the caller destroys it.
    func surface(for path: String) throws -> OpaquePointer {
        let bytes = try bytes(path)
        let header = try header(of: bytes, path)
        let surface = header.isJPEG ? Self.jpeg(bytes, header) : Self.png(bytes)
        guard let surface else { throw Self.unreadable(path, "cannot be decoded") }
        guard cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS else {
            let reason = String(cString: cairo_status_to_string(cairo_surface_status(surface)))
            cairo_surface_destroy(surface)
            throw Self.unreadable(path, "cannot be decoded (\(reason))")
        }
        return surface
    }

    /// A file of any kind, for an attachment.
    func file(_ path: String) throws -> [UInt8] { try bytes(path) }

    private func bytes(_ path: String) throws -> [UInt8] {
        do {
            return try load(path)
        } catch let error as PDFError {
            throw error
        } catch {
            throw Self.unreadable(path, "cannot be read: \(error)")
        }
    }

    private func header(of bytes: [UInt8], _ path: String) throws -> PictureHeader {
        guard let header = PictureHeader(bytes) else { throw Self.unreadable(path, "is neither PNG nor JPEG") }
        guard header.width <= Self.maximumPixels / header.height else {
            throw Self.unreadable(path, "has more than \(Self.maximumPixels) pixels")
        }
        return header
    }

    private static func unreadable(_ path: String, _ reason: String) -> PDFError {
        PDFError(.imageUnreadable, "The picture '\(path.prefix(200))' \(reason).")
    }

    private static func png(_ bytes: [UInt8]) -> OpaquePointer? {
        var rest = bytes[...]
        return withUnsafeMutablePointer(to: &rest) { rest in
            cairo_image_surface_create_from_png_stream(
                { closure, target, length in
                    guard let closure, let target else { return CAIRO_STATUS_READ_ERROR }
                    let rest = closure.assumingMemoryBound(to: ArraySlice<UInt8>.self)
                    guard Int(length) <= rest.pointee.count else { return CAIRO_STATUS_READ_ERROR }
                    for (index, byte) in rest.pointee.prefix(Int(length)).enumerated() { target[index] = byte }
                    rest.pointee.removeFirst(Int(length))
                    return CAIRO_STATUS_SUCCESS
                }, rest)
        }
    }

    /// Cairo copies the JPEG into the file as it is; the surface's own pixels are never touched.
    private static func jpeg(_ bytes: [UInt8], _ header: PictureHeader) -> OpaquePointer? {
        guard let surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, Int32(header.width), Int32(header.height))
        else { return nil }
        let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
        copy.initialize(from: bytes, count: bytes.count)
        let status = cairo_surface_set_mime_data(
            surface, "image/jpeg", copy, UInt(bytes.count), { $0?.assumingMemoryBound(to: UInt8.self).deallocate() },
            copy)
        if status != CAIRO_STATUS_SUCCESS { copy.deallocate() }
        return surface
    }
}

/// Kind and size of a picture, from its first bytes.
struct PictureHeader {
    let isJPEG: Bool
    let width: Int
    let height: Int

    init?(_ bytes: [UInt8]) {
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]), bytes.count >= 24 {
            self.init(false, Self.big(bytes[16..<20]), Self.big(bytes[20..<24]))
        } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]), let (width, height) = Self.frame(bytes) {
            self.init(true, width, height)
        } else {
            return nil
        }
    }

    /// Cairo's surfaces end at 32,767 pixels a side.
    private init?(_ isJPEG: Bool, _ width: Int, _ height: Int) {
        guard (1...32_767).contains(width), (1...32_767).contains(height) else { return nil }
        self.isJPEG = isJPEG
        self.width = width
        self.height = height
    }

    private static func big(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    /// Width and height of the first frame header (ITU-T T.81, section B.2.2).
    private static func frame(_ bytes: [UInt8]) -> (Int, Int)? {
        var offset = 2
        while offset + 9 <= bytes.count, bytes[offset] == 0xFF {
            let marker = bytes[offset + 1]
            if marker == 0xFF {
                offset += 1
            } else if marker == 0x01 || (0xD0...0xD8).contains(marker) {
                offset += 2
            } else if (0xC0...0xCF).contains(marker), ![0xC4, 0xC8, 0xCC].contains(marker) {
                return (big(bytes[offset + 7..<offset + 9]), big(bytes[offset + 5..<offset + 7]))
            } else {
                let length = big(bytes[offset + 2..<offset + 4])
                guard marker != 0xDA, marker != 0xD9, length >= 2 else { return nil }
                offset += 2 + length
            }
        }
        return nil
    }
}

extension Composer {
    /// As large as the text is wide and half a page is high, never enlarged beyond 96 pixels an inch.
    private func fit(_ size: (width: Int, height: Int)) -> (width: Double, height: Double) {
        let natural = (width: Double(size.width) * 0.75, height: Double(size.height) * 0.75)
        let scale = min(1, width / natural.width, (bottom - top) * 0.55 / natural.height)
        return (natural.width * scale, natural.height * scale)
    }

    /// For keeping a heading with its picture; an unreadable one fails where it is drawn.
    func imageHeight(_ image: Image) -> Double {
        (try? shelf.size(of: image.path)).map { fit($0).height + 30 } ?? 0
    }

    func composeImage(_ image: Image) throws {
        var (pictureWidth, pictureHeight) = fit(try shelf.size(of: image.path))
        let caption = captionText(image)
        let text = caption.map { typesetter.set($0, styles.small, width: width) }
        space(4)
        // Rather a smaller picture than a page with a hole.
        let scale = (room - 6 - (text?.height ?? 0)) / pictureHeight
        if (0.6..<1).contains(scale) {
            pictureWidth *= scale
            pictureHeight *= scale
        }
        try reserve(min(pictureHeight + 6 + min(text?.height ?? 0, 60), bottom - top))
        if canvas.isDrawing {
            let surface = try shelf.surface(for: image.path)
            defer { cairo_surface_destroy(surface) }
            let x = left + (width - pictureWidth) / 2
            canvas.tag("Figure") {
                canvas.paint(
                    surface, in: Box(x: x, y: y, width: pictureWidth, height: pictureHeight), frame: styles.hairline)
            }
            figures.append(image.altText)
        }
        y += pictureHeight + 6
        if let caption {
            try paragraph(caption, styles.small, styles.muted, alignment: .center)
        }
        y += 12
    }

    private func captionText(_ image: Image) -> String? {
        let parts = [image.caption ?? "", image.source.map { "[\($0)]" } ?? ""].filter { !$0.isEmpty }
        return parts.isEmpty ? nil : parts.joined(separator: " ").printable
    }
}

extension Canvas {
    fileprivate func paint(_ surface: OpaquePointer, in box: Box, frame: Ink) {
        guard let cairo else { return }
        let width = Double(cairo_image_surface_get_width(surface))
        let height = Double(cairo_image_surface_get_height(surface))
        guard width > 0, height > 0 else { return }
        cairo_save(cairo)
        cairo_translate(cairo, box.x, box.y)
        cairo_scale(cairo, box.width / width, box.height / height)
        cairo_set_source_surface(cairo, surface, 0, 0)
        cairo_paint(cairo)
        cairo_restore(cairo)
        // Screenshots are often white to their edges.
        ink(frame)
        cairo_set_line_width(cairo, 0.5)
        cairo_rectangle(cairo, box.x, box.y, box.width, box.height)
        cairo_stroke(cairo)
    }
}

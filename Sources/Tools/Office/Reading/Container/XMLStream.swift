import CLibXML2

/// What a part of a document is told, element by element. Names are `prefix:local` by `XMLNames`.
protocol XMLHandler: AnyObject {
    /// Attributes without a namespace have no prefix.
    func start(_ name: String, _ attributes: [String: String])
    func end(_ name: String)
    func text(_ text: String)
    /// Enough was read.
    var isDone: Bool { get }
}

/// Reads XML as it is unpacked, with libxml2's push parser: no tree, no network, no entities of the file's own.
final class XMLStream {
    /// Pairs of local name and namespace that are remembered; the vocabularies have some thousands.
    private static let maximumNames = 20_000
    /// Elements within elements; documents stay below a hundred.
    private static let maximumDepth = 1_000

    private struct NameKey: Hashable {
        var local: UInt
        var space: UInt
    }

    private let handler: any XMLHandler
    private var context: xmlParserCtxtPtr?
    private var names: [NameKey: String] = [:]
    private var hasTypeDeclaration = false
    private var depth = 0

    private init(_ handler: any XMLHandler) { self.handler = handler }

    deinit {
        if let context { xmlFreeParserCtxt(context) }
    }

    /// Tells `handler` what the part holds; false where there is no such part. Throws for a type declaration and for
    /// XML that is not well-formed; what came before was told.
    static func read(_ name: String, of archive: Archive, to handler: any XMLHandler) throws(ReadingError) -> Bool {
        let stream = XMLStream(handler)
        let isThere = try archive.read(name) { piece throws(ReadingError) in try stream.push(piece, part: name) }
        if isThere, !handler.isDone { _ = try stream.push(UnsafeRawBufferPointer(start: nil, count: 0), part: name) }
        return isThere
    }

    private func push(_ piece: UnsafeRawBufferPointer, part: String) throws(ReadingError) -> Bool {
        if context == nil { try open() }
        guard let context else { return false }
        let code = xmlParseChunk(
            context, piece.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(piece.count),
            piece.isEmpty ? 1 : 0)
        if hasTypeDeclaration {
            throw ReadingError(
                .typeDeclaration,
                "The part '\(part.prefix(80))' declares a document type, which no office document needs; it is refused."
            )
        }
        if handler.isDone { return false }
        guard depth <= Self.maximumDepth else {
            throw ReadingError(
                .damaged, "The part '\(part.prefix(80))' nests deeper than \(Self.maximumDepth) elements.")
        }
        guard code == 0 || context.pointee.wellFormed != 0 else {
            throw ReadingError(
                .damaged, "The part '\(part.prefix(80))' is no well-formed XML (line \(xmlSAX2GetLineNumber(context)))."
            )
        }
        return true
    }

    private func open() throws(ReadingError) {
        var sax = xmlSAXHandler()
        sax.initialized = 0xDEED_BEAF  // XML_SAX2_MAGIC
        sax.startElementNs = { state, local, _, space, _, _, count, _, values in
            XMLStream.of(state)?.start(local, space, Int(count), values)
        }
        sax.endElementNs = { state, local, _, space in XMLStream.of(state)?.end(local, space) }
        sax.characters = { state, bytes, count in XMLStream.of(state)?.add(bytes, count) }
        sax.cdataBlock = sax.characters
        sax.ignorableWhitespace = sax.characters
        // Called before the subset is looked into: nothing of it is ever declared.
        sax.internalSubset = { state, _, _, _ in XMLStream.of(state)?.refuse() }
        context = xmlCreatePushParserCtxt(&sax, Unmanaged.passUnretained(self).toOpaque(), nil, 0, nil)
        guard let context else { throw ReadingError(.damaged, "There is no memory for reading.") }
        let options = XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
        xmlCtxtUseOptions(context, Int32(options))
    }

    private static func of(_ state: UnsafeMutableRawPointer?) -> XMLStream? {
        state.map { Unmanaged<XMLStream>.fromOpaque($0).takeUnretainedValue() }
    }

    private func refuse() {
        hasTypeDeclaration = true
        xmlStopParser(context)
    }

    /// libxml2 keeps each name once, so that its address tells it apart.
    private func name(_ local: UnsafePointer<xmlChar>?, _ space: UnsafePointer<xmlChar>?) -> String {
        let key = NameKey(local: UInt(bitPattern: local), space: UInt(bitPattern: space))
        if let known = names[key] { return known }
        let plain = local.map { String(cString: $0) } ?? ""
        let prefix = space.map { XMLNames.prefix(of: String(cString: $0)) }
        let name = prefix.map { "\($0):\(plain)" } ?? plain
        if names.count < Self.maximumNames { names[key] = name }
        return name
    }

    private func start(
        _ local: UnsafePointer<xmlChar>?, _ space: UnsafePointer<xmlChar>?, _ count: Int,
        _ values: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?
    ) {
        depth += 1
        guard !handler.isDone, depth <= Self.maximumDepth else { return stop() }
        var attributes: [String: String] = [:]
        if let values, count > 0 {
            // Local name, prefix, namespace, and where the value begins and ends.
            for index in 0..<count {
                let entry = values + index * 5
                guard let begin = entry[3], let end = entry[4] else { continue }
                let bytes = UnsafeBufferPointer(start: begin, count: end - begin)
                attributes[name(entry[0], entry[2])] = String(decoding: bytes, as: UTF8.self)
            }
        }
        handler.start(name(local, space), attributes)
    }

    private func end(_ local: UnsafePointer<xmlChar>?, _ space: UnsafePointer<xmlChar>?) {
        guard depth <= Self.maximumDepth else { return }
        depth -= 1
        handler.end(name(local, space))
        if handler.isDone { stop() }
    }

    private func add(_ bytes: UnsafePointer<xmlChar>?, _ count: Int32) {
        guard let bytes, count > 0, !handler.isDone else { return }
        handler.text(String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self))
    }

    private func stop() { xmlStopParser(context) }
}

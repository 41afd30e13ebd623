/// Tells old Office files apart without reading them.
package enum LegacyKind {
    package static func isCompound(_ head: [UInt8]) -> Bool { CompoundFile.isOne(head) }

    /// Of a compound file; `nil` for one that is none of Office's. Throws where a password is needed.
    package static func of(_ bytes: [UInt8]) throws(ReadingError) -> ReadDocument.Kind? {
        guard let compound = CompoundFile(bytes) else {
            throw ReadingError(.damaged, "The file begins like an old Office file but its directory cannot be read.")
        }
        guard !compound.isEncrypted else {
            throw ReadingError(.encrypted, "The document needs a password; a copy without one can be read.")
        }
        return compound.kind
    }
}

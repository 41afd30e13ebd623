import Domain
import PersonaContainers
import Sockets
import Store
import ToolKit
import Workers

/// Published files go into the blob store, read once, from a descriptor that no name inside can change any more.
struct BlobArtifacts: ArtifactStore {
    let blobs: BlobStore

    func keep(_ file: WorkspaceFile, of root: WorkspaceRoot, tenant: TenantID) async throws(ToolFailure)
        -> StoredArtifact
    {
        let descriptor = try root.open(file)
        do {
            let blob = try await blobs.keep(tenant, descriptor: descriptor.raw)
            withExtendedLifetime(descriptor) {}
            return StoredArtifact(file: file, sha256: blob.sha256, size: blob.size)
        } catch {
            throw ToolFailure(.transient, code: "artifact_not_kept", "The file \(file.name) was not kept: \(error)")
        }
    }
}

package import Domain
package import PersonaContainers
import Sockets
package import Store
package import ToolKit
package import Workers

/// Copies published files from a workspace into the blob store.
package struct BlobArtifacts: ArtifactStore {
    private let blobs: BlobStore

    package init(_ blobs: BlobStore) { self.blobs = blobs }

    /// The size and hash are of the bytes copied, whatever the sandbox claimed.
    package func keep(
        _ file: WorkspaceFile, of root: WorkspaceRoot, tenant: TenantID
    ) async throws(ToolFailure) -> StoredArtifact {
        let descriptor = try root.open(file)
        let outcome = OneShot<Result<Blob, BlobError>>()
        let blobs = blobs
        do throws(SocketError) {
            try OwnThread.start(named: "artifact") {
                do throws(BlobError) {
                    outcome.settle(.success(try blobs.adopt(tenant, descriptor: descriptor.raw)))
                } catch {
                    outcome.settle(.failure(error))
                }
            }
        } catch {
            throw ToolFailure(.transient, code: "artifact_unstored", error.message)
        }
        switch await outcome.value() {
        case .success(let blob): return StoredArtifact(file: file, sha256: blob.sha256, size: blob.size)
        case .failure(.tooLarge):
            throw ToolFailure(.permanent, code: "artifact_too_large", BlobError.tooLarge.description)
        case .failure(let error): throw ToolFailure(.transient, code: "artifact_unstored", error.description)
        }
    }
}

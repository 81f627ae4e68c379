import AirbyteProtocol
import Storage
import Text
import Workload

/// An object store as a place for outputs. The platform derives the key from the workload's id.
final class ObjectOutputStorage: OutputStorage {
    var name: String { store.name }
    private let store: any ObjectStore
    private let connectorOutput: DocumentReader.Source

    /// - Parameter connectorOutput: from which the parts are read of an output that is not held.
    init(store: any ObjectStore, connectorOutput: @escaping DocumentReader.Source) {
        self.store = store
        self.connectorOutput = connectorOutput
    }

    func store(_ output: OutputDocument, workloadID: String, completion: @escaping (String?) -> Void) {
        // A slash in an id would make it a folder, which the platform's reader does not look into.
        guard !workloadID.utf8.contains(UInt8(ascii: "/")) else {
            return completion(
                "the workload id \(workloadID.escapingControlCharacters()) cannot be a document's name"
            )
        }
        do {
            let content = try ObjectContent(output, source: connectorOutput)
            // The key begins with a slash in every kind of storage: the platform asks for exactly that one.
            store.put(content, key: "/workload/output/\(workloadID)") { completion($0?.message) }
        } catch {
            completion(error.message)
        }
    }
}

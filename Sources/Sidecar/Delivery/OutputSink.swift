import AirbyteProtocol

/// One place from which the platform reads job outputs.
protocol OutputSink: AnyObject {
    /// For messages: "the server API", "local storage".
    var name: String { get }

    /// Puts the output there. The completion is called once, perhaps from within the call, with nil or with one
    /// line that says why it failed for good.
    func store(_ output: [UInt8], workloadID: String, completion: @escaping (_ problem: String?) -> Void)
}

/// The server API takes the output and stores it.
final class APIOutputSink: OutputSink {
    let name = "the server API"
    private let client: ControlPlaneClient

    init(client: ControlPlaneClient) {
        self.client = client
    }

    func store(_ output: [UInt8], workloadID: String, completion: @escaping (String?) -> Void) {
        client.perform(.writeOutput(output, workloadID: workloadID)) { completion($0.problem) }
    }
}

/// A file below a folder that the platform reads.
final class LocalOutputSink: OutputSink {
    let name: String
    private let storage: LocalStorage

    init(root: String) {
        name = "local storage in \(root)"
        storage = LocalStorage(root: root)
    }

    func store(_ output: [UInt8], workloadID: String, completion: @escaping (String?) -> Void) {
        // A slash in an id would make it a folder, which the platform's reader does not look into.
        guard !workloadID.utf8.contains(UInt8(ascii: "/")) else {
            return completion(
                "the workload id \(workloadID.escapingControlCharacters()) cannot be a file's name"
            )
        }
        do {
            try storage.store(output, key: "/workload/output/\(workloadID)")
            completion(nil)
        } catch {
            completion(error.message)
        }
    }
}

import AirbyteProtocol

/// One place from which the platform reads job outputs.
package protocol OutputSink: AnyObject {
    /// For messages: "the server API", "local storage".
    var name: String { get }

    /// Puts the output there. The completion is called once, perhaps from within the call, with nil or with one
    /// line that says why it failed for good.
    func store(
        _ output: OutputDocument,
        workloadID: String,
        completion: @escaping (_ problem: String?) -> Void
    )
}

/// The server API takes the output and stores it.
package final class APIOutputSink: OutputSink {
    package let name = "the server API"
    private let client: ControlPlaneClient

    package init(client: ControlPlaneClient) {
        self.client = client
    }

    package func store(_ output: OutputDocument, workloadID: String, completion: @escaping (String?) -> Void) {
        client.perform(.writeOutput(output, workloadID: workloadID)) { completion($0.problem) }
    }
}

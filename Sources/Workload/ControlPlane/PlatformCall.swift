import AirbyteProtocol
import HTTP

/// One call to the platform: which, with what body. Sources: the OpenAPI documents of the workload API and of the
/// server API.
package struct PlatformCall: Sendable {
    package enum API: Hashable, Sendable {
        case workload
        case server
    }

    package var api: API
    package var name: RequestPurpose.Call
    package var method: String
    /// Begins with `/api/v1/`.
    package var path: String
    /// JSON.
    package var body: OutputDocument
    /// What the API answers where the call has succeeded.
    var expectedAnswer: ExpectedAnswer
    /// False where an error's answer could repeat a secret of the body.
    package var mayQuoteAnswer = true
    /// Overrides the API's own limit for the whole exchange.
    package var timeout: Duration?
    /// Overrides the transport's bound for the answer's body, in bytes.
    var maxAnswerLength: Int?

    /// An answer that repeats a configuration: a message of the connector can bring one of 20,000,000 bytes, and the
    /// platform may write it less tersely.
    private static let maxConfigurationAnswerLength = 32 * 1_024 * 1_024
}

/// A call that keeps in contact with the workload API, by its last word in the path.
package enum ContactCall: String, Hashable, Sendable {
    /// Announces the workload as running.
    case running
    case heartbeat

    fileprivate var call: RequestPurpose.Call { self == .running ? .running : .heartbeat }
}

extension PlatformCall {
    /// `PUT /api/v1/workload/running` or `…/heartbeat`.
    package static func contact(
        _ contact: ContactCall,
        workloadID: String,
        timeout: Duration
    ) -> PlatformCall {
        workload(contact.call, workloadID: workloadID, timeout: timeout)
    }

    /// `PUT /api/v1/workload/success` or `…/failure`.
    package static func report(_ report: Report, workloadID: String) -> PlatformCall {
        switch report {
        case .success:
            return workload(.success, workloadID: workloadID)
        case .failure(let source, let reason):
            return workload(.failure, workloadID: workloadID) { writer in
                writer.member("source", source.rawValue)
                writer.member("reason", reason)
            }
        }
    }

    /// `POST /api/v1/workload_output/write`: the output travels as a JSON string within the JSON.
    static func writeOutput(_ output: OutputDocument, workloadID: String) -> PlatformCall {
        PlatformCall(
            api: .server,
            name: .writeOutput,
            method: "POST",
            path: "/api/v1/workload_output/write",
            body: .object({ $0.member("workloadId", workloadID) }, string: "output", holding: output),
            expectedAnswer: .noContent
        )
    }

    /// `POST /api/v1/sources/write_discover_catalog_result` or `…/destinations/…`.
    static func writeCatalog(_ catalog: CatalogWrite) -> PlatformCall {
        PlatformCall(
            api: .server,
            name: .writeCatalog,
            method: "POST",
            path: "/api/v1/\(catalog.connector.collection)/write_discover_catalog_result",
            body: catalog.body,
            expectedAnswer: .document
        )
    }

    /// `POST /api/v1/sources/get` or `…/destinations/get`.
    static func getActor(_ connector: ConnectorKind, id: String) -> PlatformCall {
        PlatformCall(
            api: .server,
            name: .getActor,
            method: "POST",
            path: "/api/v1/\(connector.collection)/get",
            body: OutputDocument(JSONWriter.object { $0.member(connector.idName, id) }),
            expectedAnswer: .document,
            mayQuoteAnswer: false,
            maxAnswerLength: maxConfigurationAnswerLength
        )
    }

    /// `POST /api/v1/sources/update` or `…/destinations/update`.
    ///
    /// - Parameter resourceAllocation: as `getActor` gave it; left out where it is absent or null.
    static func updateActor(
        _ update: ConfigurationUpdate,
        name: String,
        resourceAllocation: JSONValue?
    ) -> PlatformCall {
        PlatformCall(
            api: .server,
            name: .updateActor,
            method: "POST",
            path: "/api/v1/\(update.connector.collection)/update",
            body: OutputDocument(
                JSONWriter.object { writer in
                    writer.member(update.connector.idName, update.actorID)
                    writer.member("connectionConfiguration", update.configuration)
                    writer.member("name", name)
                    if resourceAllocation?.isNull == false {
                        writer.member("resourceAllocation", resourceAllocation)
                    }
                }
            ),
            expectedAnswer: .document,
            mayQuoteAnswer: false,
            maxAnswerLength: maxConfigurationAnswerLength
        )
    }

    private static func workload(
        _ call: RequestPurpose.Call,
        workloadID: String,
        timeout: Duration? = nil,
        _ more: (inout JSONWriter) -> Void = { _ in }
    ) -> PlatformCall {
        let body = JSONWriter.object { writer in
            writer.member("workloadId", workloadID)
            more(&writer)
        }
        return PlatformCall(
            api: .workload,
            name: call,
            method: "PUT",
            path: "/api/v1/workload/\(call.rawValue)",
            body: OutputDocument(body),
            expectedAnswer: .noContentOrOK,
            timeout: timeout
        )
    }
}

extension ConnectorKind {
    /// The part of the server API's paths.
    fileprivate var collection: String {
        switch self {
        case .source: "sources"
        case .destination: "destinations"
        }
    }

    /// The member that names the actor.
    fileprivate var idName: String {
        switch self {
        case .source: "sourceId"
        case .destination: "destinationId"
        }
    }
}

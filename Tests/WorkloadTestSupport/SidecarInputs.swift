import AirbyteProtocol
import Workload

/// An input for the operation, as the launcher writes it.
package func sidecarInput(
    _ operation: AirbyteProtocol.Operation,
    of kind: ConnectorKind = .source,
    manual: Bool = true
) throws -> SidecarInput {
    try SidecarInput(
        parsing: Array(
            """
            {"workloadId": "w-1", "operationType": "\(operation.rawValue)", "logPath": "logs/1",
             "integrationLauncherConfig": {"jobId": "j-1", "attemptId": 2, "dockerImage": "airbyte/\(kind.rawValue)-x:1"},
             "checkConnectionInput": {"actorType": "\(kind.rawValue)", "actorId": "a-1"},
             "discoverCatalogInput": {"sourceId": "a-1", "connectorVersion": "1.0", "configHash": "h-1",
                                      "manual": \(manual)}}
            """.utf8
        )
    )
}

import AirbyteProtocol
import Crypto
import FoundationEssentials
import Workload

/// A job that is run without a platform, and the documents that describe it in a workspace.
struct LocalJob {
    let operation: AirbyteProtocol.Operation
    /// Nil for a spec.
    let configuration: JSONValue?
    let connector: ConnectorCommand
    let kind: ConnectorKind
    let image: String
    let workloadID: String
    private let actorID = Self.newID()
    private let workspaceID = Self.newID()

    init(
        operation: AirbyteProtocol.Operation,
        configuration: JSONValue?,
        connector: ConnectorCommand,
        kind: ConnectorKind,
        image: String
    ) {
        self.operation = operation
        self.configuration = configuration
        self.connector = connector
        self.kind = kind
        self.image = image
        workloadID = "local_\(Self.newID())_0_\(operation.rawValue)"
    }

    /// A random UUID in lower case.
    static func newID() -> String { UUID().uuidString.lowercased() }

    /// `DISCOVER of source-faker:dev`.
    var title: String { "\(operation.rawValue.uppercased()) of \(image)" }

    /// `sidecarInput.json`.
    var sidecarInput: [UInt8] {
        JSONWriter.object { writer in
            writer.key("checkConnectionInput")
            operation == .check ? writeCheckInput(&writer) : writer.null()
            writer.key("discoverCatalogInput")
            operation == .discover ? writeDiscoverInput(&writer) : writer.null()
            writer.member("workloadId", workloadID)
            writer.key("integrationLauncherConfig")
            writeLauncherConfig(&writer)
            writer.member("operationType", operation.rawValue.uppercased())
            writer.member("logPath", "0/0/logs.log")
        }
    }

    /// `input.json`, which is there for a check and a discover only.
    var connectorInput: [UInt8] {
        JSONWriter.object { writer in
            writer.key("launcherConfig")
            writeLauncherConfig(&writer)
            if operation == .check {
                writer.key("checkConnectionInput")
                writeCheckInput(&writer)
            } else {
                writer.key("discoverCatalogInput")
                writeDiscoverInput(&writer)
            }
        }
    }

    private func writeCheckInput(_ writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("actorType", kind.rawValue)
        writer.member("actorId", actorID)
        writeShared(&writer)
        writer.endObject()
    }

    private func writeDiscoverInput(_ writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("sourceId", actorID)
        writer.member("connectorVersion", "dev")
        writer.member("configHash", configuration.map { Digest.sha256($0.rawJSON).hexadecimal })
        writer.member("manual", true)
        writeShared(&writer)
        writer.endObject()
    }

    private func writeShared(_ writer: inout JSONWriter) {
        writer.member("connectionConfiguration", configuration)
        writer.key("resourceRequirements")
        writer.raw(Array("{}".utf8))
        writer.key("actorContext")
        writer.beginObject()
        writer.member("actorId", actorID)
        writer.member("actorType", kind.rawValue)
        writer.member("workspaceId", workspaceID)
        writer.endObject()
        writer.key("networkSecurityTokens")
        writer.raw(Array("[]".utf8))
    }

    private func writeLauncherConfig(_ writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("jobId", "0")
        writer.member("attemptId", Int64(0))
        writer.member("workspaceId", workspaceID)
        writer.member("dockerImage", image)
        writer.member("isCustomConnector", false)
        writer.endObject()
    }
}

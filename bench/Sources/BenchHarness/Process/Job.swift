import ControlPlane

/// What a measured program is given to do, as the pod's init container would describe it.
public struct Job: Sendable {
    public enum Operation: String, Sendable, CaseIterable {
        case spec
        case check
        case discover
    }

    /// Where the job output goes.
    public enum Sink: String, Sendable, CaseIterable {
        case api
        case s3
    }

    public var operation: Operation
    public var sink: Sink
    /// Added to the environment, or in place of what the job sets.
    public var settings: [String: String]
    /// How many secrets the connector's configuration has.
    public var secrets: Int

    public init(operation: Operation, sink: Sink = .api, settings: [String: String] = [:], secrets: Int = 1) {
        self.operation = operation
        self.sink = sink
        self.settings = settings
        self.secrets = secrets
    }

    /// The job's environment. Nothing of the harness's own comes along, such as a proxy.
    func environment(workspace: String, workloadID: String, server: ControlPlaneServer) -> [String: String] {
        var environment = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "AIRBYTE_CONFIG_DIR": workspace,
            "WORKLOAD_API_HOST": server.url,
            "INTERNAL_API_HOST": server.url,
            "AIRBYTE_VERSION": "dev",
            // A refused or broken call is an error of the run at once.
            "WORKLOAD_API_MAX_RETRIES": "0",
            "AIRBYTE_API_MAX_RETRIES": "0",
            "SIDECAR_STORAGE_MAX_RETRIES": "0",
            "SIDECAR_OUTPUT_SINK": "api",
            "FLOOR_WORKLOAD_ID": workloadID,
            "FLOOR_OPERATION": operation.rawValue,
        ]
        if sink == .s3 {
            environment["SIDECAR_OUTPUT_SINK"] = "storage"
            environment["STORAGE_TYPE"] = "MINIO"
            environment["MINIO_ENDPOINT"] = server.url
            environment["STORAGE_BUCKET_WORKLOAD_OUTPUT"] = ObjectStoreRouter.bucket
            environment["AWS_ACCESS_KEY_ID"] = "bench"
            environment["AWS_SECRET_ACCESS_KEY"] = "bench-secret-key"
        }
        return environment.merging(settings) { $1 }
    }

    /// `sidecarInput.json`.
    func input(workloadID: String) -> String {
        let actor = "9f5b5f0e-6a1c-4d5a-9a0f-6f6b3a4c1d2e"
        let context = """
            {"actorId":"\(actor)","actorType":"source","workspaceId":"\(actor)","organizationId":"\(actor)"}
            """
        let passwords = (0..<secrets).map { #","password\#($0)":"not-a-real-one-\#($0)""# }.joined()
        let shared = """
            "connectionConfiguration":{"count":1000\(passwords)},"resourceRequirements":{},\
            "actorContext":\(context),"networkSecurityTokens":[]
            """
        let check = #"{"actorType":"source","actorId":"\#(actor)",\#(shared)}"#
        let discover = """
            {"sourceId":"\(actor)","connectorVersion":"1.0.0","configHash":"c0ffee","manual":true,\(shared)}
            """
        return """
            {"checkConnectionInput":\(operation == .check ? check : "null"),\
            "discoverCatalogInput":\(operation == .discover ? discover : "null"),\
            "workloadId":"\(workloadID)","operationType":"\(operation.rawValue.uppercased())",\
            "integrationLauncherConfig":{"jobId":"1","attemptId":0,"workspaceId":"\(actor)",\
            "dockerImage":"airbyte/source-bench:1.0.0","protocolVersion":{"version":"0.2.0"},\
            "isCustomConnector":false,"priority":"default"},"logPath":"1/0/logs.log"}
            """
    }

    /// The shortest message that ends the job well, with its newline.
    public var minResult: String {
        switch operation {
        case .spec:
            #"{"type":"SPEC","spec":{"connectionSpecification":{"type":"object","required":["count"],"#
                + #""properties":{"count":{"type":"integer","title":"Count","order":0}}},"protocol_version":"0.2.0"}}"#
                + "\n"
        case .check:
            #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED","message":"all is well"}}"#
                + "\n"
        case .discover:
            #"{"type":"CATALOG","catalog":{"streams":[{"name":"users","json_schema":{"type":"object","#
                + #""properties":{"id":{"type":"integer"}}},"supported_sync_modes":["full_refresh"]}]}}"#
                + "\n"
        }
    }
}

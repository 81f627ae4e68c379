import Foundation
import StoragePeers
import Testing

/// Outputs and job logs in each kind of object storage, by the real program, read back by the services' own clients.
@Suite struct ObjectStorageTests {
    private static let key = "/workload/output/\(Pod.workloadID)"

    private func succeeded(_ bytes: [UInt8]?) throws -> Bool {
        let output = try JSON(parsing: String(decoding: bytes ?? [], as: UTF8.self))
        return output["checkConnection"]["status"] == "succeeded"
    }

    /// The messages of a job's log, whose documents `read` gives by key.
    private func logMessages(_ keys: [String], _ read: (String) throws -> [UInt8]?) throws -> [String] {
        try keys.flatMap { key in
            let document = try JSON(parsing: String(decoding: read(key) ?? [], as: UTF8.self))
            return document["events"].elements.compactMap { $0["message"].text }
        }
    }

    private func useS3(_ pod: Pod, _ server: S3Server, _ user: S3Server.User) {
        pod.environment.merge([
            "STORAGE_TYPE": "MINIO", "MINIO_ENDPOINT": server.endpoint, "AWS_ACCESS_KEY_ID": user.key,
            "AWS_SECRET_ACCESS_KEY": user.secret, "STORAGE_BUCKET_WORKLOAD_OUTPUT": "outputs",
            "STORAGE_BUCKET_LOG": "logs", "SIDECAR_STORAGE_RETRY_DELAY_SECONDS": "0.05",
            "SIDECAR_OUTPUT_SINK": "storage",
        ]) { $1 }
    }

    @Test(arguments: Backend.allCases)
    func minio(_ backend: Backend) async throws {
        let server = try S3Server()
        try await Pod.with("check", backend: backend) { pod in
            useS3(pod, server, server.facts.owner)
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.requests("output").isEmpty, "the server API is not needed")
            #expect(try succeeded(server.read(bucket: "outputs", key: Self.key)?.bytes))
            let keys = try server.keys(bucket: "logs")
            // One before the report, and one with the rest.
            #expect(keys.count == 2 && keys.allSatisfy { $0.hasPrefix("job-logging/") }, "\(keys)")
            let messages = try logMessages(keys) { try server.read(bucket: "logs", key: $0)?.bytes }
            #expect(messages.first == "----- START CHECK -----" && messages.last == "----- END CHECK -----")
        }
    }

    @Test func s3WithItsOwnRules() async throws {
        let server = try S3Server()
        try await Pod.with("check") { pod in
            useS3(pod, server, server.facts.owner)
            pod.environment.merge([
                "STORAGE_TYPE": "S3", "AWS_ENDPOINT_URL_S3": server.endpoint,
                "AWS_DEFAULT_REGION": "us-east-1",
                "S3_PATH_STYLE_ACCESS": "true", "MINIO_ENDPOINT": "",
            ]) { $1 }
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(try succeeded(server.read(bucket: "outputs", key: Self.key)?.bytes))
        }
    }

    @Test(arguments: Backend.allCases)
    func google(_ backend: Backend) async throws {
        let server = try GCSServer()
        try await Pod.with("check", backend: backend) { pod in
            let account = pod.folder.appendingPathComponent("account.json")
            try Data(server.facts.account.utf8).write(to: account)
            pod.environment.merge([
                "STORAGE_TYPE": "GCS", "GOOGLE_APPLICATION_CREDENTIALS": account.path,
                "SIDECAR_GCS_ENDPOINT": server.origin, "STORAGE_BUCKET_WORKLOAD_OUTPUT": "outputs",
                "STORAGE_BUCKET_LOG": "logs", "SIDECAR_OUTPUT_SINK": "storage",
            ]) { $1 }
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.requests("output").isEmpty)
            #expect(try succeeded(server.read(bucket: "outputs", key: Self.key)?.bytes))
            let keys = try server.keys(bucket: "logs")
            let messages = try logMessages(keys) { try server.read(bucket: "logs", key: $0)?.bytes }
            #expect(messages.first == "----- START CHECK -----" && messages.last == "----- END CHECK -----")
        }
    }

    @Test(arguments: Backend.allCases)
    func azure(_ backend: Backend) async throws {
        let server = try AzureBlobServer()
        try await Pod.with("check", backend: backend) { pod in
            pod.environment.merge([
                "STORAGE_TYPE": "AZURE", "AZURE_STORAGE_CONNECTION_STRING": server.connectionString,
                "STORAGE_BUCKET_WORKLOAD_OUTPUT": "outputs", "STORAGE_BUCKET_LOG": "logs",
                "SIDECAR_OUTPUT_SINK": "storage",
            ]) { $1 }
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.requests("output").isEmpty)
            #expect(try succeeded(server.read(container: "outputs", key: Self.key)?.bytes))
            #expect(try server.requests().contains { $0.contains("logs/job-logging") })
        }
    }

    /// Tools append the container to an endpoint. The platform's reader leaves that out, so what is stored below it would
    /// never be found.
    @Test func azureEndpointWithAContainer() async throws {
        let server = try AzureBlobServer()
        try await Pod.with("check") { pod in
            let facts = server.facts
            pod.environment.merge([
                "SIDECAR_OUTPUT_SINK": "storage", "STORAGE_TYPE": "AZURE",
                "STORAGE_BUCKET_WORKLOAD_OUTPUT": "outputs",
                "AZURE_STORAGE_CONNECTION_STRING":
                    "BlobEndpoint=http://127.0.0.1:\(facts.port)/\(facts.account)/outputs;"
                    + "AccountName=\(facts.account);AccountKey=\(facts.key)",
            ]) { $1 }
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(try succeeded(server.read(container: "outputs", key: Self.key)?.bytes))
        }
    }

    @Test func deadStorageGivesWayToTheAPI() async throws {
        let server = try S3Server()
        try await Pod.with("check") { pod in
            useS3(pod, server, server.facts.owner)
            // The discard service's port: nobody listens.
            pod.environment["MINIO_ENDPOINT"] = "http://127.0.0.1:9"
            pod.environment["SIDECAR_STORAGE_MAX_RETRIES"] = "1"
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            let lines = outcome.console.split(separator: "\n").filter { $0.contains("trying the server API") }
            #expect(lines.count == 1, "\(outcome)")
        }
    }

    @Test func deadAPIGivesWayToStorage() async throws {
        let server = try S3Server()
        try await Pod.with("check") { pod in
            useS3(pod, server, server.facts.owner)
            pod.environment["SIDECAR_OUTPUT_SINK"] = "api"
            pod.environment["AIRBYTE_API_MAX_RETRIES"] = "1"
            pod.deliversAtTheEnd()
            try await pod.controlPlane.addFault(#"{"call": "output", "status": 503}"#)
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(try succeeded(server.read(bucket: "outputs", key: Self.key)?.bytes))
            #expect(outcome.requests("success").count == 1)
        }
    }

    @Test func whoMayNotWriteIsToldWhy() async throws {
        let server = try S3Server()
        try await Pod.with("check") { pod in
            useS3(pod, server, server.facts.stranger)
            pod.environment["INTERNAL_API_HOST"] = ""
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 1, "\(outcome)")
            let reason = outcome.requests("failure").first?["body"]["reason"].text ?? ""
            #expect(
                reason.contains("The job output could not be saved") && reason.contains("AccessDenied"),
                "\(reason)"
            )
            for text in [reason, outcome.console, outcome.errors] {
                #expect(!text.contains(server.facts.stranger.secret), "a secret is shown")
            }
        }
    }
}

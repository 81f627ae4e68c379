import Foundation
import StoragePeers
import Testing

/// Whose keys the real program signs with, by which clock, and what it does where there are none.
@Suite struct StorageCredentialTests {
    /// No credentials, and nobody where they could come from: within seconds, and without retries, the API gets its turn.
    @Test(arguments: [
        (
            ["STORAGE_TYPE": "GCS", "GCE_METADATA_HOST": "127.0.0.1:9"],
            "where this does not run on Google Cloud, set GOOGLE_APPLICATION_CREDENTIALS"
        ),
        (
            ["STORAGE_TYPE": "S3", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9"],
            "no AWS credentials found; looked for: AWS_ACCESS_KEY_ID; AWS_WEB_IDENTITY_TOKEN_FILE; "
        ),
    ])
    func storageWithoutCredentialsGivesWayToTheAPI(_ settings: [String: String], _ why: String) async throws {
        let outcome = try await Pod.with("check") { pod in
            pod.environment.merge(settings) { $1 }
            pod.environment["STORAGE_BUCKET_WORKLOAD_OUTPUT"] = "b"
            pod.environment["SIDECAR_OUTPUT_SINK"] = "storage"
            return try await pod.run(.script(StorageFault.succeeded))
        }
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.output["checkConnection"]["status"] == "succeeded")
        let warnings = outcome.warnings
        #expect(warnings.count == 1 && warnings[0].hasSuffix("); trying the server API"), "\(outcome)")
        #expect(warnings.first?.contains(why) == true, "\(outcome)")
        #expect(!outcome.console.contains("retrying"), "\(outcome)")
    }

    /// A machine's role, and keys that end between the document and its next try.
    @Test func aMachinesKeysAreRenewed() async throws {
        let server = try S3Server.shared.get()
        let credentials = try AWSCredentialServer(for: server)
        let fault = StorageFault(
            service: .s3,
            name: "machine",
            rules: [.answer(StorageService.s3.upload, 400, "<Error><Code>ExpiredToken</Code></Error>")]
        )
        let settings = [
            "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": credentials.origin,
        ]
        let outcome = try await fault.check(settings)
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(try checkStatus(fault.service.output(in: fault.bucket)) == "succeeded")
        let given = try credentials.control().compactMap { line in
            line.contains("/node-role 200 ") ? line.split(separator: " ").last.map(String.init) : nil
        }
        try #require(given.count == 2 && outcome.warnings.isEmpty, "\(outcome)")
        let used = try server.control().filter {
            $0.hasPrefix("PUT /fault-s3-machine//") && $0.contains(" 200 ")
        }
        #expect(used.count == 1 && used[0].hasSuffix(given[1]), "\(used)")
    }

    /// A pod's own token is exchanged for one of Entra ID, which ends before the document is stored.
    @Test func aWorkloadIdentitysTokenIsRenewed() async throws {
        let server = try AzureBlobServer()
        try server.control(
            #"{"assertion": "pod-token", "faults": [{"match": "workload", "count": 1, "status": 401, "#
                + #""code": "InvalidAuthenticationInfo"}]}"#
        )
        let outcome = try await Pod.with("check") { pod in
            let token = pod.folder.appendingPathComponent("token")
            try Data("pod-token\n".utf8).write(to: token)
            pod.environment.merge([
                "STORAGE_TYPE": "AZURE", "STORAGE_BUCKET_WORKLOAD_OUTPUT": "identity",
                "AZURE_STORAGE_CONNECTION_STRING": server.endpointOnly,
                "AZURE_CLIENT_ID": server.facts.clientID,
                "AZURE_TENANT_ID": server.facts.tenantID, "AZURE_FEDERATED_TOKEN_FILE": token.path,
                "AZURE_AUTHORITY_HOST": server.origin, "SIDECAR_OUTPUT_SINK": "storage",
            ]) { $1 }
            return try await pod.run(.script(StorageFault.succeeded))
        }
        #expect(outcome.exitCode == 0 && outcome.warnings.isEmpty, "\(outcome)")
        let key = "/workload/output/\(Pod.workloadID)"
        #expect(try checkStatus(server.peek(container: "identity", key: key)) == "succeeded")
        #expect(try server.requests().count { $0.contains("/oauth2/v2.0/token") } == 2)
    }

    /// The clocks of machines are wrong now and then; the program allows for it and says so.
    @Test(arguments: StorageService.allCases)
    func aWrongClockIsAllowedFor(_ service: StorageService) async throws {
        try await Pod.with("check") { pod in
            let bucket = "clock"
            try service.use(pod, at: "http://127.0.0.1:9", bucket: bucket)
            let read: () throws -> [UInt8]?
            let key = "/workload/output/\(Pod.workloadID)"
            switch service {
            case .s3:
                // With keys of the pod's, as EKS gives them.
                let server = try S3Server()
                let credentials = try AWSCredentialServer(for: server)
                try server.control(#"{"clockOffset": 7200}"#)
                try credentials.control(#"{"authorization": "pod-token"}"#)
                let token = pod.folder.appendingPathComponent("token")
                try Data("pod-token".utf8).write(to: token)
                pod.environment.merge([
                    "AWS_ENDPOINT_URL_S3": server.endpoint, "AWS_ACCESS_KEY_ID": "",
                    "AWS_SECRET_ACCESS_KEY": "",
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI": credentials.origin + credentials.containerPath,
                    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token.path,
                ]) { $1 }
                read = { [credentials] in
                    #expect(try credentials.control().count == 1)
                    return try server.peek(bucket: bucket, key: key)
                }
            case .gcs:
                let server = try GCSServer()
                try server.control(#"{"skew": 7200}"#)
                let account = pod.folder.appendingPathComponent("own-account.json")
                try Data(server.facts.account.utf8).write(to: account)
                pod.environment["GOOGLE_APPLICATION_CREDENTIALS"] = account.path
                pod.environment["SIDECAR_GCS_ENDPOINT"] = server.origin
                read = { try server.peek(bucket: bucket, key: key) }
            case .azure:
                let server = try AzureBlobServer()
                try server.control(#"{"clockOffset": 7200}"#)
                pod.environment["AZURE_STORAGE_CONNECTION_STRING"] = server.connectionString
                read = { try server.peek(container: bucket, key: key) }
            }
            let outcome = try await pod.run(.script(StorageFault.succeeded))
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(try checkStatus(read()) == "succeeded")
            #expect(outcome.requests("output").isEmpty)
            let warnings = outcome.warnings
            #expect(warnings.count == 1 && warnings[0].contains("the clock here differs from"), "\(outcome)")
        }
    }
}

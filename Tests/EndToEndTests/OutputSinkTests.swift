import Foundation
import StoragePeers
import Testing

/// Where the output goes, and what stands in where it cannot go there.
@Suite struct OutputSinkTests {
    private static let key = "/workload/output/\(Pod.workloadID)"

    private func isSucceeded(_ bytes: [UInt8]?) throws -> Bool {
        try checkStatus(bytes ?? Array("{}".utf8)) == "succeeded"
    }

    /// The launcher always passes storage settings, and a folder in the pod is where nobody reads.
    @Test(arguments: [true, false], Backend.allCases)
    func theAPIComesFirst(_ hasRoot: Bool, _ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.useLocalStorage()
            if !hasRoot { try FileManager.default.removeItem(at: pod.localStorage) }
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls.sorted() == ["output", "running", "success"])
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            #expect(outcome.console.contains("is stored in the server API"))
            #expect(!pod.isStored)
            // The root is never made; the job's log then has no place either.
            #expect(FileManager.default.fileExists(atPath: pod.localStorage.path) == hasRoot)
            #expect(try pod.jobLogs().isEmpty == !hasRoot)
            #expect(outcome.warnings.count == (hasRoot ? 0 : 1), "\(outcome)")
        }
    }

    /// The bucket of a data plane is often not the control plane's.
    @Test func theAPIComesBeforeABucket() async throws {
        try await Pod.with("check") { pod in
            try StorageService.s3.use(pod, at: try S3Server.shared.get().endpoint, bucket: "not-asked")
            pod.environment["SIDECAR_OUTPUT_SINK"] = ""
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls.sorted() == ["output", "running", "success"])
            #expect(try StorageService.s3.output(in: "not-asked") == nil)
        }
    }

    /// A platform of another age has no such call, or refuses it, or is not there: what else is configured takes the
    /// output.
    @Test(arguments: [404, 403, 500])
    func localStorageStandsIn(_ status: Int) async throws {
        try await Pod.with("check") { pod in
            pod.useLocalStorage()
            pod.environment["AIRBYTE_API_MAX_RETRIES"] = "1"
            pod.deliversAtTheEnd()
            try await pod.controlPlane.addFault(#"{"call": "output", "status": \#(status)}"#)
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls.last == "success")
            #expect(outcome.requests("output").count == (status == 500 ? 2 : 1))
            #expect(outcome.console.contains("); trying local storage in \(pod.localStorage.path)"))
            #expect(try isSucceeded(pod.locallyStored()))
        }
    }

    @Test func aBucketStandsIn() async throws {
        try await Pod.with("check") { pod in
            try StorageService.s3.use(pod, at: try S3Server.shared.get().endpoint, bucket: "stands-in")
            pod.environment["SIDECAR_OUTPUT_SINK"] = "auto"
            pod.deliversAtTheEnd()
            try await pod.controlPlane.addFault(#"{"call": "output", "status": 404}"#)
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(try isSucceeded(StorageService.s3.output(in: "stands-in")))
        }
    }

    /// Without a place that counts, the output is not put where nobody reads it: the job has failed.
    @Test func aMissingRootDoesNotStandIn() async throws {
        try await Pod.with("check") { pod in
            pod.useLocalStorage()
            try FileManager.default.removeItem(at: pod.localStorage)
            pod.deliversAtTheEnd()
            try await pod.controlPlane.addFault(#"{"call": "output", "status": 404}"#)
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 1, "\(outcome)")
            let failure = try #require(outcome.requests("failure").first)["body"]
            #expect(failure["source"] == "airbyte_platform")
            #expect(failure["reason"].text?.contains("404") == true)
            #expect(!FileManager.default.fileExists(atPath: pod.localStorage.path))
        }
    }

    /// A secret made with `echo` ends in a newline; the bucket's name would become `out%0A`.
    @Test func whiteSpaceAroundValuesDoesNotCount() async throws {
        let server = try S3Server.shared.get()
        try await Pod.with("check") { pod in
            try StorageService.s3.use(pod, at: server.endpoint, bucket: "trimmed")
            pod.environment["AWS_DEFAULT_REGION"] = "us-east-1"
            pod.environment["S3_PATH_STYLE_ACCESS"] = "true"
            for (name, value) in pod.environment where name != "PATH" {
                pod.environment[name] = " \t\(value)\r\n"
            }
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0 && outcome.warnings.isEmpty, "\(outcome)")
            #expect(outcome.requests("output").isEmpty)
            #expect(try isSucceeded(StorageService.s3.output(in: "trimmed")))
        }
    }
}

extension Pod {
    /// Whether local storage holds an output.
    var isStored: Bool {
        FileManager.default.fileExists(
            atPath: localStorage.appendingPathComponent("workload/output/\(Self.workloadID)").path
        )
    }
}

import Foundation
import Testing

/// The job's log in the store from which the platform's user interface reads it.
@Suite struct JobLogTests {
    private func storing<Result>(
        _ operation: String = "check",
        backend: Backend = .epoll,
        interval: String = "60",
        config: String = Pod.goodConfig,
        _ body: (Pod) async throws -> Result
    ) async throws -> Result {
        try await Pod.with(operation, config: config, backend: backend) { pod in
            pod.useLocalStorage()
            pod.environment["SIDECAR_LOG_UPLOAD_INTERVAL_SECONDS"] = interval
            return try await body(pod)
        }
    }

    @Test(arguments: Backend.allCases)
    func everyLineOfTheJobIsThereInOrder(_ backend: Backend) async throws {
        try await storing(backend: backend) { pod in
            let steps = """
                shell for i in $(seq 25000); do echo line $i; done
                line {"type":"LOG","log":{"level":"WARN","message":"careful"}}
                line {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}
                """
            let outcome = try await pod.run(.script(steps))
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            let documents = try pod.jobLogs()
            #expect(documents.count >= 3, "10,000 events make a document")
            let events = documents.flatMap { $0["events"].elements }
            let lines = events.compactMap { $0["message"].text }.filter { $0.hasPrefix("line ") }
            #expect(lines == (1...25_000).map { "line \($0)" })
            #expect(events.first?["message"] == "----- START CHECK -----")
            #expect(events.last?["message"] == "----- END CHECK -----")
            let careful = events.filter { $0["message"] == "careful" }
            #expect(
                careful.count == 1 && careful[0]["level"] == "WARN" && careful[0]["logSource"] == "source"
            )
            #expect(documents.allSatisfy { $0["version"] == "1" })
        }
    }

    @Test(arguments: Backend.allCases)
    func storedEveryIntervalWhileTheJobRuns(_ backend: Backend) async throws {
        try await storing(backend: backend, interval: "0.2") { pod in
            let sidecar = try pod.startSidecar()
            try pod.write("the first line\n", to: "jobOutput.json")
            while try !pod.jobLogs().contains(where: { "\($0)".contains("the first line") }) {
                try await Task.sleep(for: .milliseconds(20))
            }
            try pod.write("0\n", to: "exitCode.txt", byRename: true)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 1)
            let last = try #require(try pod.jobLogs().last?["events"].elements.last)
            #expect(last["message"] == "----- END CHECK -----")
        }
    }

    @Test(arguments: Backend.allCases)
    func storedWhenToldToStop(_ backend: Backend) async throws {
        try await storing(backend: backend) { pod in
            let sidecar = try pod.startSidecar()
            try pod.write("so far\n", to: "jobOutput.json")
            #expect(try await sidecar.waitForOutput("so far"))
            sidecar.send(SIGTERM)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 143)
            let messages = try pod.jobLogs().flatMap { $0["events"].elements }.compactMap {
                $0["message"].text
            }
            #expect(messages.contains("so far"))
            #expect(messages.last == "----- END CHECK -----")
        }
    }

    /// The platform reads the log as soon as it knows of the success.
    @Test(arguments: Backend.allCases)
    func theLogIsThereWhenTheSuccessArrives(_ backend: Backend) async throws {
        try await storing("discover", backend: backend) { pod in
            try await pod.controlPlane.addFault(#"{"call": "success", "fault": "hold"}"#)
            let sidecar = try pod.startSidecar()
            try pod.startConnector(.sampleSource)
            try await pod.controlPlane.waitForArrival(of: "success")
            let messages = try pod.jobLogs().flatMap { $0["events"].elements }.compactMap {
                $0["message"].text
            }
            #expect(messages.first == "----- START DISCOVER -----")
            #expect(messages.contains("The connector gave its catalog"))
            #expect(messages.contains { $0.hasPrefix("The job output") })
            try await pod.controlPlane.removeFaults()
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            let all = try pod.jobLogs().flatMap { $0["events"].elements }.compactMap { $0["message"].text }
            #expect(Array(all.prefix(messages.count)) == messages, "the rest comes behind it")
            #expect(all.last == "----- END DISCOVER -----")
        }
    }

    /// The store takes connections and never answers, for which a request would wait two minutes.
    @Test(arguments: Backend.allCases)
    func aStoreThatHangsHoldsTheReportBackForASecond(_ backend: Backend) async throws {
        let silence = try SilentServer()
        try await Pod.with("check", backend: backend) { pod in
            pod.environment.merge([
                "STORAGE_TYPE": "MINIO", "MINIO_ENDPOINT": "http://127.0.0.1:\(silence.port)",
                "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "made-up-secret",
                "STORAGE_BUCKET_LOG": "logs", "STORAGE_BUCKET_WORKLOAD_OUTPUT": "outputs",
                "SIDECAR_OUTPUT_SINK": "api",
            ]) { $1 }
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            let output = try #require(outcome.requests("output").first?["answeredAt"].number)
            let success = try #require(outcome.requests("success").first?["receivedAt"].number)
            #expect(success - output > 0.9, "it was waited for")
            #expect(success - output < 10, "not until the store's own limits are over")
            #expect(outcome.console.contains("reporting without it"))
            // The rest of the log has fifteen seconds, in which the main container has ended long ago.
            let marker = pod.workspace.appendingPathComponent("TERMINATED").path
            let marked = try FileManager.default.attributesOfItem(atPath: marker)[.modificationDate] as? Date
            #expect(try #require(marked).timeIntervalSinceNow < -5)
        }
    }

    @Test func aStoreThatDoesNotWorkCostsNoResult() async throws {
        try await storing { pod in
            try pod.useLocalStorage(withoutRoomFor: "job-logging")
            pod.environment["SIDECAR_LOG_UPLOAD_INTERVAL_SECONDS"] = "0.05"
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            #expect(outcome.console.contains("The job log could not be stored in local storage"))
        }
    }
}

extension Pod {
    /// Everything in local storage, one file after the other.
    func storedFiles() throws -> String {
        let files = FileManager.default.enumerator(
            at: localStorage,
            includingPropertiesForKeys: [.isRegularFileKey]
        )
        let urls = (files?.compactMap { $0 as? URL } ?? []).filter { !$0.hasDirectoryPath }
        return try urls.map { try String(contentsOf: $0, encoding: .utf8) }.joined(separator: "\n")
    }

    /// The documents of the job's log, in the order of their names.
    func jobLogs() throws -> [JSON] {
        let folder = localStorage.appendingPathComponent("job-logging")
        guard let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil) else {
            return []
        }
        let documents = files.compactMap { $0 as? URL }.filter { $0.pathExtension == "json" }
        return try documents.map(\.path).sorted().map {
            try JSON(parsing: String(contentsOfFile: $0, encoding: .utf8))
        }
    }
}

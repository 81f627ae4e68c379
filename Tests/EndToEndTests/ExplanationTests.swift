import Foundation
import Testing

/// What people get to read about a connector that failed, from the real program.
@Suite struct ExplanationTests {
    @Test(arguments: Backend.allCases)
    func emptyOutputPointsToTheMainContainer(_ backend: Backend) async throws {
        let outcome = try await Pod.with("discover", backend: backend) {
            try await $0.run(.script("stderr ModuleNotFoundError: no module\nexit 1"))
        }
        #expect(outcome.exitCode == 0, "\(outcome)")
        let reason = outcome.output["failureReason"]
        #expect(try #require(reason["externalMessage"].text).contains("standard error of the main container"))
        #expect(reason["metadata"]["connector_command"] == "discover")
        #expect(reason["metadata"]["from_trace_message"] == .null)
    }

    /// airbyte-source-faker 7.2.1 on airbyte-cdk 6.61.6, `check --config {}`: the message for users is the development
    /// kit's own, and says nothing.
    @Test func generalMessageGoesOnWithWhatItIsAbout() async throws {
        let general = "Something went wrong in the connector. See the logs for more details."
        let trace = """
            line {"type":"TRACE","trace":{"type":"ERROR","emitted_at":1,"error":{"message":"\(general)",\
            "internal_message":"'count'\\nsecond line","failure_type":"system_error"}}}
            exit 1
            """
        let outcome = try await Pod.with("check") { try await $0.run(.script(trace)) }
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.output["checkConnection"]["message"] == .string("\(general) 'count'"))
        #expect(outcome.output["failureReason"]["externalMessage"] == .string(general))
        #expect(outcome.output["failureReason"]["internalMessage"] == "'count'\nsecond line")
        #expect(outcome.console.contains("Its error trace says: \(general) 'count'"))
    }

    @Test(arguments: Backend.allCases)
    func errorTraceBesideAResultIsLoggedAsTheConnectors(_ backend: Backend) async throws {
        let script = """
            line {"type":"TRACE","trace":{"type":"ERROR","emitted_at":1,"error":{"message":"half of it failed",\
            "internal_message":"cursor lost"}}}
            line {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}
            """
        let outcome = try await Pod.with("check", backend: backend) { try await $0.run(.script(script)) }
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.output["checkConnection"]["status"] == "succeeded")
        #expect(outcome.output["failureReason"] == .null)
        #expect(outcome.console.contains("ERROR source > half of it failed\n"))
        #expect(outcome.console.contains("cursor lost"))
    }

    @Test func errorTraceWithoutDetailsBesideAResultCostsNothing() async throws {
        let script = """
            line {"type":"TRACE","trace":{"type":"ERROR","emitted_at":1}}
            line {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}
            """
        let outcome = try await Pod.with("check") { try await $0.run(.script(script)) }
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.output["checkConnection"]["status"] == "succeeded")
        #expect(outcome.console.contains("ERROR source > The connector sent an error trace without details"))
    }

    /// The workspace is a tmpfs that the connector has filled to the last block.
    @Test(.enabled(if: geteuid() == 0, "only root can mount"), arguments: Backend.allCases)
    func fullVolumeIsNamed(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let setUp = """
                set -e
                cp -r "$AIRBYTE_CONFIG_DIR" "$AIRBYTE_CONFIG_DIR.saved"
                mount -t tmpfs -o size=64k,mode=0777 tmpfs "$AIRBYTE_CONFIG_DIR"
                cp "$AIRBYTE_CONFIG_DIR.saved"/* "$AIRBYTE_CONFIG_DIR"
                cd "$AIRBYTE_CONFIG_DIR"
                echo a line that still had room > jobOutput.json
                echo 120 > exitCode.txt
                head -c 1000000 /dev/zero > fill 2> /dev/null || true
                exec "$0"
                """
            pod.launcher = ["/usr/bin/unshare", "-m", "/bin/sh", "-c", setUp]
            let outcome = try await pod.outcome(of: try pod.startSidecar())
            #expect(outcome.exitCode == 0, "\(outcome)")
            let message = try #require(outcome.output["failureReason"]["externalMessage"].text)
            #expect(message.contains("exit code 120 (the connector could not write its output"))
            #expect(message.contains("The volume of the workspace is full: it has no free blocks left."))
            #expect(outcome.output["checkConnection"]["message"] == .string(message))
        }
    }

    /// A connector that runs as another user, with a umask that lets nobody else read.
    @Test(.enabled(if: geteuid() == 0, "only root can be another user"))
    func deniedPermissionIsExplained() async throws {
        try await Pod.with("check") { pod in
            try pod.write("", to: "jobOutput.json")
            try pod.write("1\n", to: "exitCode.txt", byRename: true)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o777],
                ofItemAtPath: pod.workspace.path
            )
            let output = pod.workspace.appendingPathComponent("jobOutput.json").path
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: output)
            // Where the test's own folder is not for everybody, the program is not either.
            let program = pod.folder.appendingPathComponent("sidecar").path
            try FileManager.default.copyItem(atPath: Project.sidecar, toPath: program)
            let user = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            let outcome = try await pod.outcome(of: try pod.startSidecar(command: user + [program]))
            #expect(outcome.exitCode == 1, "\(outcome)")
            let reason = try #require(outcome.requests("failure").first)["body"]["reason"].text
            #expect(
                try #require(reason).contains(
                    "permission denied (owner 0:0, mode 0600; the sidecar runs as 65534:65534)"
                ),
                "\(outcome)"
            )
        }
    }

    // MARK: Deliveries that fail

    @Test func catalogThatIsRefusedIsOneErrorAndInTheOutput() async throws {
        try await Pod.with("discover") { pod in
            pod.deliversAtTheEnd()
            try await pod.controlPlane.addFault(
                #"{"path": "/api/v1/sources/write_discover_catalog_result", "status": 422, "body": {"message": "too odd"}}"#
            )
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 1, "\(outcome)")
            let errors = outcome.console.split(separator: "\n").filter { $0.contains(" ERROR ") }
            #expect(errors.count == 1 && errors[0].contains("too odd"), "\(errors)")
            let reason = outcome.output["failureReason"]
            #expect(try #require(reason["externalMessage"].text).contains("too odd"))
            #expect(reason["metadata"]["connector_command"] == "discover")
            let report = try #require(outcome.requests("failure").first)["body"]
            #expect(try #require(report["reason"].text).contains("too odd"))
        }
    }

    @Test func outputThatIsRefusedIsOneErrorAndInTheReport() async throws {
        try await Pod.with("check") { pod in
            pod.deliversAtTheEnd()
            try await pod.controlPlane.addFault(
                #"{"call": "output", "status": 422, "body": {"message": "too odd"}}"#
            )
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 1, "\(outcome)")
            let errors = outcome.console.split(separator: "\n").filter { $0.contains(" ERROR ") }
            #expect(errors.count == 1 && errors[0].contains("too odd"), "\(errors)")
            let report = try #require(outcome.requests("failure").first)["body"]
            #expect(report["source"] == "airbyte_platform")
            #expect(try #require(report["reason"].text).contains("too odd"))
        }
    }
}

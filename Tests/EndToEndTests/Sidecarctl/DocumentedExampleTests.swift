import Foundation
import Testing

/// The examples of docs/SIDECARCTL.md are what the command prints.
@Suite struct DocumentedExampleTests {
    /// The first block of a section that is fenced.
    private func example(_ heading: String, in document: String) throws -> String {
        let text = try String(contentsOfFile: Project.path("docs/\(document)"), encoding: .utf8)
        let section = try #require(text.components(separatedBy: "\n## \(heading)\n").dropFirst().first)
        return try #require(section.components(separatedBy: "\n```\n").dropFirst().first) + "\n"
    }

    private func example(_ heading: String) throws -> String { try example(heading, in: "SIDECARCTL.md") }

    @Test func inspect() async throws {
        try await Sidecarctl.with { tool in
            try tool.write(
                """
                {"workloadId": "w-1", "operationType": "CHECK",
                 "integrationLauncherConfig": {"dockerImage": "airbyte/source-x:1.2.3"},
                 "checkConnectionInput": {"actorType": "source", "connectionConfiguration": {}}}
                """,
                to: "ws/sidecarInput.json"
            )
            try tool.write(
                """
                {"type":"LOG","log":{"level":"LOUD","message":"hello"}}
                {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}

                """,
                to: "ws/jobOutput.json"
            )
            try tool.write("0\n", to: "ws/exitCode.txt")
            #expect(try await tool.run(["inspect", tool.file("ws")]).output == (try example("inspect")))
        }
    }

    @Test func catalog() async throws {
        try await Sidecarctl.with { tool in
            let properties = """
                "id":{"type":"integer"},"mail":{"type":["null","string"]},
                "at":{"type":"string","format":"date-time"},"tags":{"type":"array","items":{"type":"string"}},
                "home":{"type":"object","properties":{"a":{},"b":{}}}
                """
            let stream = """
                {"name":"users","namespace":"public","json_schema":{"properties":{\(properties)}},
                "supported_sync_modes":["full_refresh","incremental"],"source_defined_cursor":true,
                "default_cursor_field":["at"],"source_defined_primary_key":[["id"]]}
                """
            let message = #"{"type":"CATALOG","catalog":{"streams":[\#(stream)]}}"#
            try tool.write(message.replacing("\n", with: " "), to: "output")
            #expect(try await tool.run(["catalog", tool.file("output")]).output == (try example("catalog")))
        }
    }

    @Test func trace() async throws {
        try await Sidecarctl.with { tool in
            try tool.write(try example("See what the loop does", in: "DEBUGGING.md"), to: "trace")
            #expect(try await tool.run(["trace", tool.file("trace")]).output == (try example("trace")))
        }
    }

    @Test func tail() async throws {
        try await Sidecarctl.with { tool in
            try tool.write(
                """
                {"type":"LOG","log":{"level":"INFO","message":"Listing the streams of api.example.com"}}
                {"type":"LOG","log":{"level":"WARN","message":"The stream events has no primary key"}}
                {"type":"CATALOG","catalog":{"streams":[{"name":"customers"},{"name":"orders"},{"name":"events"}]}}

                """,
                to: "ws/jobOutput.json"
            )
            try tool.write("0\n", to: "ws/exitCode.txt")
            #expect(try await tool.run(["tail", tool.file("ws")]).output == (try example("tail")))
        }
    }

    /// Numbers differ from machine to machine.
    @Test func doctor() async throws {
        try await Doctor.with(["--auth"]) { doctor in
            doctor.useTokens()
            doctor.environment["SIDECAR_FILE_TIMEOUT_MINUTE"] = "15"
            try doctor.tool.write(Doctor.input, to: "input.json")
            let page = "<html><head><title>502 Bad Gateway</title></head></html>"
            try await doctor.plant(
                #"{"path": "/health", "status": 502, "headers": {"Content-Type": "text/html"}, "body": "\#(page)"}"#
            )
            let child = try doctor.tool.start(
                [
                    "doctor", "--only",
                    "inotify,configuration,workspace,token,workload-api,server-api,output-store,clock",
                ],
                launcher: Doctor.mounted(
                    "-o size=512m,mode=0777",
                    then: #"cp "$AIRBYTE_CONFIG_DIR/../input.json" "$AIRBYTE_CONFIG_DIR/sidecarInput.json";"#
                ),
                environment: doctor.environment
            )
            #expect(await child.exitCode == 1)
            func withoutNumbers(_ text: String) -> String { text.replacing(/[0-9]+/, with: "N") }
            let output = child.output.replacing(doctor.tool.file("ws"), with: "/config")
            #expect(withoutNumbers(output) == withoutNumbers(try example("doctor")), "\(output)")
        }
    }

    /// What a terminal shows is captured by a script.
    @Test func run() async throws {
        try await Sidecarctl.with { tool in
            let script = try ChildProcess(
                Project.path("scripts/live-view"),
                ["--check", Sidecarctl.path],
                environment: ["PATH": "/usr/bin:/bin"],
                log: tool.folder.appendingPathComponent("differences")
            )
            #expect(await script.exitCode == 0, "\(script.output)")
        }
    }
}

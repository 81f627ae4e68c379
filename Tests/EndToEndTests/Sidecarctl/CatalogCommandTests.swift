import Foundation
import Testing

/// `sidecarctl catalog` as a process.
@Suite struct CatalogCommandTests {
    private static let users = """
        {"name":"users","namespace":"public","json_schema":{"type":"object","properties":{
        "id":{"type":"integer"},"mail":{"type":["null","string"]},"at":{"type":"string","format":"date-time"},
        "tags":{"type":"array","items":{"type":"string"}},"home":{"type":"object","properties":{"a":{},"b":{}}},
        "any":{},"known":{"$ref":"WellKnownTypes.json#/definitions/Date"},
        "both":{"oneOf":[{"type":"string"},{"type":"integer"}]}}},
        "supported_sync_modes":["full_refresh","incremental"],"source_defined_cursor":true,
        "default_cursor_field":["at"],"source_defined_primary_key":[["id"]]}
        """.replacing("\n", with: "")

    private func catalog(_ streams: String) -> String {
        #"{"type":"CATALOG","catalog":{"streams":[\#(streams)]}}"# + "\n"
    }

    @Test func showsStreamsColumnsTypesAndKeys() async throws {
        try await Sidecarctl.with { tool in
            try tool.write(catalog(Self.users), to: "ws/jobOutput.json")
            for path in ["ws", "ws/jobOutput.json"] {
                let result = try await tool.run(["catalog", tool.file(path)])
                #expect(result.status == 0)
                #expect(
                    result.output == """
                        users (public)  full_refresh, incremental
                          primary key  id
                          cursor       at (defined by the source)
                          id     integer
                          mail   null, string
                          at     string (date-time)
                          tags   array of string
                          home   object (2)
                          any    anything
                          known  Date
                          both   string or integer

                        1 stream, 8 columns

                        """
                )
            }
        }
    }

    @Test func showsWarningsAndDestinations() async throws {
        try await Sidecarctl.with { tool in
            try tool.write(
                #"""
                {"type":"DESTINATION_CATALOG","destination_catalog":{"operations":[
                {"object_name":"contact","sync_mode":"append","json_schema":{"properties":{"a":{"type":"string"}}},
                "matching_keys":[["b"]]}]}}
                """#.replacing("\n", with: ""),
                to: "output"
            )
            let result = try await tool.run(["catalog", tool.file("output")])
            #expect(result.status == 0)
            #expect(result.output.hasPrefix("contact (append)\n  primary key  b\n  a  string\n"))
            #expect(result.output.contains("1 operation, 1 column\n\nWarnings (1)\n"))
        }
    }

    @Test func comparesTwo() async throws {
        try await Sidecarctl.with { tool in
            let changed = Self.users.replacing(
                #""id":{"type":"integer"},"#,
                with: #""id":{"type":"string"},"#
            )
            .replacing(#""any":{},"#, with: #""new":{"type":"number"},"#)
            .replacing(#"["full_refresh","incremental"]"#, with: #"["full_refresh"]"#)
            try tool.write(catalog(Self.users + #",{"name":"old","json_schema":{}}"#), to: "a")
            try tool.write(catalog(changed + #",{"name":"fresh","json_schema":{}}"#), to: "b")
            let same = try await tool.run(["catalog", tool.file("a"), tool.file("a")])
            #expect(same.status == 0)
            let result = try await tool.run(["catalog", tool.file("a"), tool.file("b")])
            #expect(result.status == 1)
            #expect(
                result.output == """
                    - old
                    + fresh  0 columns
                    ~ users (public)
                        ~ sync modes: full_refresh, incremental → full_refresh
                        - column any: anything
                        ~ column id: integer → string
                        + column new: number

                    """
            )
            let json = try await tool.run(["catalog", tool.file("a"), tool.file("b"), "--json"])
            let changes = try json.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
            #expect(changes.map { $0["change"].text } == ["removed", "added", "changed"])
            #expect(changes[2]["differences"].elements.count == 4)
        }
    }

    /// A line that is too long to be held, and a stream in it whose schema is.
    @Test func readsLargeCatalogsInPieces() async throws {
        try await Sidecarctl.with { tool in
            let column =
                #""column":{"type":"string","description":"\#(String(repeating: "x", count: 1_500_000))"}"#
            let streams = (0..<2_000).map { number in
                #"{"name":"s\#(number)","json_schema":{"properties":{"id":{"type":"integer"},"n":{"type":"number"}}}}"#
            }
            let wide = #"{"name":"wide","json_schema":{"properties":{\#(column)}},"supported_sync_modes":[]}"#
            try tool.write(catalog((streams + [wide]).joined(separator: ",")), to: "output")
            let result = try await tool.run(["catalog", tool.file("output")])
            #expect(result.status == 0)
            #expect(result.output.contains("s1999\n  id  integer\n  n   number\n"))
            #expect(result.output.contains("wide\n  columns not shown: its schema is longer than 1 MiB\n"))
            #expect(result.output.contains("2001 streams, 4000 columns\n"))
            let json = try await tool.run(["catalog", tool.file("output"), "--json"])
            #expect(json.output.split(separator: "\n").count == 2_001)
        }
    }

    @Test(
        arguments: [
            (["catalog", "missing"], 66, "cannot be opened"),
            (["catalog", "output"], 65, "holds no catalog: a CATALOG was seen in a malformed line"),
            (["catalog", "output", "missing"], 65, "holds no catalog"),
            (["catalog", "folder"], 66, "jobOutput.json does not exist"),
            (["catalog"], 64, "Missing expected argument"),
        ]
    )
    func complainsOnce(_ arguments: [String], _ status: Int32, _ complaint: String) async throws {
        try await Sidecarctl.with { tool in
            try tool.write(#"{"type":"CATALOG","catalog":{"streams":["#, to: "output")
            try tool.write("", to: "folder/unrelated")
            let arguments = arguments.map {
                ["missing", "output", "folder"].contains($0) ? tool.file($0) : $0
            }
            let result = try await tool.run(arguments)
            #expect(result.status == status)
            #expect(result.output.isEmpty)
            #expect(result.errors.contains(complaint))
        }
    }

    @Test func isReadableInATerminal() async throws {
        try await Sidecarctl.with { tool in
            try tool.write(catalog(Self.users), to: "output")
            let terminal = try await Terminal(
                "\(Sidecarctl.path) catalog \(tool.file("output"))",
                in: tool.folder
            )
            let shown = try await terminal.waitFor("exit code 0")
            #expect(shown.contains("mail   null, string"))
            #expect(try await terminal.screen(colours: true).contains("\u{1B}[36m"))
            await terminal.close()
        }
    }
}

import AirbyteProtocol
import TestSupport
import Testing

@testable import Workload

@Suite struct SidecarInputTests {
    private func parse(_ text: String) throws(SidecarInputError) -> SidecarInput {
        try SidecarInput(parsing: Array(text.utf8))
    }

    private func error(of text: String) -> SidecarInputError? {
        do throws(SidecarInputError) {
            _ = try parse(text)
            return nil
        } catch {
            return error
        }
    }

    @Test func fullCheck() throws {
        let input = try parse(
            #"""
            {"checkConnectionInput": {"actorType": "destination", "actorId": "a", "connectionConfiguration": {"p": "x"},
               "resourceRequirements": {}, "actorContext": {"actorType": "destination"}, "networkSecurityTokens": []},
             "discoverCatalogInput": null, "workloadId": "w/1", "operationType": "CHECK", "logPath": "/logs/1/",
             "integrationLauncherConfig": {"jobId": "j", "attemptId": 7, "connectionId": "c", "workspaceId": "ws",
               "dockerImage": "airbyte/source-x:1", "protocolVersion": {"version": "0.2.0"}, "isCustomConnector": false,
               "allowedHosts": null, "additionalEnvironmentVariables": {}, "additionalLabels": {}, "priority": "high"}}
            """#
        )
        #expect(input.workloadID == "w/1")
        #expect(input.operation == .check)
        #expect(input.logPath == "/logs/1/")
        #expect(input.connectorKind == .destination)
        #expect(
            input.launcher
                == SidecarInput.Launcher(jobID: "j", attemptID: "7", dockerImage: "airbyte/source-x:1")
        )
        #expect(input.discover == nil)
        #expect(
            input.logContext.map { "\($0.name)=\($0.value)" } == [
                "workloadId=w/1", "jobId=j", "attemptId=7", "operation=check",
                "connectorImage=airbyte/source-x:1", "logPath=/logs/1/",
            ]
        )
    }

    @Test func fullDiscover() throws {
        let input = try parse(
            #"""
            {"workloadId": "w", "operationType": "DISCOVER", "unknown": {"manual": false}, "discoverCatalogInput":
              {"connectionConfiguration": {}, "sourceId": "s-1", "connectorVersion": "2.0", "configHash": "h",
               "actorContext": {"actorType": "SOURCE", "actorId": "s-1"}, "manual": false, "more": 1}}
            """#
        )
        #expect(
            input.discover
                == SidecarInput.Discover(
                    connectorVersion: "2.0",
                    configHash: "h",
                    isWithinSync: true
                )
        )
        #expect(input.actorID == "s-1")
        #expect(input.connectorConfiguration?.kind == .object)
        #expect(input.connectorKind == .source)
    }

    @Test func actorOfACheckMayBeUnknown() throws {
        let saved = try parse(
            #"""
            {"workloadId":"w","operationType":"CHECK",
             "checkConnectionInput":{"actorId":"a-1","connectionConfiguration":{"host":"h"}}}
            """#
        )
        #expect(saved.actorID == "a-1")
        #expect(saved.connectorConfiguration?[member: "host"]?.string == "h")
        let unsaved = try parse(
            #"{"workloadId":"w","operationType":"CHECK","checkConnectionInput":{"actorId":null}}"#
        )
        #expect(unsaved.actorID == nil)
        #expect(unsaved.connectorConfiguration == nil)
    }

    @Test func minimalSpec() throws {
        let input = try parse(#"{"workloadId":"w","operationType":"spec"}"#)
        #expect(input.operation == .spec)
        #expect(input.logPath == "")
        #expect(input.launcher == SidecarInput.Launcher())
        #expect(input.connectorKind == .source)
        #expect(input.logContext.map(\.name) == ["workloadId", "operation", "logPath"])
    }

    @Test func minimalDiscover() throws {
        let input = try parse(
            #"{"workloadId":"w","operationType":"DISCOVER","discoverCatalogInput":{"sourceId":"s"}}"#
        )
        #expect(
            input.discover
                == SidecarInput.Discover(
                    connectorVersion: "",
                    configHash: nil,
                    isWithinSync: false
                )
        )
    }

    @Test func nullIsAbsent() throws {
        let input = try parse(
            #"""
            {"workloadId":"w","operationType":"DISCOVER","logPath":null,"checkConnectionInput":null,
             "integrationLauncherConfig":{"jobId":null,"attemptId":null,"dockerImage":null},
             "discoverCatalogInput":{"sourceId":"s","connectorVersion":null,"configHash":null,"manual":null,
                                     "actorContext":null}}
            """#
        )
        #expect(input.logPath == "")
        #expect(input.launcher == SidecarInput.Launcher())
        #expect(input.discover?.isWithinSync == false)
        #expect(input.discover?.connectorVersion == "")
    }

    @Test(arguments: [
        ("CHECK", AirbyteProtocol.Operation.check), ("check", .check), ("Discover", .discover),
        ("sPeC", .spec),
    ])
    func operationInAnyLetterCase(_ name: String, _ operation: AirbyteProtocol.Operation) throws {
        let input = try parse(
            #"{"workloadId":"w","operationType":"\#(name)","discoverCatalogInput":{"sourceId":"s"}}"#
        )
        #expect(input.operation == operation)
    }

    struct KindRow: Sendable {
        var members: String
        var kind: ConnectorKind
    }

    @Test(arguments: [
        KindRow(members: #""checkConnectionInput":{"actorType":"destination"}"#, kind: .destination),
        KindRow(members: #""checkConnectionInput":{"actorType":"DESTINATION"}"#, kind: .destination),
        KindRow(
            members:
                #""checkConnectionInput":{"actorType":"source","actorContext":{"actorType":"destination"}}"#,
            kind: .source
        ),
        KindRow(
            members: #""checkConnectionInput":{"actorContext":{"actorType":"Destination"}}"#,
            kind: .destination
        ),
        KindRow(
            members: #""discoverCatalogInput":{"sourceId":"s","actorContext":{"actorType":"destination"}}"#,
            kind: .destination
        ),
        KindRow(
            members:
                #""checkConnectionInput":{"actorType":"source"},"integrationLauncherConfig":{"dockerImage":"airbyte/destination-x"}"#,
            kind: .source
        ),
        KindRow(
            members: #""integrationLauncherConfig":{"dockerImage":"airbyte/destination-postgres:2"}"#,
            kind: .destination
        ),
        KindRow(
            members: #""integrationLauncherConfig":{"dockerImage":"acme/airbyte/destination-x"}"#,
            kind: .source
        ),
        KindRow(members: #""integrationLauncherConfig":{"dockerImage":"airbyte/source-x"}"#, kind: .source),
        KindRow(
            members:
                #""checkConnectionInput":{"actorType":"robot"},"integrationLauncherConfig":{"dockerImage":"airbyte/destination-x"}"#,
            kind: .destination
        ),
    ])
    func connectorKind(_ row: KindRow) throws {
        let input = try parse(#"{"workloadId":"w","operationType":"CHECK",\#(row.members)}"#)
        #expect(input.connectorKind == row.kind)
    }

    @Test(arguments: [("true", false), ("false", true)])
    func manual(_ value: String, _ isWithinSync: Bool) throws {
        let input = try parse(
            #"{"workloadId":"w","operationType":"DISCOVER","discoverCatalogInput":{"sourceId":"s","manual":\#(value)}}"#
        )
        #expect(input.discover?.isWithinSync == isWithinSync)
    }

    @Test(arguments: [
        (#""logPath":1"#, "has a logPath that is not a string"),
        (#""operationType":{}"#, "has a operationType that is not a string"),
        (#""integrationLauncherConfig":[]"#, "has a integrationLauncherConfig that is not an object"),
        (
            #""integrationLauncherConfig":{"dockerImage":1}"#,
            "has a integrationLauncherConfig.dockerImage that is not a string"
        ),
        (
            #""integrationLauncherConfig":{"jobId":true}"#,
            "has a integrationLauncherConfig.jobId that is not a string"
        ),
        (#""checkConnectionInput":"x""#, "has a checkConnectionInput that is not an object"),
        (
            #""checkConnectionInput":{"actorContext":{"actorType":5}}"#,
            "has a checkConnectionInput.actorContext.actorType that is not a string"
        ),
        (
            #""discoverCatalogInput":{"sourceId":5}"#,
            "has a discoverCatalogInput.sourceId that is not a string"
        ),
        (
            #""discoverCatalogInput":{"sourceId":"s","manual":"no"}"#,
            "has a discoverCatalogInput.manual that is not true or false"
        ),
        (#""discoverCatalogInput":{}"#, "lacks discoverCatalogInput.sourceId"),
        (#""discoverCatalogInput":{"sourceId":""}"#, "lacks discoverCatalogInput.sourceId"),
        (#""discoverCatalogInput":null"#, "lacks discoverCatalogInput, which a DISCOVER needs"),
        (#""operationType":null"#, "lacks operationType"),
        (
            #""operationType":"SYNC""#,
            "has the operationType SYNC, which is not one of: SPEC, CHECK, DISCOVER"
        ),
    ])
    func wrongMember(_ member: String, _ problem: String) {
        // Of duplicate members the last counts.
        let text = #"{"workloadId":"w-9","operationType":"DISCOVER",\#(member)}"#
        #expect(error(of: text) == SidecarInputError(workloadID: "w-9", problem: problem))
    }

    @Test(arguments: [
        ("{}", "lacks workloadId"), (#"{"workloadId":null}"#, "lacks workloadId"),
        (#"{"workloadId":""}"#, "lacks workloadId"),
        (#"{"workloadId":5}"#, "has a workloadId that is not a string"), ("[]", "is not a JSON object"),
        ("null", "is not a JSON object"), ("\"w\"", "is not a JSON object"),
    ])
    func unknownWorkload(_ text: String, _ problem: String) {
        #expect(error(of: text) == SidecarInputError(workloadID: nil, problem: problem))
    }

    @Test(arguments: ["", "{", #"{"workloadId":"w","operationType":"CHECK"}}"#, "nonsense"])
    func noJSON(_ text: String) {
        let found = error(of: text)
        #expect(found?.workloadID == nil)
        #expect(found?.problem.hasPrefix("is not JSON: ") == true)
    }
}

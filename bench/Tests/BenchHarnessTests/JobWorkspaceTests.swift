import Foundation
import Testing

@testable import BenchHarness

@Suite struct JobWorkspaceTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path

    @Test func playsTheConnectorAndTheMainContainer() throws {
        let workspace = try JobWorkspace(path: folder, input: Job(operation: .check).input(workloadID: "w"))
        try workspace.openOutput()
        try workspace.writeOutput("one\n")
        try workspace.writeOutput("two\n")
        workspace.closeOutput()
        try workspace.prepareExitCode()
        #expect(FileManager.default.fileExists(atPath: "\(folder)/exitCode.txt") == false)
        try workspace.publishExitCode()
        #expect(try String(contentsOfFile: "\(folder)/jobOutput.json", encoding: .utf8) == "one\ntwo\n")
        #expect(try String(contentsOfFile: "\(folder)/exitCode.txt", encoding: .utf8) == "0\n")
    }

    @Test(arguments: Job.Operation.allCases)
    func theInputIsJSONThatNamesItsOperation(operation: Job.Operation) throws {
        let input = Data(Job(operation: operation).input(workloadID: "w-7").utf8)
        let object = try #require(try JSONSerialization.jsonObject(with: input) as? [String: Any])
        #expect(object["workloadId"] as? String == "w-7")
        #expect(object["operationType"] as? String == operation.rawValue.uppercased())
        #expect((object["checkConnectionInput"] is NSNull) == (operation != .check))
        #expect((object["discoverCatalogInput"] is NSNull) == (operation != .discover))
    }

    @Test func takesWithItWhatAProgramLeaves() throws {
        let elsewhere = folder + "-elsewhere"
        try FileManager.default.createDirectory(atPath: elsewhere, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: elsewhere) }
        #expect(FileManager.default.createFile(atPath: "\(elsewhere)/kept", contents: nil))
        do {
            let workspace = try JobWorkspace(path: folder, input: "{}")
            try FileManager.default.createDirectory(
                atPath: "\(workspace.path)/a/b",
                withIntermediateDirectories: true
            )
            #expect(FileManager.default.createFile(atPath: "\(workspace.path)/a/b/file", contents: nil))
            try FileManager.default.createSymbolicLink(
                atPath: "\(workspace.path)/link",
                withDestinationPath: elsewhere
            )
            withExtendedLifetime(workspace) {}
        }
        #expect(!FileManager.default.fileExists(atPath: folder))
        #expect(FileManager.default.fileExists(atPath: "\(elsewhere)/kept"))
    }
}

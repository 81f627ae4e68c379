import Glibc
import Storage
import TestSupport
import Testing
import Workload

@testable import Sidecar

@Suite struct SettingsFileTests {
    private func settings(_ text: String) throws -> [String: String] {
        try SettingsFile(parsing: Array(text.utf8)).settings
    }

    private func completed(_ text: String, _ environment: [String: String] = [:]) throws -> [String: String] {
        let folder = TemporaryDirectory()
        let path = "\(folder.path)/settings.env"
        folder.write("settings.env", text)
        return try withExtendedLifetime(folder) {
            try SettingsFile.completed(environment.merging([SettingsFile.variable: path]) { $1 })
        }
    }

    private func complaint(about path: String) -> String {
        do throws(StartError) {
            _ = try SettingsFile.completed([SettingsFile.variable: path])
            return "none"
        } catch {
            #expect(error.status == ExitStatus.configuration && error.lines.count == 1)
            return error.lines.joined()
        }
    }

    // MARK: Lines

    @Test func lines() throws {
        let text =
            "\u{FEFF}# comment\r\nA=1\r\n\r\n  B = two words \n\t# another\nC=a=b # no comment\nD=\nA=2\nE=\"q\""
        #expect(
            try settings(text) == [
                "A": "2", "B": "two words", "C": "a=b # no comment", "D": "", "E": "\"q\"",
            ]
        )
        #expect(try settings("").isEmpty)
        #expect(try settings("lower_case9=x\n") == ["lower_case9": "x"])
    }

    @Test(arguments: [
        ("A=1\nhunter2\n\nB=1\nhunter 2=x\n", "2, 5"), ("=hunter2", "1"), ("9A=hunter2", "1"),
        ("export A=hunter2", "1"), ("A-B=hunter2", "1"), ("Ä=hunter2", "1"), ("A=hunter2\0", "1"),
        (String(repeating: "hunter2\n", count: 13), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 3 more"),
    ])
    func malformedLinesAreNumberedAndNotQuoted(_ text: String, _ lines: String) throws {
        do throws(CredentialFiles.Problem) {
            _ = try SettingsFile(parsing: Array(text.utf8))
            Issue.record("the lines were accepted")
        } catch {
            #expect(error.text.hasPrefix("is malformed in line \(lines): each line is NAME=value"))
            #expect(!error.text.contains("hunter"))
        }
    }

    @Test func textThatIsNotUTF8() {
        #expect(throws: CredentialFiles.Problem.self) { try SettingsFile(parsing: [0x41, 0x3D, 0xFF]) }
    }

    // MARK: Beside the environment

    @Test func theEnvironmentWinsUnlessItIsEmpty() throws {
        let all = try completed(
            "A=file\nB=file\nC=file\nD=file\nHTTP_PROXY=file\nhttps_proxy=file\n",
            ["A": "set", "B": "", "C": " \n", "http_proxy": "set", "HTTPS_PROXY": ""]
        )
        #expect(all["A"] == "set" && all["B"] == "file" && all["C"] == "file" && all["D"] == "file")
        #expect(all["HTTP_PROXY"] == nil, "the same variable in the other letter case is set")
        #expect(all["https_proxy"] == "file")
    }

    @Test func settingsOfTheFileCount() throws {
        let all = try completed(
            "SIDECAR_FILE_TIMEOUT_MINUTES=2\nAIRBYTE_CONFIG_DIR=/work\n",
            minimalEnvironment.merging(["AIRBYTE_SIDECAR_FILE_TIMEOUT_MINUTES": "7"]) { $1 }
        )
        let configuration = try Configuration(environment: all, paths: .everything)
        #expect(configuration.fileTimeouts.standalone == .seconds(120))
        #expect(Configuration.workspacePath(in: all) == "/work")
    }

    // MARK: The file

    @Test func aMissingFileIsFineUnlessItIsNamed() throws {
        #expect(try SettingsFile.completed(["A": "1"]) == ["A": "1"])
        #expect(
            complaint(about: "/nowhere/at/all")
                == "SIDECAR_SETTINGS_FILE=/nowhere/at/all: the file does not exist"
        )
        #expect(
            complaint(about: "settings.env") == "SIDECAR_SETTINGS_FILE=settings.env: not an absolute path"
        )
    }

    @Test func filesThatCannotBeUsed() throws {
        let folder = TemporaryDirectory()
        #expect(complaint(about: folder.path).hasSuffix("the file is not a regular file"))
        let pipe = "\(folder.path)/pipe"
        try #require(mkfifo(pipe, 0o600) == 0)
        #expect(complaint(about: pipe).hasSuffix("the file is not a regular file"))
        folder.write("long", text(ofLength: CredentialFiles.maxLength + 1))
        #expect(complaint(about: "\(folder.path)/long").hasSuffix("is longer than 65536 bytes"))
        folder.write("bad", "nonsense")
        #expect(complaint(about: "\(folder.path)/bad\n").contains("/bad: the file is malformed in line 1: "))
        // Kubernetes mounts files behind links.
        try #require(symlink("bad", "\(folder.path)/link") == 0)
        #expect(complaint(about: "\(folder.path)/link").contains("malformed"))
    }
}

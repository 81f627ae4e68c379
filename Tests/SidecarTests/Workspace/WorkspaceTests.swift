import Foundation
import Glibc
import Reactor
import TestSupport
import Testing

@testable import Sidecar

@Suite struct WorkspaceTests {
    private let directory = TemporaryDirectory()

    private func workspace() throws -> WorkspaceDirectory { try WorkspaceDirectory(path: directory.path) }

    private func problem(_ name: String, limit: Int = 100) throws -> String? {
        let workspace = try workspace()
        do throws(WorkspaceError) {
            _ = try workspace.contents(of: name, limit: limit)
            return nil
        } catch {
            #expect(error.file == name)
            return error.problem
        }
    }

    @Test func directoryMustExist() {
        #expect(throws: SystemError(call: "open", errno: ENOENT)) {
            try OpenDirectory(path: directory.path("no"))
        }
        directory.write("file", "")
        #expect(throws: SystemError(call: "open", errno: ENOTDIR)) {
            try OpenDirectory(path: directory.path("file"))
        }
    }

    // MARK: What can be opened

    @Test func regularFile() throws {
        directory.write("f", "content")
        let file = try #require(try workspace().open("f"))
        #expect(file.size == 7)
        #expect(try file.contents(limit: 7) == Array("content".utf8))
        #expect(try workspace().contents(of: "f", limit: 100) == Array("content".utf8))
    }

    @Test func missingIsNoProblem() throws {
        #expect(try workspace().open("f") === nil)
        #expect(try workspace().contents(of: "f", limit: 1) == nil)
    }

    @Test func emptyFile() throws {
        directory.write("f", "")
        #expect(try workspace().contents(of: "f", limit: 0) == [])
    }

    @Test func linksAreNotFollowed() throws {
        directory.write("target", "secret")
        #expect(symlink("target", directory.path("inside")) == 0)
        #expect(symlink("/etc/passwd", directory.path("outside")) == 0)
        #expect(symlink("nowhere", directory.path("dangling")) == 0)
        for name in ["inside", "outside", "dangling"] {
            #expect(try problem(name) == "is a symbolic link, which is not followed")
        }
    }

    @Test func nothingBesidesTheDirectoryIsOpened() throws {
        #expect(mkdir(directory.path("w"), 0o755) == 0)
        directory.write("secret", "x")
        let workspace = try WorkspaceDirectory(path: directory.path("w"))
        #expect(throws: WorkspaceError.self) { try workspace.open("../secret") }
        #expect(throws: WorkspaceError.self) { try workspace.open("/etc/passwd") }
    }

    @Test func fifo() throws {
        #expect(mkfifo(directory.path("f"), 0o644) == 0)
        #expect(try problem("f") == "is a FIFO, not a regular file")
    }

    @Test func folder() throws {
        #expect(mkdir(directory.path("f"), 0o755) == 0)
        #expect(try problem("f") == "is a directory, not a regular file")
    }

    @Test func socket() throws {
        try bindSocket(directory.path("f"))
        #expect(try problem("f") == "is a socket or a device, not a regular file")
    }

    private func bindSocket(_ path: String) throws {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        try #require(socket >= 0)
        defer { close(socket) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(result == 0)
    }

    @Test func tooLongFile() throws {
        directory.write("f", text(ofLength: 101))
        #expect(try problem("f") == "is longer than the 100 bytes that are read of it")
        #expect(try problem("f", limit: 101) == nil)
    }

    @Test func hugeFileIsNotRead() throws {
        directory.write("f", "")
        #expect(truncate(directory.path("f"), 1 << 40) == 0)
        #expect(try problem("f") == "is longer than the 100 bytes that are read of it")
    }

    // MARK: The exit code

    @Test func exitCode() throws {
        let workspace = try workspace()
        #expect(workspace.exitCode(isComplete: true) == .absent)
        directory.write("exitCode.txt", "13")
        #expect(workspace.exitCode(isComplete: false) == .notYet, "its last digit may be missing")
        #expect(workspace.exitCode(isComplete: true) == .found(.code(13)))
        directory.append("exitCode.txt", "7\n")
        #expect(workspace.exitCode(isComplete: false) == .found(.code(137)))
    }

    @Test func emptyExitCodeIsIncomplete() throws {
        directory.write("exitCode.txt", "")
        #expect(try workspace().exitCode(isComplete: false) == .notYet)
        #expect(try workspace().exitCode(isComplete: true) == .found(.unusable("is empty")))
    }

    @Test func exitCodeThatIsNoFile() throws {
        #expect(mkfifo(directory.path("exitCode.txt"), 0o644) == 0)
        for isComplete in [false, true] {
            #expect(
                try workspace().exitCode(isComplete: isComplete)
                    == .found(.unusable("is a FIFO, not a regular file"))
            )
        }
    }

    @Test func exitCodeThatIsTooLong() throws {
        directory.write("exitCode.txt", String(repeating: " ", count: 64) + "0\n")
        #expect(
            try workspace().exitCode(isComplete: false)
                == .found(.unusable("is longer than the 64 bytes that are read of it"))
        )
        directory.write("exitCode.txt", String(repeating: " ", count: 62) + "0\n")
        #expect(try workspace().exitCode(isComplete: false) == .found(.code(0)))
    }

    // MARK: The marker

    private func expectMarker(_ content: String = "") throws {
        try workspace().writeTerminatedMarker()
        let information = try #require(directory.information("TERMINATED"))
        #expect(information.st_mode & S_IFMT == S_IFREG)
        #expect(directory.read("TERMINATED") == content)
    }

    @Test func marker() throws {
        try expectMarker()
        try expectMarker()
    }

    @Test func markerThatIsThereIsLeftAlone() throws {
        directory.write("TERMINATED", "by the trap")
        try expectMarker("by the trap")
    }

    @Test func markerReplacesALink() throws {
        directory.write("victim", "untouched")
        #expect(symlink("victim", directory.path("TERMINATED")) == 0)
        try expectMarker()
        #expect(directory.read("victim") == "untouched")
    }

    @Test func markerReplacesADanglingLink() throws {
        #expect(symlink("nowhere", directory.path("TERMINATED")) == 0)
        try expectMarker()
        #expect(directory.entries() == ["TERMINATED"])
    }

    @Test func markerReplacesAFIFO() throws {
        #expect(mkfifo(directory.path("TERMINATED"), 0o644) == 0)
        try expectMarker()
    }

    @Test func markerReplacesAFIFOThatSomebodyReads() throws {
        #expect(mkfifo(directory.path("TERMINATED"), 0o644) == 0)
        let reader = open(directory.path("TERMINATED"), O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer { close(reader) }
        try expectMarker()
    }

    @Test func markerReplacesASocket() throws {
        try bindSocket(directory.path("TERMINATED"))
        try expectMarker()
    }

    @Test func markerReplacesAFolder() throws {
        #expect(mkdir(directory.path("TERMINATED"), 0o755) == 0)
        try expectMarker()
        #expect(directory.entries() == ["TERMINATED"])
    }

    @Test func markerReplacesAFolderWithSomethingInIt() throws {
        #expect(mkdir(directory.path("TERMINATED"), 0o755) == 0)
        directory.write("TERMINATED/inner", "x")
        try expectMarker()
    }

    // MARK: Its spare

    @Test func spareIsRemovedWhereItIsNotNeeded() throws {
        let workspace = try workspace()
        try workspace.makeSpareMarker()
        #expect(directory.entries() == [".TERMINATED.spare"])
        try workspace.writeTerminatedMarker()
        #expect(directory.entries() == ["TERMINATED"])
    }

    @Test func markerIsWrittenOnce() throws {
        let workspace = try workspace()
        try workspace.writeTerminatedMarker()
        #expect(unlink(directory.path("TERMINATED")) == 0)
        try workspace.writeTerminatedMarker()
        #expect(directory.entries() == [])
    }

    @Test func spareThatWasLeftBehindIsUsedAgain() throws {
        directory.write(".TERMINATED.spare", "")
        let inode = directory.information(".TERMINATED.spare")?.st_ino
        try workspace().makeSpareMarker()
        #expect(directory.information(".TERMINATED.spare")?.st_ino == inode)
    }

    @Test func spareReplacesALink() throws {
        directory.write("victim", "untouched")
        #expect(symlink("victim", directory.path(".TERMINATED.spare")) == 0)
        try workspace().makeSpareMarker()
        #expect(directory.information(".TERMINATED.spare").map { $0.st_mode & S_IFMT } == S_IFREG)
        #expect(directory.read("victim") == "untouched")
    }

    @Test(.enabled(if: SmallVolume.canBeMade))
    func withoutInodesTheSpareBecomesTheMarker() throws {
        let volume = try SmallVolume(inodes: 8)
        let workspace = try WorkspaceDirectory(path: volume.path)
        try workspace.makeSpareMarker()
        volume.useUpInodes()
        #expect(workspace.exhausted == "free inodes")
        try workspace.writeTerminatedMarker()
        #expect(volume.information("TERMINATED").map { $0.st_mode & S_IFMT } == S_IFREG)
        #expect(volume.information(".TERMINATED.spare") == nil)
    }

    @Test(.enabled(if: SmallVolume.canBeMade))
    func withoutInodesTheSpareReplacesAFolderWithSomethingInIt() throws {
        let volume = try SmallVolume(inodes: 8)
        let workspace = try WorkspaceDirectory(path: volume.path)
        try workspace.makeSpareMarker()
        #expect(mkdir("\(volume.path)/TERMINATED", 0o755) == 0)
        #expect(mkdir("\(volume.path)/TERMINATED/inner", 0o755) == 0)
        volume.useUpInodes()
        try workspace.writeTerminatedMarker()
        #expect(volume.information("TERMINATED").map { $0.st_mode & S_IFMT } == S_IFREG)
    }

    @Test(.enabled(if: SmallVolume.canBeMade))
    func withoutInodesAndSpareTheMarkerFails() throws {
        let volume = try SmallVolume(inodes: 8)
        volume.useUpInodes()
        let workspace = try WorkspaceDirectory(path: volume.path)
        let noInodes = SystemError(call: "mknodat", errno: ENOSPC)
        #expect(throws: noInodes) { try workspace.makeSpareMarker() }
        #expect(throws: noInodes) { try workspace.writeTerminatedMarker() }
    }

    /// The connector can put anything in the spare's place.
    @Test(.enabled(if: SmallVolume.canBeMade))
    func withoutInodesALinkInPlaceOfTheSpareIsNoMarker() throws {
        let volume = try SmallVolume(inodes: 8)
        let workspace = try WorkspaceDirectory(path: volume.path)
        try workspace.makeSpareMarker()
        #expect(unlink("\(volume.path)/.TERMINATED.spare") == 0)
        #expect(symlink("nowhere", "\(volume.path)/.TERMINATED.spare") == 0)
        volume.useUpInodes()
        #expect(throws: SystemError(call: "mknodat", errno: ENOSPC)) { try workspace.writeTerminatedMarker() }
    }

    // MARK: Who writes

    @Test func openForWriting() throws {
        directory.write("f", "x")
        let file = try #require(try workspace().open("f"))
        #expect(file.isOpenForWriting == false)
        let writer = open(directory.path("f"), O_WRONLY | O_CLOEXEC)
        #expect(file.isOpenForWriting == true)
        #expect(file.isOpenForWriting == true, "asking changes nothing")
        close(writer)
        #expect(file.isOpenForWriting == false)
        let reader = open(directory.path("f"), O_RDONLY | O_CLOEXEC)
        #expect(file.isOpenForWriting == false, "readers do not count")
        close(reader)
    }

    @Test func identity() throws {
        directory.write("f", "x")
        directory.write("g", "x")
        let workspace = try workspace()
        let first = try #require(try workspace.open("f"))
        #expect(try #require(try workspace.open("f")).identity == first.identity)
        #expect(rename(directory.path("g"), directory.path("f")) == 0)
        #expect(try #require(try workspace.open("f")).identity != first.identity)
    }

    @Test func localFileSystemsTellOfWrites() throws {
        #expect(try workspace().watchIsReliable)
    }
}

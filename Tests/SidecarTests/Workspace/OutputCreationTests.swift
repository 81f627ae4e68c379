import Glibc
import TestSupport
import Testing

@testable import Sidecar

/// The connector output that the sidecar makes.
@Suite struct OutputCreationTests {
    private static let output = "jobOutput.json"
    private let directory = TemporaryDirectory()

    private func create(protectedRegular: String? = "0\n") throws -> OutputCreation {
        try WorkspaceDirectory(path: directory.path).createOutput(protectedRegular: protectedRegular)
    }

    private func created() throws -> any WorkspaceFile {
        try WorkspaceDirectory(path: directory.path).createdOutput()
    }

    @Test func emptyAndForEverybody() throws {
        let file = try created()
        let information = try #require(directory.information(Self.output))
        // Not 0644, as under the usual umask.
        #expect(information.st_mode == S_IFREG | 0o666)
        #expect(information.st_size == 0)
        #expect(information.st_ino == file.identity.inode)
        #expect(fcntl(file.descriptor, F_GETFD) & FD_CLOEXEC != 0)
        #expect(file.isOpenForWriting == false, "its own descriptor is no writer")
    }

    @Test func whatIsThereIsLeftAlone() throws {
        directory.write(Self.output, "content")
        #expect(chmod(directory.path(Self.output), 0o600) == 0)
        guard case .exists = try create() else {
            Issue.record("it was made anew")
            return
        }
        #expect(directory.read(Self.output) == "content")
        #expect(try #require(directory.information(Self.output)).st_mode == S_IFREG | 0o600)
    }

    @Test(arguments: ["link", "dangling link", "FIFO", "directory"])
    func anythingElseThatIsThereIsLeftAloneToo(_ kind: String) throws {
        directory.write("target", "untouched")
        let path = directory.path(Self.output)
        let result =
            switch kind {
            case "link": symlink("target", path)
            case "dangling link": symlink("nowhere", path)
            case "FIFO": mkfifo(path, 0o644)
            default: mkdir(path, 0o755)
            }
        #expect(result == 0)
        let before = try #require(directory.information(Self.output))
        guard case .exists = try create() else {
            Issue.record("\(kind) was not noticed")
            return
        }
        let after = try #require(directory.information(Self.output))
        #expect(after.st_mode == before.st_mode && after.st_ino == before.st_ino)
        #expect(directory.read("target") == "untouched")
        #expect(directory.entries() == [Self.output, "target"])
    }

    /// proc_sys_fs(5): in a sticky directory the kernel lets nobody but its owner open another's file with O_CREAT.
    @Test(.enabled(if: geteuid() == 0), arguments: ["1\n", "2\n", nil])
    func notInAStickyDirectoryOfAnother(_ protectedRegular: String?) throws {
        #expect(chown(directory.path, 1_000, 1_000) == 0 && chmod(directory.path, 0o1777) == 0)
        guard case .leftToMain(let reason) = try create(protectedRegular: protectedRegular) else {
            Issue.record("it was made")
            return
        }
        #expect(reason.contains("sticky"))
        #expect(directory.entries() == [])
    }

    @Test(
        .enabled(if: geteuid() == 0),
        arguments: [(uid_t(1_000), mode_t(0o1777), "0\n"), (1_000, 0o777, "2\n"), (0, 0o1777, "2\n")]
    )
    func inOtherDirectoriesItIsMade(_ owner: uid_t, _ mode: mode_t, _ protectedRegular: String) throws {
        #expect(chown(directory.path, owner, owner) == 0 && chmod(directory.path, mode) == 0)
        guard case .created = try create(protectedRegular: protectedRegular) else {
            Issue.record("it was not made")
            return
        }
    }

    @Test func directoryThatIsGone() throws {
        let workspace = try WorkspaceDirectory(path: directory.path)
        #expect(rmdir(directory.path) == 0)
        guard case .leftToMain(let reason) = workspace.createOutput(protectedRegular: "0") else {
            Issue.record("it was made")
            return
        }
        #expect(reason == "openat: ENOENT (No such file or directory)")
    }

    // MARK: The connector's open

    private func opening(created: (any WorkspaceFile)?) throws -> OutputOpening {
        OutputOpening(try WorkspaceDirectory(path: directory.path), created: created)
    }

    private func open(_ flags: Int32) -> Int32 {
        Glibc.open(directory.path(Self.output), flags | O_CLOEXEC, 0o644)
    }

    private func expectOpening(_ expected: Bool, _ opening: OutputOpening, _ comment: Comment? = nil) {
        opening.look()
        #expect(opening.hasHappened == expected, comment)
    }

    @Test func readersDoNotOpenIt() throws {
        let opening = try opening(created: created())
        expectOpening(false, opening)
        let reader = open(O_RDONLY)
        expectOpening(false, opening)
        var byte: UInt8 = 0
        #expect(read(reader, &byte, 1) == 0)
        close(reader)
        expectOpening(false, opening, "nor does the sidecar's own descriptor")
    }

    /// `>>` and `<>` change nothing about the file: the lease tells.
    @Test(arguments: [O_WRONLY | O_APPEND, O_RDWR, O_WRONLY | O_CREAT])
    func silentWriterOpensIt(_ flags: Int32) throws {
        let opening = try opening(created: created())
        let writer = open(flags)
        expectOpening(true, opening)
        close(writer)
        expectOpening(true, opening, "it has happened")
    }

    /// `>` that was over before anybody looked.
    @Test func truncationOpensIt() throws {
        let opening = try opening(created: created())
        // The clock of a file system can be as coarse as a tick of 10 ms.
        usleep(20_000)
        close(open(O_WRONLY | O_TRUNC))
        expectOpening(true, opening)
    }

    @Test func contentOpensIt() throws {
        let opening = try opening(created: created())
        directory.append(Self.output, "x")
        expectOpening(true, opening)
    }

    @Test func anotherFileInItsPlaceOpensIt() throws {
        let opening = try opening(created: created())
        #expect(unlink(directory.path(Self.output)) == 0)
        expectOpening(false, opening)
        close(open(O_RDONLY | O_CREAT))
        expectOpening(true, opening)
    }

    @Test(arguments: ["file", "FIFO"])
    func whatSomebodyElseHasMadeIsOpenedByAppearing(_ kind: String) throws {
        let opening = try opening(created: nil)
        expectOpening(false, opening)
        if kind == "file" {
            directory.write(Self.output, "")
        } else {
            #expect(mkfifo(directory.path(Self.output), 0o644) == 0)
        }
        expectOpening(true, opening)
    }

    @Test func notedIsOpened() throws {
        let opening = try opening(created: created())
        opening.note()
        #expect(opening.hasHappened)
    }

    // MARK: Counting writers

    @Test func writersAreCounted() {
        var count = WriterCount()
        #expect(!count.isNobody, "whoever made the file has it open")
        count.opened()
        count.closed()
        #expect(!count.isNobody)
        count.closed()
        #expect(count.isNobody)
        // Of one that opened it before the watch began.
        count.closed()
        #expect(count.isNobody)
        count.opened()
        #expect(!count.isNobody)
    }
}

/// The output was not created, although nothing stood in the way.
struct NotCreated: Error {}

extension WorkspaceDirectory {
    /// The output, which has to be created by this.
    func createdOutput() throws -> any WorkspaceFile {
        guard case .created(let file) = createOutput() else { throw NotCreated() }
        return file
    }
}

import Glibc
import Storage
import TestSupport
import Testing
import Text

@testable import Sidecar

@Suite struct LocalFolderTests {
    private let directory = TemporaryDirectory()
    private var storage: LocalFolder { store(in: directory.path) }

    private func store(in root: String) -> LocalFolder {
        LocalFolder(root: root)
    }

    private func failure(_ key: String, root: String? = nil) -> String? {
        do throws(StorageFailure) {
            try store(in: root ?? directory.path).store(ObjectContent([1, 2]), key: key)
            return nil
        } catch {
            return error.message
        }
    }

    @Test func storesWithTheFoldersItNeeds() throws {
        try storage.store(ObjectContent(Array("content".utf8)), key: "/workload/output/w-1")
        #expect(directory.read("workload/output/w-1") == "content")
        #expect(directory.entries() == ["workload"])
        #expect(directory.entries(of: "workload/output") == ["w-1"], "no temporary file is left")
    }

    @Test(arguments: ["/a/b/c", "a/b/c", "//a//b/c/"])
    func slashesAroundPartsDoNotMatter(_ key: String) throws {
        try storage.store(ObjectContent([0x78]), key: key)
        #expect(directory.read("a/b/c") == "x")
    }

    /// What is stored in a folder that nobody has mounted would be lost with the container.
    @Test func rootIsNeverMade() {
        let root = directory.path("new")
        #expect(failure("k", root: root) == "the folder \(root) does not exist; mount a volume there")
        #expect(directory.entries() == [])
    }

    @Test func modes() throws {
        try storage.store(ObjectContent([1]), key: "folder/file")
        let mask = try #require(currentUmask())
        #expect(directory.information("folder").map { $0.st_mode & 0o777 } == 0o755 & ~mask)
        #expect(directory.information("folder/file").map { $0.st_mode & 0o777 } == 0o644 & ~mask)
    }

    /// The process's umask without changing it, as proc(5) tells it.
    private func currentUmask() -> mode_t? {
        let status = TemporaryDirectory.read(path: "/proc/self/status") ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("Umask:") }
        return line.flatMap { mode_t($0.dropFirst(6).trimmingWhitespace(), radix: 8) }
    }

    @Test func emptyDocument() throws {
        try storage.store(ObjectContent([]), key: "k")
        #expect(directory.read("k") == "")
    }

    @Test func largeDocument() throws {
        let content = text(ofLength: 5_000_000)
        try storage.store(ObjectContent(Array(content.utf8)), key: "k")
        #expect(directory.read("k") == content)
    }

    @Test func oldDocumentIsReplacedWhole() throws {
        try storage.store(ObjectContent(Array("a longer document".utf8)), key: "k")
        let old = open(directory.path("k"), O_RDONLY | O_CLOEXEC)
        defer { close(old) }
        try storage.store(ObjectContent(Array("short".utf8)), key: "k")
        #expect(directory.read("k") == "short")
        // Whoever has the old one open goes on reading it: it was not written over.
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = read(old, &bytes, bytes.count)
        #expect(String(decoding: bytes[..<count], as: UTF8.self) == "a longer document")
    }

    @Test func linkInPlaceOfTheDocumentIsReplacedNotFollowed() throws {
        directory.write("victim", "untouched")
        #expect(symlink(directory.path("victim"), directory.path("k")) == 0)
        try storage.store(ObjectContent([0x78]), key: "k")
        #expect(directory.read("victim") == "untouched")
        #expect(directory.read("k") == "x")
    }

    @Test func leftoverTemporaryFileDoesNotMatter() throws {
        directory.write(".k.\(getpid()).tmp", "from a process that died")
        try storage.store(ObjectContent([0x78]), key: "k")
        #expect(directory.read("k") == "x")
        #expect(directory.entries() == ["k"])
    }

    @Test(arguments: ["", "/", "..", "a/../b", "a/..", "./a", "a/./b", "a\u{0}b"])
    func keysThatAreNoNameAreRefused(_ key: String) {
        #expect(failure(key)?.contains("is not a valid file name below \(directory.path)") == true)
        #expect(directory.entries() == [])
    }

    @Test func maxNamesLength() throws {
        let longest = text(ofLength: 255)
        try storage.store(ObjectContent([0x78]), key: longest)
        #expect(directory.read(longest) == "x")
        // As many bytes in fewer characters.
        let wide = String(repeating: "€", count: 85)
        try storage.store(ObjectContent([0x78]), key: wide)
        #expect(directory.read(wide) == "x")
        #expect(failure(text(ofLength: 256))?.contains("is not a valid file name") == true)
    }

    // MARK: Failures

    @Test func rootBelowAFile() {
        directory.write("file", "")
        let root = directory.path("file/root")
        #expect(failure("k", root: root) == "cannot open the folder \(root): ENOTDIR")
    }

    @Test func folderThatIsAFile() {
        directory.write("workload", "")
        #expect(failure("workload/output/w") == "cannot open the folder \(directory.path)/workload: ENOTDIR")
    }

    @Test func documentThatIsAFolder() throws {
        try storage.store(ObjectContent([1]), key: "k/inner")
        #expect(failure("k") == "cannot rename \(directory.path)/k: EISDIR")
        #expect(directory.entries() == ["k"], "no temporary file is left")
    }

    @Test func rootWhoseParentIsMissing() {
        let root = directory.path("no/such")
        #expect(failure("k", root: root) == "the folder \(root) does not exist; mount a volume there")
    }

    @Test func folderInWhichNothingCanBeMade() {
        // Not even root can make files in /proc.
        #expect(failure("k", root: "/proc/self")?.hasPrefix("cannot create /proc/self/k: ") == true)
    }
}

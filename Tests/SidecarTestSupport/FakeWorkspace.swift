import Glibc
import Reactor
import Scheduling
import Sidecar

/// A workspace in memory. A test writes its files, and the sidecar hears of it in a later tick, as from inotify.
package final class FakeWorkspace: Workspace {
    package let path = "/fake"
    package let watchIsReliable = true
    package let exhausted: String? = nil
    package private(set) var isMarked = false
    package private(set) var hasSpareMarker = false
    /// Set where no file can be created any more.
    package var hasNoInodes = false

    private let scheduler: any Scheduler
    private var files: [String: FakeFile] = [:]
    private var lastNumber: Int32 = 0
    private weak var watching: FakeWatch?

    package init(scheduler: any Scheduler) {
        self.scheduler = scheduler
    }

    /// Appends to a file, which is made where it is missing. The writer closes it.
    package func write(_ name: String, _ text: String) {
        let file = files[name] ?? make(name)
        file.bytes += Array(text.utf8)
        file.changes += 1
        switch name {
        case FileName.output: tell([.outputWritten, .outputClosed])
        case FileName.exitCode: tell([.exitCodeCreated, .exitCodeComplete])
        default: break
        }
    }

    private func make(_ name: String) -> FakeFile {
        lastNumber += 1
        let file = FakeFile(name, number: lastNumber)
        files[name] = file
        return file
    }

    private func tell(_ changes: [WorkspaceChange]) {
        scheduler.schedule(after: .zero) { [weak self] in self?.watching?.handler?(changes) }
    }

    package func open(_ name: String) throws(WorkspaceError) -> (any WorkspaceFile)? { files[name] }

    package func identity(of name: String) -> FileIdentity? { files[name]?.identity }

    package func createOutput() -> OutputCreation {
        files[FileName.output] == nil ? .created(make(FileName.output)) : .exists
    }

    package func makeSpareMarker() throws(SystemError) {
        guard !hasNoInodes else { throw SystemError(call: "mknodat", errno: ENOSPC) }
        hasSpareMarker = true
    }

    package func writeTerminatedMarker() throws(SystemError) {
        guard !hasNoInodes || hasSpareMarker || isMarked else {
            throw SystemError(call: "mknodat", errno: ENOSPC)
        }
        isMarked = true
        hasSpareMarker = false
    }

    package func watch(
        _ handler: @escaping ([WorkspaceChange]) -> Void
    ) throws(SystemError) -> any WorkspaceWatch {
        let watch = FakeWatch(handler)
        watching = watch
        return watch
    }

    package func makeReader() -> any WorkspaceReader { FakeReader(scheduler) }
}

private final class FakeFile: WorkspaceFile {
    let name: String
    let descriptor: Int32
    var bytes: [UInt8] = []
    var changes = 0
    let isOpenForWriting: Bool? = false

    init(_ name: String, number: Int32) {
        self.name = name
        descriptor = number
    }

    var identity: FileIdentity { FileIdentity(device: 0, inode: UInt64(descriptor)) }
    var size: UInt64 { UInt64(bytes.count) }
    var modification: FileModification? {
        FileModification(seconds: changes, nanoseconds: 0, size: bytes.count)
    }

    func contents(limit: Int) throws(WorkspaceError) -> [UInt8] {
        guard bytes.count <= limit else { throw WorkspaceError(file: name, problem: "is too long") }
        return bytes
    }

    func bytes(at offset: UInt64, count: Int) throws(WorkspaceError) -> [UInt8] {
        Array(bytes.dropFirst(Int(offset)).prefix(count))
    }

    func data(from offset: UInt64) -> UInt64 { offset }
}

private final class FakeWatch: WorkspaceWatch {
    let missing: SystemError? = nil
    private(set) var handler: (([WorkspaceChange]) -> Void)?

    init(_ handler: @escaping ([WorkspaceChange]) -> Void) {
        self.handler = handler
    }

    func watchOpens(of output: any WorkspaceFile) {}
    func ignoreOpens() {}
    func cancel() { handler = nil }
}

private final class FakeReader: WorkspaceReader {
    let capacity = 16
    private let scheduler: any Scheduler
    private var piece: [UInt8] = []
    private var timer: TimerToken?

    init(_ scheduler: any Scheduler) {
        self.scheduler = scheduler
    }

    func read(
        _ file: any WorkspaceFile,
        at offset: UInt64,
        completion: @escaping (Result<Int, SystemError>) -> Void
    ) throws(SystemError) {
        timer = scheduler.schedule(after: .zero) { [weak self] in
            guard let self else { return }
            timer = nil
            piece = (try? file.bytes(at: offset, count: capacity)) ?? []
            completion(.success(piece.count))
        }
    }

    func readAtOnce(_ file: any WorkspaceFile, at offset: UInt64) -> Int? { nil }

    func withBytes(_ count: Int, _ body: (RawSpan) -> Void) {
        piece.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count]).bytes) }
    }

    func cancel() {
        if let timer { scheduler.cancel(timer) }
        timer = nil
    }
}

import Glibc
import Reactor
import Scheduling
import Sidecar

/// A workspace in memory, with the faults of a run.
///
/// The main container's part of the interface (`open`, `append`, `rename` …) changes the files at once. The sidecar hears
/// of it as from inotify, in a later tick.
package final class SimulatedWorkspace: Workspace {
    package let path = "/config"
    package let watchIsReliable: Bool
    package var exhausted: String? { faults.exhausted }
    /// When `TERMINATED` was written.
    package private(set) var marked: Instant?

    private let timeline: Timeline
    private let faults: WorkspaceFaults
    private let census: Census
    private let story: Story
    private var random: SplitMix64
    private var files: [String: SimulatedFile] = [:]
    private var lastNumber: Int32 = 0
    private var hasSpareMarker = false
    private weak var watching: SimulatedWatch?
    private var isReportPending = false
    /// Bytes that the sidecar has been handed in the present tick.
    var bytesRead = 0
    /// Loses what the sidecar reads from this offset on.
    var hidesBytesFrom: Int?
    /// The marker is written so much later.
    var markerDelay: Duration = .zero

    init(_ faults: WorkspaceFaults, _ timeline: Timeline, _ census: Census, _ story: Story, seed: UInt64) {
        self.faults = faults
        self.timeline = timeline
        self.census = census
        self.story = story
        watchIsReliable = faults.watch != .unreliable
        random = SplitMix64(seed: seed)
    }

    // MARK: The sidecar's side

    package func open(_ name: String) throws(WorkspaceError) -> (any WorkspaceFile)? { files[name] }

    package func identity(of name: String) -> FileIdentity? { files[name]?.identity }

    package func createOutput() -> OutputCreation {
        guard files[FileName.output] == nil else { return .exists }
        if faults.leavesOutputToMain {
            census.count(.outputLeftToMain)
            return .leftToMain("the directory is sticky")
        }
        return .created(make(FileName.output, byMain: false))
    }

    package func makeSpareMarker() throws(SystemError) {
        hasSpareMarker = true
    }

    package func writeTerminatedMarker() throws(SystemError) {
        guard marked == nil else { return }
        if faults.runsOutOfInodes {
            census.count(.inodesUsedUp)
            guard hasSpareMarker else { throw SystemError(call: "mknodat", errno: ENOSPC) }
        }
        guard markerDelay > .zero else { return mark() }
        timeline.plan(after: markerDelay) { [weak self] in self?.mark() }
    }

    private func mark() {
        marked = timeline.now
        story.tell("sidecar", "writes \(FileName.terminated)")
    }

    package func watch(
        _ handler: @escaping ([WorkspaceChange]) -> Void
    ) throws(SystemError) -> any WorkspaceWatch {
        if faults.watch == .refused {
            census.count(.watchRefused)
            throw SystemError(call: "inotify_init1", errno: EMFILE)
        }
        let isCoarse = faults.watch == .coarse
        if isCoarse { census.count(.watchCoarse) }
        let watch = SimulatedWatch(
            missing: isCoarse ? SystemError(call: "inotify_init1", errno: EMFILE) : nil,
            handler
        )
        watching = watch
        return watch
    }

    package func makeReader() -> any WorkspaceReader {
        SimulatedReader(self, timeline, capacity: faults.readCapacity)
    }

    /// One read: at once an error of the call, later an error of the read, or the bytes.
    fileprivate func takeRead(
        of file: any WorkspaceFile,
        at offset: UInt64,
        count: Int
    ) throws(SystemError) -> Result<[UInt8], SystemError> {
        if Double.random(in: 0..<1, using: &random) < faults.busyReads {
            census.count(.readBusy)
            throw SystemError(call: "io_uring_enter", errno: EAGAIN)
        }
        if let limit = faults.readErrorFrom, offset >= limit, file.name == FileName.output {
            census.count(.readError)
            return .failure(SystemError(call: "read", errno: EIO))
        }
        var length = count
        if count > 1, Double.random(in: 0..<1, using: &random) < faults.shortReads {
            census.count(.readShort)
            length = Int.random(in: 1..<count, using: &random)
        }
        var piece = (try? file.bytes(at: offset, count: length)) ?? []
        if let hidden = hidesBytesFrom { piece = Array(piece.prefix(max(0, hidden - Int(offset)))) }
        bytesRead += piece.count
        return .success(piece)
    }

    /// Half of the reads that are wanted at once can be had so.
    fileprivate func takeReadAtOnce(of file: any WorkspaceFile, at offset: UInt64, count: Int) -> [UInt8]? {
        guard Bool.random(using: &random) else { return nil }
        guard let bytes = try? takeRead(of: file, at: offset, count: count).get() else { return nil }
        census.count(.readAtOnce)
        return bytes
    }

    // MARK: The main container's side

    /// The present output's bytes; nil where there is none.
    package var output: [UInt8]? { files[FileName.output]?.bytes }

    /// Whether the connector has its output open.
    var hasWriter: Bool { (files[FileName.output]?.writers ?? 0) > 0 }

    /// Opens the output as a shell's `>` does.
    func openOutput() {
        let present = files[FileName.output]
        let file = present ?? make(FileName.output, byMain: true)
        file.writers += 1
        if present == nil {
            tell([.outputReplaced])
        } else {
            if watching?.reportsOpens == true { tell([.outputOpened]) }
            file.truncate()
            tell([.outputWritten])
        }
    }

    func append(_ bytes: ArraySlice<UInt8>) {
        files[FileName.output]?.append(bytes)
        tell([.outputWritten])
    }

    func truncateOutput(to length: Int) {
        files[FileName.output]?.truncate(to: length)
        tell([.outputWritten])
    }

    /// Puts another file in the output's place. The writer has the new one open.
    func replaceOutput(with bytes: [UInt8]) {
        files[FileName.output]?.writers = 0
        let file = make(FileName.output, byMain: true)
        file.append(bytes[...])
        file.writers = 1
        tell([.outputReplaced])
    }

    func closeOutput() {
        guard let file = files[FileName.output], file.writers > 0 else { return }
        file.writers -= 1
        tell([.outputClosed])
    }

    /// As the launcher's shell does.
    func renameExitCode(_ text: String) {
        let file = make(FileName.exitCode, byMain: true)
        file.append(Array(text.utf8)[...])
        tell([.exitCodeComplete])
    }

    /// Writes a part of the exit code in place, and closes the file after the last.
    func writeExitCode(_ part: String, isLast: Bool) {
        let isNew = files[FileName.exitCode] == nil
        let file = files[FileName.exitCode] ?? make(FileName.exitCode, byMain: true)
        file.append(Array(part.utf8)[...])
        var changes: [WorkspaceChange] = isNew ? [.exitCodeCreated] : []
        if isLast { changes.append(.exitCodeComplete) }
        tell(changes)
    }

    /// The init container writes before the sidecar starts.
    func writeInput(_ text: String) {
        make(FileName.input, byMain: true).append(Array(text.utf8)[...])
    }

    @discardableResult
    private func make(_ name: String, byMain: Bool) -> SimulatedFile {
        lastNumber += 1
        let file = SimulatedFile(
            name,
            number: lastNumber,
            answersLeases: byMain ? faults.answersLeases : true
        )
        files[name] = file
        return file
    }

    /// Queues events of inotify.
    private func tell(_ changes: [WorkspaceChange]) {
        var changes = changes
        switch faults.watch {
        case .silent:
            census.count(.watchSilent)
            return
        case .overflowing where Int.random(in: 0..<4, using: &random) == 0:
            census.count(.watchOverflow)
            changes = [.unknown]
        case .coarse:
            // One report for all changes, and none of closes.
            guard !isReportPending, changes != [.outputClosed] else { return }
            isReportPending = true
            changes = [.unknown]
        default: break
        }
        timeline.plan(after: .zero, .sidecar) { [weak self] in
            self?.isReportPending = false
            self?.watching?.handler?(changes)
        }
    }
}

private final class SimulatedWatch: WorkspaceWatch {
    let missing: SystemError?
    private(set) var handler: (([WorkspaceChange]) -> Void)?
    private(set) var reportsOpens = false

    init(missing: SystemError?, _ handler: @escaping ([WorkspaceChange]) -> Void) {
        self.missing = missing
        self.handler = handler
    }

    func watchOpens(of output: any WorkspaceFile) { reportsOpens = missing == nil }
    func ignoreOpens() { reportsOpens = false }
    func cancel() { handler = nil }
}

private final class SimulatedReader: WorkspaceReader {
    let capacity: Int
    private let workspace: SimulatedWorkspace
    private let timeline: Timeline
    private var piece: [UInt8] = []
    private var timer: TimerToken?

    init(_ workspace: SimulatedWorkspace, _ timeline: Timeline, capacity: Int) {
        self.workspace = workspace
        self.timeline = timeline
        self.capacity = capacity
    }

    func read(
        _ file: any WorkspaceFile,
        at offset: UInt64,
        completion: @escaping (Result<Int, SystemError>) -> Void
    ) throws(SystemError) {
        precondition(timer == nil, "one read at a time")
        let result = try workspace.takeRead(of: file, at: offset, count: capacity)
        timer = timeline.plan(after: .microseconds(20), .sidecar) { [weak self] in
            guard let self else { return }
            timer = nil
            piece = (try? result.get()) ?? []
            completion(result.map(\.count))
        }
    }

    func readAtOnce(_ file: any WorkspaceFile, at offset: UInt64) -> Int? {
        precondition(timer == nil, "one read at a time")
        guard let bytes = workspace.takeReadAtOnce(of: file, at: offset, count: capacity) else { return nil }
        piece = bytes
        return bytes.count
    }

    func withBytes(_ count: Int, _ body: (RawSpan) -> Void) {
        piece.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count]).bytes) }
    }

    func cancel() {
        if let timer { timeline.cancel(timer) }
        timer = nil
    }
}

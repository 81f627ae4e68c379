import AirbyteProtocol
import Glibc
import Logging
import Reactor
import Scheduling

/// Reads the connector's output as it grows.
final class OutputTail {
    /// The delay until the kernel has room for one more read.
    private static let retryDelay: Duration = .milliseconds(1)

    private let workspace: any Workspace
    private let output: ConnectorOutput
    private let scheduler: any Scheduler
    private let outlet: any BackPressure
    private let log: Logger
    private let maxLastReading: UInt64
    private let onBytes: (RawSpan) -> Void
    private let onZeros: (UInt64) -> Void
    private let onRestart: () -> Void
    private let reader: any WorkspaceReader

    private var file: (any WorkspaceFile)? {
        get { output.file }
        set { output.file = newValue }
    }
    private var offset: UInt64 = 0
    private var zeros = ZeroRun()
    /// To notice that the file was rewritten.
    private var samples = ReadSamples()
    private var isReading = false
    /// The file may have grown since the read that is under way was started.
    private var isStale = false
    /// Another file may have taken the name.
    private var mayBeReplaced = false
    /// Set once the output has to be read to its end.
    private var finishing: Finishing?
    private var isHeldBack = false
    /// Whether a `finish` has come to its end.
    private var hasFinished = false
    private var isCancelled = false
    private var toldProblem: WorkspaceError?

    /// The last part of the reading.
    private struct Finishing {
        /// The file's size when this part began with it. What a writer adds later does not count: one that never stops
        /// must not keep the job from ending.
        var goal: UInt64?
        /// How often the reading has started over, since the file was truncated or replaced.
        var restarts = 0
        /// How many bytes have been read since this part began.
        var read: UInt64 = 0
        /// Set where the rest is not read, for want of time or because it is too long.
        var problem: WorkspaceError?
        var completion: (WorkspaceError?) -> Void
    }

    /// A file that is truncated or replaced again and again must not keep the job from ending either.
    private static let restartsWhileFinishing = 1

    /// Once the connector has ended, no more is read than this, in bytes: 32 times the largest result that is tested. An
    /// endless output must not keep the job from ending; holes do not count.
    static let maxLastReading: UInt64 = 32 * 1_024 * 1_024 * 1_024

    /// The handlers are called from the loop.
    ///
    /// - Parameters:
    ///   - output: gets the file that is being read.
    ///   - maxLastReading: in bytes.
    ///   - onBytes: takes the next bytes; the span lives for the call only.
    ///   - onZeros: takes the number of zero bytes that follow, see `TranscriptReader.skipZeros`.
    ///   - onRestart: what follows has nothing to do with what was read before, since the file was truncated or
    ///     replaced.
    init(
        workspace: any Workspace,
        output: ConnectorOutput,
        scheduler: any Scheduler,
        outlet: any BackPressure,
        log: Logger,
        maxLastReading: UInt64 = OutputTail.maxLastReading,
        onBytes: @escaping (RawSpan) -> Void,
        onZeros: @escaping (UInt64) -> Void,
        onRestart: @escaping () -> Void
    ) {
        self.workspace = workspace
        self.output = output
        self.scheduler = scheduler
        reader = workspace.makeReader()
        self.outlet = outlet
        self.log = log
        self.maxLastReading = maxLastReading
        self.onBytes = onBytes
        self.onZeros = onZeros
        self.onRestart = onRestart
    }

    /// Reads on: the file has grown, or may have. A line that has just been written is read before this returns.
    func wake() {
        isStale = true
        readOn(atOnce: true)
    }

    /// Another file may have taken the name; it is read after the present one.
    func wakeReplaced() {
        mayBeReplaced = true
        isStale = true
        readOn()
    }

    /// Looks at the file and its name, and reads on where something has changed without a report.
    ///
    /// - Returns: whether something has.
    func look() -> Bool {
        guard !hasFinished, !isCancelled else { return false }
        if isReading || file != nil && isStale {
            // What is being read, or waits until it can be shown, is known; what has come since is not.
            isStale = true
            mayBeReplaced = true
            return false
        }
        if let file, file.size == offset,
            workspace.identity(of: FileName.output) ?? file.identity == file.identity
        {
            return false
        }
        let wasMissing = file == nil
        wakeReplaced()
        return toldProblem == nil && (!wasMissing || file != nil)
    }

    /// Reads to the present end and calls back, from the loop, with the problem that kept the output from being read, if
    /// there was one. Back-pressure no longer counts.
    ///
    /// Nothing is read after that: the file that was read last stays the one from which parts are read again.
    func finish(_ completion: @escaping (WorkspaceError?) -> Void) {
        finishing = Finishing(completion: completion)
        isHeldBack = false
        wakeReplaced()
    }

    /// Ends a `finish` with what has been read so far.
    ///
    /// - Parameter reason: continues "was not read to its end, since …".
    func finishNow(_ reason: String) {
        guard var last = finishing, last.problem == nil else { return }
        let problem = WorkspaceError(
            file: FileName.output,
            problem: "was not read to its end, since \(reason)"
        )
        log.warning("\(problem.file) \(problem.problem)")
        // The read that is under way is the last.
        last.goal = 0
        last.restarts = Self.restartsWhileFinishing
        last.problem = problem
        finishing = last
    }

    /// Stops reading; the handlers are not called any more.
    func cancel() {
        reader.cancel()
        isReading = false
        finishing = nil
        isCancelled = true
    }

    /// Whether a writer holds the output open; nil where that is unknown or there is no output.
    var isOpenForWriting: Bool? {
        openIfNeeded()
        return file?.isOpenForWriting
    }
}

// MARK: - Reading

extension OutputTail {
    /// - Parameter atOnce: the read that is due is made before this returns, where it can be; those that follow are not.
    private func readOn(atOnce: Bool = false) {
        guard !isReading, isStale, !isHeldBack, !hasFinished, !isCancelled else { return }
        if finishing == nil, outlet.isStalled {
            // What cannot be shown now stays in the file: nothing is lost, and memory does not grow.
            isHeldBack = true
            return outlet.whenRelieved { [weak self] in
                self?.isHeldBack = false
                self?.readOn()
            }
        }
        openIfNeeded()
        guard let file else { return atEnd() }
        if finishing != nil, finishing?.goal == nil {
            _ = restartIfRewritten()
            let goal = file.size
            finishing?.goal = goal
            // Nearly always all has been read by now.
            if offset == goal { return switchToReplacement() ? readOn() : atEnd() }
        }
        isStale = false
        if atOnce, finishing == nil, let count = reader.readAtOnce(file, at: offset) {
            return readEnded(.success(count))
        }
        do {
            try reader.read(file, at: offset) { [weak self] result in self?.readEnded(result) }
            isReading = true
        } catch {
            // The kernel has no room for one more operation: the next tick will.
            isStale = true
            scheduler.schedule(after: Self.retryDelay) { [weak self] in self?.readOn() }
        }
    }

    private func readEnded(_ result: Result<Int, SystemError>) {
        isReading = false
        switch result {
        case .success(0):
            if restartIfTruncated() || restartIfRewritten() || switchToReplacement() { isStale = true }
            isStale ? readOn() : atEnd()
        case .success(let count):
            if restartIfRewritten() {
                // These bytes go on with something else: they can begin in the middle of a line.
                isStale = true
                return readOn()
            }
            offset += UInt64(count)
            // A short read has reached the end as it was.
            if count == reader.capacity || finishing != nil || mayBeReplaced { isStale = true }
            reader.withBytes(count) { bytes in
                onBytes(bytes)
                samples.record(bytes, upTo: offset)
                zeros.note(bytes)
            }
            if zeros.maySkip { skipHole() }
            boundLastReading(count)
            let isAtGoal = finishing?.goal.map { offset >= $0 } ?? false
            if isAtGoal, !restartIfRewritten(), !switchToReplacement() { return atEnd() }
            readOn()
        case .failure(let error):
            tell(WorkspaceError(file: FileName.output, problem: "cannot be read further: \(error)"))
            atEnd()
        }
    }

    /// Goes on behind a hole. The kernel is asked only where many zero bytes were read, which is rare.
    private func skipHole() {
        guard let file else { return }
        let data = min(file.data(from: offset), finishing?.goal ?? .max)
        guard data > offset else { return }
        onZeros(data - offset)
        offset = data
    }

    private func boundLastReading(_ count: Int) {
        finishing?.read += UInt64(count)
        guard let last = finishing, last.read > maxLastReading, offset < last.goal ?? .max else { return }
        finishNow("it has more than \(maxLastReading) bytes that were left to read")
    }

    private func atEnd() {
        guard let last = finishing else { return }
        finishing = nil
        hasFinished = true
        let problem = last.problem ?? toldProblem
        let completion = last.completion
        // Later, so that no completion is called from within `finish`.
        scheduler.schedule(after: .zero) { [weak self] in
            if self?.isCancelled == false { completion(problem) }
        }
    }
}

// MARK: - Which file

extension OutputTail {
    private func openIfNeeded() {
        guard file == nil else { return }
        mayBeReplaced = false
        file = openOutput()
    }

    private func openOutput() -> (any WorkspaceFile)? {
        do {
            let output = try workspace.open(FileName.output)
            toldProblem = nil
            return output
        } catch {
            tell(error)
            return nil
        }
    }

    private func restartIfTruncated() -> Bool {
        guard let file, file.size < offset, mayRestart() else { return false }
        log.warning(
            "\(file.name) was truncated after \(offset) bytes were read: reading it from the beginning"
        )
        startOver()
        return true
    }

    /// A file that was truncated and has grown beyond what had been read shows by other bytes in the places that are
    /// remembered. (Where the same bytes stand there, nothing tells.)
    private func restartIfRewritten() -> Bool {
        guard let file, !samples.match(file), mayRestart() else { return false }
        log.warning(
            "\(file.name) was rewritten after \(offset) bytes were read: reading it from the beginning"
        )
        startOver()
        return true
    }

    private func startOver() {
        offset = 0
        zeros = ZeroRun()
        samples = ReadSamples()
        onRestart()
    }

    private func switchToReplacement() -> Bool {
        guard mayBeReplaced else { return false }
        mayBeReplaced = false
        guard let present = file?.identity, workspace.identity(of: FileName.output) != present,
            let replacement = openOutput(), replacement.identity != present, mayRestart()
        else {
            return false
        }
        log.warning("\(replacement.name) was replaced by another file: reading that one from the beginning")
        file = replacement
        startOver()
        return true
    }

    /// While finishing, counts the restarts; false if there have been enough.
    private func mayRestart() -> Bool {
        guard var last = finishing else { return true }
        last.goal = nil
        last.restarts += 1
        guard last.restarts <= Self.restartsWhileFinishing else { return false }
        finishing = last
        return true
    }

    /// Logs a problem once, not with every look at the file.
    private func tell(_ problem: WorkspaceError) {
        guard problem != toldProblem else { return }
        toldProblem = problem
        log.error("\(problem.file) \(problem.problem): it is not read")
    }
}

import CLinux
import Glibc
import Reactor
import Scheduling

/// Does work that blocks in a forked child process, so that the loop goes on meanwhile.
///
/// The child is a copy of this process. It runs the work, tells of its progress and of its result through a pipe, and
/// ends; it touches nothing of the loop, of libcurl and of the console. It dies with this process. Stop signals stay
/// blocked in it, as here: this process decides what they mean.
package final class HelperProcess {
    /// Runs in the child. Calls its argument whenever it has got further; returns nil, or a text, such as why it failed.
    package typealias Work = (_ progressed: () -> Void) -> String?

    /// What the child writes: a byte for each step, then one for the result, with a text behind the last.
    private enum Message {
        static let progress: UInt8 = 1
        static let success: UInt8 = 2
        static let failure: UInt8 = 3
    }

    /// The longest text that is taken from the child.
    private static let maxProblemLength = 64 * 1_024
    /// The delays until a child that is about to end is looked for again.
    private static let firstReapDelay: Duration = .milliseconds(1)
    private static let maxReapDelay: Duration = .seconds(1)

    private let reactor: Reactor
    private let child: pid_t
    private let reader: OwnedDescriptor
    private let stallLimit: Duration
    private var completion: ((String?) -> Void)?
    private var registration: Registration?
    private var stallTimer: TimerToken?
    private var problem: [UInt8]?

    /// Starts the work.
    ///
    /// - Parameters:
    ///   - stallLimit: the child is killed if it gets no further for so long.
    ///   - descriptors: what the work reads from. The child closes all others.
    ///   - completion: gets what the work has returned, or why it came to nothing: once, from the loop.
    /// - Returns: false where the kernel has no room for one more process or descriptor. Nothing has happened then.
    package static func start(
        on reactor: Reactor,
        stallLimit: Duration,
        keeping descriptors: [Int32],
        _ work: Work,
        completion: @escaping (String?) -> Void
    ) -> Bool {
        var ends: [Int32] = [-1, -1]
        guard unsafe clinux_pipe(&ends) == 0 else { return false }
        let reader = OwnedDescriptor(ends[0])
        let writer = OwnedDescriptor(ends[1])
        let parent = getpid()
        let child = clinux_fork()
        if child == 0 {
            var kept = (descriptors + [writer.raw]).sorted()
            unsafe clinux_isolate_child(parent, &kept, Int32(kept.count))
            run(work, writer.raw)
        }
        guard child > 0 else { return false }
        let helper = HelperProcess(reactor, child, reader, stallLimit, completion)
        return helper.follow()
    }

    private init(
        _ reactor: Reactor,
        _ child: pid_t,
        _ reader: consuming OwnedDescriptor,
        _ stallLimit: Duration,
        _ completion: @escaping (String?) -> Void
    ) {
        self.reactor = reactor
        self.child = child
        self.reader = reader
        self.stallLimit = stallLimit
        self.completion = completion
    }

    // MARK: The child

    private static func run(_ work: Work, _ pipe: Int32) -> Never {
        let problem = work { send([Message.progress], to: pipe) }
        if let problem {
            send([Message.failure] + Array(problem.utf8.prefix(maxProblemLength)), to: pipe)
        } else {
            send([Message.success], to: pipe)
        }
        _exit(0)
    }

    /// Waits for the reader. Where it is gone, so is the parent.
    private static func send(_ bytes: [UInt8], to pipe: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe write(pipe, $0.baseAddress, $0.count) }
            if count < 0, errno != EINTR { _exit(1) }
            rest.removeFirst(max(0, count))
        }
    }

    // MARK: The parent

    /// False where the loop has no room for the pipe.
    private func follow() -> Bool {
        do {
            // The loop keeps this object until the end.
            registration = try reactor.poll(
                reader.raw,
                for: .readable,
                mode: .multishot,
                label: "helper"
            ) { _ in self.drain() }
            armStallTimer()
            return true
        } catch {
            completion = nil
            kill(child, SIGKILL)
            reap(after: .zero)
            return false
        }
    }

    private func armStallTimer() {
        if let stallTimer { reactor.cancel(stallTimer) }
        stallTimer = reactor.schedule(after: stallLimit) { self.stalled() }
    }

    private func stalled() {
        kill(child, SIGKILL)
        finish("nothing was written for \(stallLimit.spokenDescription)")
        reap(after: Self.firstReapDelay)
    }

    /// Reads what the child has written, to `EAGAIN` or to the end.
    private func drain() {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        while completion != nil {
            let count = unsafe bytes.withUnsafeMutableBytes {
                unsafe read(reader.raw, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return }
            guard count > 0 else { return ended() }
            take(bytes[..<count])
        }
    }

    private func take(_ bytes: ArraySlice<UInt8>) {
        if problem != nil {
            problem?.append(contentsOf: bytes)
            return
        }
        armStallTimer()
        guard let index = bytes.firstIndex(where: { $0 != Message.progress }) else { return }
        if bytes[index] == Message.success {
            finish(nil)
            reap(after: Self.firstReapDelay)
        } else {
            problem = Array(bytes[(index + 1)...])
        }
    }

    /// The child has closed the pipe: it has failed, or it was killed.
    private func ended() {
        if let problem {
            finish(String(decoding: problem, as: UTF8.self))
            reap(after: Self.firstReapDelay)
        } else {
            if let registration { reactor.cancel(registration) }
            registration = nil
            reap(after: .zero)
        }
    }

    private func finish(_ result: String?) {
        if let registration { reactor.cancel(registration) }
        registration = nil
        if let stallTimer { reactor.cancel(stallTimer) }
        stallTimer = nil
        let handler = completion
        completion = nil
        handler?(result)
    }

    /// Takes the child's exit status once it is there. A child that cannot be killed, because a file system does not answer,
    /// is looked for again and again.
    private func reap(after delay: Duration) {
        reactor.schedule(after: delay) {
            var status: Int32 = 0
            let result = unsafe waitpid(self.child, &status, WNOHANG)
            if result == 0 {
                self.reap(after: min(max(delay * 2, Self.firstReapDelay), Self.maxReapDelay))
            } else if self.completion != nil {
                // ECHILD: whoever started this process ignores the ends of its children.
                self.finish("the process that writes was ended\(result > 0 ? Self.cause(status) : "")")
            }
        }
    }

    private static func cause(_ status: Int32) -> String {
        switch status & 0x7F {
        case 0: " with exit code \(status >> 8 & 0xFF)"
        case SIGKILL: " by SIGKILL (out of memory?)"
        case let signal: " by signal \(signal)"
        }
    }
}

import CLinux
import Reactor
import Scheduling

/// Writes log lines to a descriptor without ever waiting for its reader.
///
/// What the reader does not take now is kept up to a bound and written when the descriptor becomes writable again.
/// Beyond the bound further lines are dropped and counted, and a line says how many: a stalled log collector must
/// cost no job its heartbeats.
final class Console {
    /// Lines are gathered up to here before they are written in the middle of a tick.
    private static let crowded = 64 * 1_024

    /// From here on readers of the connector's output should hold back, see `isStalled`.
    private static let heldBack = 1_024 * 1_024

    /// The longest backlog: a container runtime that stops reading for a while finds everything in it.
    private static let maxBacklog = 16 * 1_024 * 1_024

    /// Formatted lines that have not been written yet.
    var pending: [UInt8] = []

    private let descriptor: Int32
    private let isPipe: Bool
    private let reactor: Reactor
    private var waiting: Registration?
    private var written = 0
    private var lastNote: DropNote?
    private var relieved: [() -> Void] = []
    private var isBroken = false

    /// A line of our own in the backlog that tells how much was dropped there.
    private struct DropNote {
        var start: Int
        var end: Int
        var dropped: Int
    }

    /// - Parameter descriptor: is lent, stays open.
    init(descriptor: Int32, reactor: Reactor) {
        self.descriptor = descriptor
        isPipe = clinux_is_pipe(descriptor) != 0
        self.reactor = reactor
    }

    /// True while the reader is so far behind that nothing should be added that can wait.
    var isStalled: Bool { waiting != nil && pending.count - written > Self.heldBack }

    /// Calls the handler once, when the console has caught up.
    func whenRelieved(_ handler: @escaping () -> Void) {
        relieved.append(handler)
    }

    /// Writes what has gathered, if it is much.
    func flushIfCrowded() {
        if pending.count - written > Self.crowded { flush() }
    }

    /// Writes what the descriptor takes now; the rest follows by itself.
    func flush() {
        guard pending.count > written || !relieved.isEmpty else { return }
        guard waiting == nil else { return dropIfTooLong() }
        guard writePending() else { return awaitWritable() }
        tellRelieved()
    }

    /// Writes everything, waiting for a slow reader up to the limit. For the end of the program.
    func drain(limit: Duration) {
        if let waiting { reactor.cancel(waiting) }
        waiting = nil
        _ = writePending(until: .monotonic() + limit)
    }

    /// True when nothing is left.
    private func writePending(until deadline: Instant? = nil) -> Bool {
        if !isBroken {
            switch pending[written...].write(to: descriptor, isPipe: isPipe, until: deadline) {
            case .complete: break
            case .stalled(let count):
                written += count
                forgetWritten()
                return false
            // The job goes on without a console.
            case .broken: isBroken = true
            }
        }
        pending.removeAll(keepingCapacity: pending.count <= Self.heldBack)
        written = 0
        lastNote = nil
        return true
    }

    /// A reader that never quite catches up must not make the backlog grow with what it has got.
    private func forgetWritten() {
        guard written > Self.heldBack else { return }
        pending.removeFirst(written)
        lastNote?.start -= written
        lastNote?.end -= written
        written = 0
    }

    private func awaitWritable() {
        do {
            waiting = try reactor.poll(descriptor, for: .writable, mode: .oneShot, label: "console") {
                [weak self] _ in
                self?.waiting = nil
                self?.flush()
            }
        } catch {
            // The loop has no room for one more descriptor: the next flush tries again.
            waiting = nil
        }
        dropIfTooLong()
    }

    private func dropIfTooLong() {
        let backlog = pending.count - written
        guard backlog > Self.maxBacklog else { return }
        // Whole lines at the end go; the first half of the backlog stays, to tell how it began.
        let keep = written + Self.maxBacklog / 2
        let lineEnd = pending[written...keep].lastIndex(of: UInt8(ascii: "\n"))
        var cut = lineEnd.map { $0 + 1 } ?? keep
        var dropped = 0
        // A note that would go too, or stand right above the new one, is taken into it.
        if let note = lastNote, note.start >= written, note.start >= cut || note.end == cut {
            cut = min(cut, note.start)
            dropped = note.dropped - (note.end - note.start)
        }
        dropped += pending.count - cut
        pending.removeSubrange(cut...)
        // A line of megabytes is cut itself.
        if lineEnd == nil { pending.append(UInt8(ascii: "\n")) }
        let start = pending.count
        pending.append(
            contentsOf: "[\(dropped) bytes of log lines were dropped: the console is not being read]\n".utf8
        )
        lastNote = DropNote(start: start, end: pending.count, dropped: dropped)
    }

    private func tellRelieved() {
        let handlers = relieved
        relieved = []
        for handler in handlers { handler() }
    }
}

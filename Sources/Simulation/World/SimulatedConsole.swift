import Scheduling
import Sidecar

/// A console whose reader stops now and then.
package final class SimulatedConsole: LogOutput {
    /// What the sidecar has written since the reader took it last.
    package var pending: [UInt8] = []
    /// What the reader has taken, whole.
    package private(set) var text: [UInt8] = []

    /// With more waiting bytes, a real console asks writers to hold back.
    private static let heldBack = 4_096

    private var isUnread = false
    private var relieved: [() -> Void] = []

    package var isStalled: Bool { isUnread && pending.count > Self.heldBack }

    package func whenRelieved(_ handler: @escaping () -> Void) {
        relieved.append(handler)
    }

    package func flushIfCrowded() { flush() }

    /// The reader stops.
    func stopReading() {
        isUnread = true
    }

    /// The reader is back.
    func readOn() {
        isUnread = false
        take()
        let handlers = relieved
        relieved = []
        for handler in handlers { handler() }
    }

    /// Also called when the sidecar is about to wait.
    package func flush() {
        if !isUnread { take() }
    }

    /// The end: what a real console's buffers still hold arrives.
    func close() {
        take()
    }

    private func take() {
        text += pending
        pending.removeAll(keepingCapacity: true)
    }
}

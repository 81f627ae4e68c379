/// What the kernel reports about one operation.
struct Completion {
    /// The registration's token.
    var token: UInt64
    /// Readiness bits or a count of bytes; a negative number is an errno.
    var result: Int32
    /// Whether further completions will come for the same operation.
    var more: Bool
}

/// One way to wait for descriptors: the part of the reactor that talks to the kernel.
///
/// A driver only reports; it calls no handler. What goes wrong with one operation arrives as its
/// completion, on both drivers alike; only what concerns the driver as a whole is thrown.
protocol Driver: AnyObject {
    var backend: Backend { get }

    /// Starts a poll. A multishot one reports edges until it is cancelled.
    func addPoll(_ descriptor: Int32, interest: Readiness, mode: PollMode, token: UInt64) throws(SystemError)

    /// Starts a read at an offset; `memory` must stay until the completion. `mayBlock` lets the kernel use a
    /// thread of its own where the file system cannot read without waiting.
    func addRead(
        _ descriptor: Int32,
        offset: UInt64,
        memory: UnsafeMutableRawBufferPointer,
        mayBlock: Bool,
        token: UInt64
    ) throws(SystemError)

    /// Ends an operation. True when it is over with the call; false when a last completion will follow.
    func cancel(token: UInt64) -> Bool

    /// Submits what was added, waits for a completion if `block` is set, and appends all there are. It may
    /// come back with none: after a signal, or a passing shortage.
    func wait(block: Bool, into completions: inout [Completion]) throws(SystemError)

    /// Cancels the given reads and returns when the kernel will write to their memory no more.
    func abandon(reads: [UInt64])
}

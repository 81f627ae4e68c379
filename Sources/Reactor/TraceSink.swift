/// Takes the reactor's trace: one line for every submission, completion and wait, in strace's manner.
public protocol TraceSink: AnyObject {
    /// One line without its newline. Called within the loop: it must not call the reactor, and not block.
    func write(_ line: String)
}

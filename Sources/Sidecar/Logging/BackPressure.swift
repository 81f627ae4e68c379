/// A receiver of the connector's output that can fall behind.
package protocol BackPressure: AnyObject {
    /// True while output that can wait should be held back.
    var isStalled: Bool { get }

    /// Calls the handler once, when `isStalled` may have changed.
    func whenRelieved(_ handler: @escaping () -> Void)
}

/// Takes formatted log lines.
package protocol LogOutput: BackPressure {
    /// Lines that are not written yet.
    var pending: [UInt8] { get set }

    /// Writes what has gathered, if it is much.
    func flushIfCrowded()

    /// Writes what has gathered, as far as the reader takes it now.
    func flush()
}

extension Console: LogOutput {}
extension LogPipeline: BackPressure {}

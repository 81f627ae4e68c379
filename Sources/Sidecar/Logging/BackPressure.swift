/// Something that takes what the connector writes, and can be behind.
package protocol BackPressure: AnyObject {
    /// True while nothing should be added that can wait.
    var isStalled: Bool { get }

    /// Calls the handler once, when `isStalled` is worth being asked again.
    func whenRelieved(_ handler: @escaping () -> Void)
}

/// Takes formatted log lines.
package protocol LogOutput: BackPressure {
    /// Lines that are not written yet.
    var pending: [UInt8] { get set }

    /// Writes what has gathered, if it is much.
    func flushIfCrowded()
}

extension Console: LogOutput {}
extension LogPipeline: BackPressure {}

/// Something that takes what the connector writes, and can be behind.
protocol BackPressure: AnyObject {
    /// True while nothing should be added that can wait.
    var isStalled: Bool { get }

    /// Calls the handler once, when `isStalled` is worth being asked again.
    func whenRelieved(_ handler: @escaping () -> Void)
}

extension Console: BackPressure {}
extension LogPipeline: BackPressure {}

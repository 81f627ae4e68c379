import AirbyteProtocol

/// The final word on a workload, as the workload API takes it.
public enum Report: Hashable, Sendable {
    case success
    case failure(source: FailureOrigin, reason: String)
}

/// The codes with which the process ends.
public enum ExitStatus {
    public static let success: Int32 = 0
    /// Failed, cancelled, or out of contact with the workload API.
    public static let failure: Int32 = 1
    /// The file timeout or the start timeout passed.
    public static let fileTimeout: Int32 = 2
    /// `EX_CONFIG` of sysexits.h: the settings cannot be used.
    public static let configuration: Int32 = 78

    /// As a shell reports a process that a signal ended.
    public static func signal(_ number: Int32) -> Int32 { 128 + number }
}

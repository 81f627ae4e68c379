import AirbyteProtocol

/// The final report on a workload.
package enum Report: Hashable, Sendable {
    case success
    case failure(source: FailureOrigin, reason: String)
}

/// The codes with which the process ends.
package enum ExitStatus {
    package static let success: Int32 = 0
    /// Failed, cancelled, or out of contact with the workload API.
    package static let failure: Int32 = 1
    /// The file timeout or the start timeout passed.
    package static let fileTimeout: Int32 = 2
    /// `EX_CONFIG` of sysexits.h: the settings cannot be used.
    package static let configuration: Int32 = 78

    /// As a shell reports a process that a signal ended.
    package static func signal(_ number: Int32) -> Int32 { 128 + number }
}

extension Report {
    var confirmation: String {
        switch self {
        case .success: "The workload was reported as successful."
        case .failure(let source, _): "The workload was reported as failed (source \(source.rawValue))."
        }
    }

    var loss: String {
        switch self {
        case .success: "the success was not accepted."
        case .failure: "the failure was not accepted."
        }
    }
}

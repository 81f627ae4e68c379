import Foundation
import StoragePeers
import Testing

/// Something that goes wrong between the program and one kind of storage.
struct StorageFault: CustomTestStringConvertible, Sendable {
    var service: StorageService
    var name: String
    var rules: [FaultProxy.Rule]

    var testDescription: String { "\(service.rawValue): \(name)" }

    /// A bucket of its own, which is missing at first.
    var bucket: String {
        let words = name.lowercased().split { !$0.isLetter && !$0.isNumber }
        return (["fault", service.rawValue] + words.map(String.init)).joined(separator: "-")
    }

    /// The steps of a connector whose check succeeds.
    static let succeeded =
        #"line {"type": "CONNECTION_STATUS", "connectionStatus": {"status": "SUCCEEDED", "message": "fine"}}"#

    /// Runs a check whose output meets the fault.
    ///
    /// - Parameters:
    ///   - settings: beyond those of the service.
    ///   - rule: a fault of the control plane.
    func check(_ settings: [String: String] = [:], api rule: String? = nil) async throws -> Outcome {
        try await Pod.with("check") { pod in
            let proxy = try FaultProxy(before: service.port, rules)
            try service.use(pod, at: proxy.origin, bucket: bucket)
            pod.environment.merge(settings) { $1 }
            pod.deliversAtTheEnd()
            if let rule { try await pod.controlPlane.addFault(rule) }
            return try await pod.run(.script(Self.succeeded))
        }
    }
}

extension Outcome {
    /// The console's warnings and errors, but for the one that the machine's other programs have left no inotify.
    var warnings: [Substring] {
        // A slow machine has a warning of its own.
        console.split(separator: "\n").filter {
            ($0.contains(" WARN ") || $0.contains(" ERROR ")) && !$0.contains("The event loop was busy")
        }
        .filter { !$0.contains(": inotify is not available") }
    }
}

/// The status of the check whose output this is.
func checkStatus(_ output: [UInt8]?) throws -> String? {
    try JSON(parsing: String(decoding: output ?? [], as: UTF8.self))["checkConnection"]["status"].text
}

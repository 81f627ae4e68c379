import AirbyteProtocol
import ProtocolTestSupport
import Workload
import WorkloadTestSupport

/// A whole output: however it is cut it reads the same, and what is delivered of it is JSON that names an outcome.
enum TranscriptFuzzer {
    static func check(
        _ input: [UInt8],
        read: (_ output: [UInt8], ConnectorKind, _ chunks: [Int]) throws -> OutputReading = {
            try OutputReading($0, kind: $1, chunks: $2)
        }
    ) throws {
        var input = FuzzInput(input)
        let kind: ConnectorKind = input.choice() % 2 == 0 ? .source : .destination
        let chunks = [1 + input.choice(), 1 + input.choice() % 8]
        let exitCode = Int32(input.choice() % 4)
        let output = Array(input.rest)
        let reading = try read(output, kind, chunks)
        try require(reading == OutputReading(output, kind: kind), "chunks of \(chunks) read otherwise")
        var reader = TranscriptReader(kind: kind, digestSeed: 1)
        _ = reader.read(output)
        _ = reader.finish()
        for operation in Operation.allCases {
            let plan = DeliveryPlan(
                ending: .connectorExited(.code(exitCode)),
                transcript: reader.transcript,
                input: try sidecarInput(operation, of: kind)
            )
            var outputs = 0
            for step in plan.preview() {
                switch step {
                case .storeOutput(let output):
                    outputs += 1
                    try check(output, operation)
                case .writeCatalog(let catalog):
                    _ = try JSONPeer.document(catalog.body.bytes ?? [], "a catalog's request")
                case .updateConfiguration(let update):
                    try require(update.configuration.kind == .object, "a configuration is no object")
                }
            }
            try require(outputs == 1, "\(outputs) job outputs")
            if case .failure(_, let reason) = plan.report {
                try require(!reason.isEmpty, "a failure without a reason")
            }
        }
    }

    private static func check(_ output: JobOutput, _ operation: Operation) throws {
        let document = try JSONPeer.document(output.document.bytes ?? [], "a job output")
        guard !document.isEmpty else { return }
        try require(document["outputType"] as? String == output.outputType, "a job output without its type")
        let results = ["checkConnection", "discoverCatalogId", "spec", "failureReason"].filter {
            document[$0] != nil
        }
        try require(!results.isEmpty, "a job output without a result or a failure")
        guard let failure = document["failureReason"] as? [String: Any] else { return }
        try require(failure["failureOrigin"] is String, "a failure without an origin")
        try require(failure["failureType"] is String, "a failure without a type")
        for name in ["internalMessage", "externalMessage"] {
            let length = (failure[name] as? String)?.utf16.count ?? 0
            try require(length <= FailureReason.maximumMessageLength, "a message is too long")
        }
    }
}

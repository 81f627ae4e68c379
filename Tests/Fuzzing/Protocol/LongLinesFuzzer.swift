import AirbyteProtocol
import ProtocolTestSupport

/// An output comes to the same whether its lines are judged in memory or while they pass.
enum LongLinesFuzzer {
    static func check(
        _ input: [UInt8],
        read: (_ output: [UInt8], ConnectorKind, _ bound: Int, _ chunks: [Int]) throws -> OutputReading = {
            try OutputReading($0, kind: $1, maxHeldLineLength: $2, chunks: $3)
        }
    ) throws {
        var input = FuzzInput(input)
        let kind: ConnectorKind = input.choice() % 2 == 0 ? .source : .destination
        let bound = input.choice()
        let chunks = [1 + input.choice(), 1 + input.choice() % 8]
        let output = Array(input.rest)
        let held = try OutputReading(output, kind: kind)
        let passing = try read(output, kind, bound, chunks)
        try require(passing == held, "bound \(bound), chunks of \(chunks): \(difference(held, passing))")
    }

    private static func difference(_ held: OutputReading, _ passing: OutputReading) -> String {
        "held: \(held)\npassing: \(passing)"
    }
}

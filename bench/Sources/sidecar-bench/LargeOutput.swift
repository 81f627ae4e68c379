import BenchHarness
import Foundation

/// A connector's output that is one long line.
enum LargeOutput {
    /// Columns of a stream: with their types and descriptions about 5 KiB.
    private static let columns = 40

    /// Writes a result of the operation that is at least so long, in one line.
    ///
    /// - Returns: the file's length.
    static func write(_ operation: Job.Operation, bytes: Int, to path: String) throws -> Int {
        let (head, tail): (String, String) =
            switch operation {
            case .spec:
                (
                    #"{"type":"SPEC","spec":{"protocol_version":"0.2.0","connectionSpecification":"#
                        + #"{"type":"object","properties":{"#, "}}}}\n"
                )
            case .discover: (#"{"type":"CATALOG","catalog":{"streams":["#, "]}}\n")
            case .check: throw HarnessError("a CHECK's result is never large")
            }
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else { throw HarnessError("\(path) cannot be made") }
        defer { try? file.close() }
        var block = Array(head.utf8)
        var length = 0
        var number = 0
        while length + block.count + tail.utf8.count < bytes {
            if number > 0 { block.append(UInt8(ascii: ",")) }
            block += Array(element(operation, number).utf8)
            number += 1
            if block.count >= 1 << 20 {
                try file.write(contentsOf: block)
                length += block.count
                block.removeAll(keepingCapacity: true)
            }
        }
        block += Array(tail.utf8)
        try file.write(contentsOf: block)
        return length + block.count
    }

    private static func element(_ operation: Job.Operation, _ number: Int) -> String {
        let columns = (0..<columns).map { column in
            #""column_\#(column)":{"type":["null","string"],"maxLength":\#(column + 16),"#
                + #""description":"Column \#(column) of table \#(number), \"quoted\" – and with a dash"}"#
        }
        .joined(separator: ",")
        let schema = #"{"type":"object","properties":{\#(columns)}}"#
        guard operation == .discover else { return #""section_\#(number)":\#(schema)"# }
        return #"{"name":"table_\#(number)","namespace":"public","json_schema":\#(schema),"#
            + #""supported_sync_modes":["full_refresh","incremental"],"default_cursor_field":["column_1"],"#
            + #""source_defined_primary_key":[["column_0"]]}"#
    }
}

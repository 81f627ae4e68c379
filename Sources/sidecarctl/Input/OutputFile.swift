import AirbyteProtocol
import Sidecar

/// Reads an output to its end, as the sidecar does once the connector has ended.
enum OutputFile {
    /// The size of a read, in bytes.
    private static let capacity = 256 * 1_024

    /// Makes a transcript of all of the file. What there is to log is left to the reading's observer.
    static func read(
        _ file: any WorkspaceFile,
        to reading: inout OutputReading
    ) throws(WorkspaceError) {
        try read(
            file,
            bytes: { bytes in
                reading.read(bytes)
                reading.events.removeAll()
            },
            zeros: { reading.skipZeros($0) }
        )
        reading.finish()
    }

    /// Hands out the file's bytes in order. Holes are not read.
    private static func read(
        _ file: any WorkspaceFile,
        bytes onBytes: (RawSpan) -> Void,
        zeros onZeros: (UInt64) -> Void
    ) throws(WorkspaceError) {
        // A writer that never stops does not keep the command from ending.
        let end = file.size
        var offset: UInt64 = 0
        var zeros = ZeroRun()
        while offset < end {
            let bytes = try file.bytes(at: offset, count: min(capacity, Int(clamping: end - offset)))
            if bytes.isEmpty { return }
            offset += UInt64(bytes.count)
            unsafe onBytes(bytes.span.bytes)
            unsafe zeros.note(bytes.span.bytes)
            guard zeros.maySkip else { continue }
            let data = min(file.data(from: offset), end)
            if data > offset { onZeros(data - offset) }
            offset = max(offset, data)
        }
    }
}

import TestSupport
import Testing

@testable import AirbyteProtocol

@Suite struct MessageScannerTests {
    /// The longest that the skeleton of a text ever is, and whether it was too long, with a limit of 1,000 bytes.
    private func scan(_ text: String) -> (longest: Int, isTooLong: Bool, isComplete: Bool) {
        let bytes = Array(text.utf8)
        var scanner = JSONScanner(handler: MessageScanner(skeletonLimit: 1_000))
        var longest = 0
        for start in stride(from: 0, to: bytes.count, by: 64) {
            let piece = Array(bytes[start..<min(start + 64, bytes.count)])
            scanner.scan(piece.span.bytes, at: UInt64(start))
            longest = max(longest, scanner.handler.skeleton.count + scanner.handler.configuration.count)
        }
        return (longest, scanner.handler.isTooLong, scanner.status == .complete)
    }

    /// What is held is bounded while it comes, be it one text or very many members.
    @Test func boundsWhatIsHeld() {
        let text = String(repeating: "m", count: 100_000)
        let members = String(repeating: #","log":{}"#, count: 10_000)
        for message in [
            #"{"type":"LOG","log":{"level":"INFO","message":"\#(text)"}}"#, #"{"type":"LOG"\#(members)}"#,
            #"{"type":"CONTROL","control":{"connectorConfig":{"config":{"a":"\#(text)"}}}}"#,
        ] {
            let scanned = scan(message)
            #expect(scanned.isTooLong && scanned.isComplete)
            #expect(scanned.longest <= 1_100)
        }
    }

    @Test func largePartsAreNotHeld() {
        let large = String(repeating: "m", count: 100_000)
        for text in [
            #"{"type":"CATALOG","catalog":{"streams":[{"name":"\#(large)","json_schema":{"x":"\#(large)"}}]}}"#,
            #"{"type":"SPEC","spec":{"connectionSpecification":{"x":"\#(large)"}},"unknown":"\#(large)"}"#,
        ] {
            let scanned = scan(text)
            #expect(!scanned.isTooLong && scanned.isComplete)
            #expect(scanned.longest <= 1_000)
        }
    }
}

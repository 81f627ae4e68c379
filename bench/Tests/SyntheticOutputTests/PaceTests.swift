import SyntheticOutput
import Testing

@Suite struct PaceTests {
    @Test(arguments: [
        ("49287161", 49_287_161), ("1GiB", 1_073_741_824), ("64KiB", 65_536), ("1.5MB", 1_500_000),
        ("64k", 65_536),
        ("10B", 10), ("2gb", 2_000_000_000), ("0", 0),
    ])
    func sizesAreRead(text: String, bytes: Int) {
        #expect(ByteSize(text)?.bytes == bytes)
    }

    @Test(arguments: ["", "MiB", "-1", "1e999", "1 2", "nan", "9999999GiB", "1.2.3"])
    func whatIsNoSizeIsRefused(text: String) {
        #expect(ByteSize(text) == nil)
    }

    @Test(arguments: [(1_024, "1 KiB"), (1_023, "1023 B"), (49_287_161, "49287161 B"), (1 << 30, "1 GiB")])
    func sizesAreShown(bytes: Int, text: String) {
        #expect(ByteSize(bytes).description == text)
    }

    @Test func pacesAreRead() {
        #expect(Pace("10MB/s") == .bytesPerSecond(10_000_000))
        #expect(Pace("1000lines/s") == .linesPerSecond(1_000))
        #expect(Pace("0.5lines/s") == .linesPerSecond(0.5))
        for text in ["", "10", "10MB", "0/s", "0lines/s", "lines/s", "x/s"] {
            #expect(Pace(text) == nil, "\(text)")
        }
    }
}

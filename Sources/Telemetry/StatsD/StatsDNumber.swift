/// Numbers as StatsD receivers read them: decimal, without an exponent.
enum StatsDNumber {
    /// How many digits after the point are written at most, as Micrometer has it.
    static let maxDecimals = 6

    /// Appends the number, rounded to the nearest with six decimals, without zeros at its end.
    ///
    /// - Returns: false, and nothing is appended, for what is no number of 64 bits: NaN, infinity and beyond.
    static func append(_ value: Double, to bytes: inout [UInt8]) -> Bool {
        let magnitude = value.magnitude
        // 2 to the power of 64; false for NaN, too.
        guard magnitude < 18_446_744_073_709_551_616 else { return false }
        var whole = UInt64(magnitude)
        // Exact: what is left of a double has fewer bits.
        var millionths = UInt64(((magnitude - Double(whole)) * 1_000_000).rounded(.toNearestOrEven))
        if millionths == 1_000_000 {
            whole += 1
            millionths = 0
        }
        if value < 0, whole > 0 || millionths > 0 { bytes.append(UInt8(ascii: "-")) }
        append(whole, to: &bytes)
        guard millionths > 0 else { return true }
        bytes.append(UInt8(ascii: "."))
        var place: UInt64 = 100_000
        while millionths > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(millionths / place))
            millionths %= place
            place /= 10
        }
        return true
    }

    /// Appends the digits of a whole number.
    static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        let start = bytes.count
        var left = value
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(left % 10))
            left /= 10
        } while left > 0
        bytes[start...].reverse()
    }
}

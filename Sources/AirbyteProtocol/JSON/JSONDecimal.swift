/// A JSON number's exact value: 0.d₁d₂d₃… × 10^exponent, without zeros at either end of the digits.
struct JSONDecimal: Hashable {
    let isNegative: Bool
    /// ASCII digits; none for zero.
    let digits: [UInt8]
    let exponent: Int

    /// Exponents of more digits than this are beyond any number's use, and their sums could overflow.
    private static let maximumExponentDigits = 17

    /// The value of a valid JSON number; nil when its exponent has more digits than anybody needs.
    init?(_ text: ArraySlice<UInt8>) {
        var rest = text
        isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest.removeFirst() }
        let mantissa = rest.prefix { $0 != UInt8(ascii: "e") && $0 != UInt8(ascii: "E") }
        let integer = mantissa.prefix { $0 != UInt8(ascii: ".") }
        let fraction = mantissa.dropFirst(integer.count + 1)

        let zero = UInt8(ascii: "0")
        let all = integer + fraction
        let leadingZeros = all.prefix { $0 == zero }.count
        var significant = all.dropFirst(leadingZeros)
        while significant.last == zero { significant.removeLast() }
        digits = Array(significant)
        if digits.isEmpty {
            exponent = 0
            return
        }
        guard let written = Self.exponent(rest.dropFirst(mantissa.count + 1)) else { return nil }
        exponent = written + integer.count - leadingZeros
    }

    private static func exponent(_ text: ArraySlice<UInt8>) -> Int? {
        let isNegative = text.first == UInt8(ascii: "-")
        let magnitude = text.drop { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
            .drop { $0 == UInt8(ascii: "0") }
        if magnitude.count > maximumExponentDigits { return nil }
        let value = magnitude.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        return isNegative ? -value : value
    }

    // The sign of zero says nothing about its value.
    static func == (left: JSONDecimal, right: JSONDecimal) -> Bool {
        left.digits == right.digits && left.exponent == right.exponent
            && (left.isNegative == right.isNegative || left.digits.isEmpty)
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(digits)
        hasher.combine(exponent)
    }

    /// The value, if it is whole and fits.
    var int64: Int64? {
        guard digits.count <= exponent || digits.isEmpty, exponent <= 19 else { return nil }
        var value: Int64 = 0
        for position in 0..<max(exponent, 0) {
            let digit = Int64(position < digits.count ? digits[position] - UInt8(ascii: "0") : 0)
            // Counting downwards for negative numbers reaches Int64.min.
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = product.addingReportingOverflow(isNegative ? -digit : digit)
            if tooLarge || overflow { return nil }
            value = sum
        }
        return value
    }
}

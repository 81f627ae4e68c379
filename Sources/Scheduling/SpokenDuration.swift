extension Duration {
    /// For people: "9 minutes", "30 seconds", "1.5 seconds"; minutes where they come out even.
    package var spokenDescription: String {
        let milliseconds = nanoseconds / 1_000_000
        guard milliseconds >= 0 else { return "-" + Duration.milliseconds(-milliseconds).spokenDescription }
        if milliseconds >= 60_000, milliseconds % 6_000 == 0 {
            return Self.counted(milliseconds, per: 60_000, unit: "minute")
        }
        return Self.counted(milliseconds, per: 1_000, unit: "second")
    }

    private static func counted(_ amount: Int64, per size: Int64, unit: String) -> String {
        let whole = amount / size
        var fraction = String((amount % size) * 1_000 / size)
        fraction = String(repeating: "0", count: 3 - fraction.count) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        let number = fraction.isEmpty ? "\(whole)" : "\(whole).\(fraction)"
        return number == "1" ? "1 \(unit)" : "\(number) \(unit)s"
    }
}

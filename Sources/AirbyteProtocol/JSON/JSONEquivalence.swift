// Two values are equal when they are written alike; see `isEquivalent` for those that mean the same.
extension JSONValue: Hashable {
    public static func == (left: JSONValue, right: JSONValue) -> Bool { left.rawJSON == right.rawJSON }

    public func hash(into hasher: inout Hasher) { hasher.combine(rawJSON) }
}

extension JSONValue {
    /// Whether two values mean the same.
    ///
    /// The order of members does not count, of duplicate members the last does. Numbers are equal when their
    /// exact values are (1.0, 1 and 10e-1), strings when their scalars are.
    public func isEquivalent(to other: JSONValue) -> Bool {
        guard kind == other.kind else { return false }
        switch kind {
        case .null: return true
        case .bool: return bool == other.bool
        case .string: return stringBytes == other.stringBytes
        case .number: return Self.areEqualNumbers(rawJSON, other.rawJSON)
        case .array:
            let (mine, theirs) = (Array(elements), Array(other.elements))
            return mine.count == theirs.count
                && zip(mine, theirs).allSatisfy { $0.isEquivalent(to: $1) }
        case .object:
            let (mine, theirs) = (lastMembers, other.lastMembers)
            return mine.count == theirs.count
                && mine.allSatisfy { key, value in theirs[key].map(value.isEquivalent(to:)) ?? false }
        }
    }

    /// Members by their names' UTF-8; a `String` would take canonically equivalent names for one.
    private var lastMembers: [[UInt8]: JSONValue] {
        var result: [[UInt8]: JSONValue] = [:]
        for (key, value) in members {
            result[Array(key.stringBytes ?? [])] = value
        }
        return result
    }

    private static func areEqualNumbers(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Bool {
        if left == right { return true }
        // Numbers with absurd exponents are equal only when they are written alike.
        guard let left = JSONDecimal(left), let right = JSONDecimal(right) else { return false }
        return left == right
    }
}

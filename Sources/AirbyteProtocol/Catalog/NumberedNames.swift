/// The number of the first element of a catalog with each name.
///
/// Names are known by their hashes of 64 bits: a name kept as it is would keep its element in memory, and that two of them
/// have one hash is less likely than a fault of the memory. In many small lists, they take a third of what a dictionary
/// takes while it grows.
struct NumberedNames {
    /// The most that are remembered, in 12 bytes each: no database has more tables.
    static let maxNames = 100_000

    /// With so many lists a full one has a hundred names, which are looked through at once.
    private static let lists = 1_024

    private struct Name {
        var low: UInt32
        var high: UInt32
        var number: Int32
    }

    private var names: [[Name]] = []
    private var count = 0

    /// The number of the first name with that hash; where this is the first, nil, and its number is remembered.
    mutating func first(withHash hash: Int, orNote number: Int) -> Int? {
        if names.isEmpty { names = Array(repeating: [], count: Self.lists) }
        let hash = UInt64(bitPattern: Int64(hash))
        let list = Int(hash % UInt64(Self.lists))
        let name = Name(
            low: UInt32(truncatingIfNeeded: hash),
            high: UInt32(truncatingIfNeeded: hash >> 32),
            number: Int32(truncatingIfNeeded: number)
        )
        if let known = names[list].first(where: { $0.low == name.low && $0.high == name.high }) {
            return Int(known.number)
        }
        guard count < Self.maxNames else { return nil }
        count += 1
        // A list that doubled would be half empty.
        if names[list].count == names[list].capacity {
            names[list].reserveCapacity(names[list].count + names[list].count / 4 + 4)
        }
        names[list].append(name)
        return nil
    }
}

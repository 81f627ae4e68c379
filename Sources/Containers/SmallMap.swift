/// A map of few entries, which are searched one by one; they have no order.
///
/// Swift's `Dictionary` makes the runtime look through all conformances of the program when a type of key is first used:
/// 160,000 instructions for each, which a short job notices.
public struct SmallMap<Key: Equatable, Value> {
    /// All entries.
    @inlinable public var entries: [(key: Key, value: Value)] { stored }

    @usableFromInline var stored: [(key: Key, value: Value)] = []

    @inlinable public init() {}

    @inlinable public var isEmpty: Bool { stored.isEmpty }
    @inlinable public var values: [Value] { stored.map(\.value) }

    /// The value, nil where there is none; setting nil removes the entry.
    @inlinable public subscript(key: Key) -> Value? {
        get { place(of: key).map { stored[$0].value } }
        set {
            switch (place(of: key), newValue) {
            case (let place?, let value?): stored[place].value = value
            case (nil, let value?): stored.append((key, value))
            case (let place?, nil): remove(at: place)
            case (nil, nil): break
            }
        }
    }

    @inlinable @discardableResult
    public mutating func removeValue(forKey key: Key) -> Value? {
        place(of: key).map { remove(at: $0) }
    }

    @inlinable public mutating func removeAll() {
        stored.removeAll()
    }

    @inlinable func place(of key: Key) -> Int? {
        stored.firstIndex { $0.key == key }
    }

    @inlinable @discardableResult
    mutating func remove(at place: Int) -> Value {
        stored.swapAt(place, stored.count - 1)
        return stored.removeLast().value
    }
}

extension SmallMap: Sendable where Key: Sendable, Value: Sendable {}

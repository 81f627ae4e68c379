/// What a scanner finds in a text, told in the text's order.
protocol JSONScannerHandler {
    /// A value begins: the root, an element, or what belongs to the key that was told last. `offset` is that of its
    /// first byte.
    mutating func beginValue(_ kind: JSONValue.Kind, at offset: UInt64) -> JSONScanInterest

    /// The next bytes of a value that is to be kept, as they stand in the text.
    mutating func content(_ bytes: RawSpan)

    /// The value that began last, and has not ended yet, ends before `offset`. `isEmpty` is true for objects and arrays
    /// without members.
    mutating func endValue(at offset: UInt64, isEmpty: Bool)

    /// A key, as it stands between its quotes; not whole where it is longer than `JSONScanner.maxKeyLength`.
    mutating func key(_ text: RawSpan, hasEscapes: Bool, isWhole: Bool)
}

/// What a handler wants to know of a value.
enum JSONScanInterest {
    /// Only where it ends: what is within is checked and not told.
    case skip
    /// Its bytes, from the first to the last; what is within is not told.
    case keep
    /// The members of an object or the elements of an array.
    case enter
    /// Nothing more of the text: it is only checked from here on.
    case refuse
}

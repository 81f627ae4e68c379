import TestSupport

@testable import AirbyteProtocol

extension JobOutput {
    /// The document's bytes, all of which are held.
    func encoded() -> [UInt8] { document.bytes ?? [] }
}

extension Specification {
    /// The value, where it is held.
    var value: JSONValue? {
        if case .held(let value) = self { value } else { nil }
    }
}

extension DiscoveredCatalog {
    /// The value, where it is held.
    var value: JSONValue? {
        if case .held(let value) = self { value } else { nil }
    }
}

/// A document's text, made from an output that is at hand.
func text(of document: OutputDocument, from output: [UInt8]) throws -> [UInt8] {
    let reader = DocumentReader(document) {
        Array(output[Int($0.lowerBound)..<min(output.count, Int($0.upperBound))])
    }
    var result: [UInt8] = []
    while let bytes = try reader.next() { result += bytes }
    return result
}

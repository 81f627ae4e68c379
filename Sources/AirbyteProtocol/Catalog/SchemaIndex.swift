/// Finds the places of one schema by JSON pointer, and the pointers of its places.
///
/// Members are looked up in tables that are made when an object is first gone through: with as many references as
/// definitions, comparing names one by one would take the square of their number.
final class SchemaIndex {
    /// The schema alone: no other value is part of its document.
    let root: JSONValue
    private var members: [Int: [ByteString: JSONValue]] = [:]
    private var elements: [Int: [JSONValue]] = [:]

    /// - Parameter root: the root of a document.
    init(root: JSONValue) {
        self.root = root
    }

    /// The value that the steps lead to from the root (RFC 6901, section 4); nil where there is none.
    func value(at steps: [ArraySlice<UInt8>]) -> JSONValue? {
        var value = root
        for step in steps {
            guard let next = self.step(step, from: value) else { return nil }
            value = next
        }
        return value
    }

    private func step(_ step: ArraySlice<UInt8>, from value: JSONValue) -> JSONValue? {
        switch value.kind {
        case .object:
            return table(of: value)[ByteString(step)]
        case .array:
            guard let position = Self.position(step) else { return nil }
            let list = list(of: value)
            return position < list.count ? list[position] : nil
        default:
            return nil
        }
    }

    private func table(of object: JSONValue) -> [ByteString: JSONValue] {
        if let table = members[object.node] { return table }
        var table: [ByteString: JSONValue] = [:]
        for (key, value) in object.members {
            if let name = key.stringBytes { table[ByteString(name)] = value }
        }
        members[object.node] = table
        return table
    }

    private func list(of array: JSONValue) -> [JSONValue] {
        if let list = elements[array.node] { return list }
        let list = Array(array.elements)
        elements[array.node] = list
        return list
    }

    /// A position in an array: digits without a leading zero.
    private static func position(_ step: ArraySlice<UInt8>) -> Int? {
        let isNumber = step.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard isNumber, step.count == 1 || step.first != UInt8(ascii: "0") else { return nil }
        return Int(String(decoding: step, as: UTF8.self))
    }

    /// The pointer to a place in this schema, with the `#` that begins it in a reference.
    func pointer(to place: JSONValue) -> String {
        var pointer = "#"
        var value = root
        while value.node != place.node {
            guard let (step, next) = Self.child(of: value, holding: place) else { break }
            pointer += "/" + step
            value = next
        }
        return pointer
    }

    /// Nodes stand in the text's order: what holds a place is the last child that does not begin behind it.
    private static func child(of value: JSONValue, holding place: JSONValue) -> (String, JSONValue)? {
        var found: (String, JSONValue)?
        if value.kind == .array {
            for (position, element) in value.elements.enumerated() where element.node <= place.node {
                found = (String(position), element)
            }
            return found
        }
        var last: (key: JSONValue, value: JSONValue)?
        for member in value.members where member.value.node <= place.node { last = member }
        return last.map { (escaped($0.key.string ?? ""), $0.value) }
    }

    private static func escaped(_ name: String) -> String {
        var result = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "~": result += "~0"
            case "/": result += "~1"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

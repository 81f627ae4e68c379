import CSimdjson
import Glibc

/// A `ProtocolSchema` laid out in flat arrays: every line is checked against it, and walking over an indirect enum
/// counts references at every step. Its nodes have numbers, so that a message can also be followed token by token.
struct CompiledSchema: Sendable {
    /// That of all messages; of their lists nothing is looked up later.
    static let message = CompiledSchema(.message, path: [], needsLists: false)
    /// One stream of a source's catalog.
    static let stream = CompiledSchema(.stream, path: ["catalog", "streams", "*"], needsLists: true)
    /// One operation of a destination's catalog.
    static let operation = CompiledSchema(
        .operation,
        path: ["destination_catalog", "operations", "*"],
        needsLists: true
    )

    enum Kind {
        case any, string, number, bool, oneOf, list, object
    }

    struct Node {
        var kind: Kind
        var role: MessageRole
        /// Whether a message that was held in memory is looked up there later.
        var isNeeded: Bool
        /// Of a string out of a list its names, of an object its members: a range of `names`.
        fileprivate var names: Range<Int> = 0..<0
        /// Of a list its elements' node.
        var element = 0

        /// Whether it is an object of which nothing is known.
        var isFreeObject: Bool { kind == .object && names.isEmpty }
    }

    private struct Name {
        /// A range of `text`.
        var start: Int
        var count: Int
        /// Of a member its node.
        var schema: Int
    }

    private(set) var nodes: [Node] = []
    private var names: [Name] = []
    private var text: [UInt8] = []
    /// The node of the whole.
    private(set) var root = 0
    private let needsLists: Bool

    /// - Parameters:
    ///   - path: where in a message the schema stands.
    ///   - needsLists: whether the elements of lists are looked up later.
    init(_ schema: ProtocolSchema, path: [String], needsLists: Bool) {
        self.needsLists = needsLists
        root = add(schema, path, isNeeded: true)
    }

    private mutating func add(_ schema: ProtocolSchema, _ path: [String], isNeeded: Bool) -> Int {
        var node = Node(kind: .any, role: MessageRole(of: path), isNeeded: isNeeded)
        switch schema {
        case .any: break
        case .string: node.kind = .string
        case .number: node.kind = .number
        case .bool: node.kind = .bool
        case .oneOf(let names):
            node.kind = .oneOf
            node.names = add(names.map { ($0, 0) })
        case .list(let element):
            node.kind = .list
            node.element = add(element, path + ["*"], isNeeded: isNeeded && needsLists)
        case .object(let members):
            node.kind = .object
            node.names = add(members.map { ($0.name, add($0.schema, path + [$0.name], isNeeded: isNeeded)) })
        }
        nodes.append(node)
        return nodes.count - 1
    }

    private mutating func add(_ list: [(name: String, schema: Int)]) -> Range<Int> {
        let start = names.count
        for (name, schema) in list {
            names.append(Name(start: text.count, count: name.utf8.count, schema: schema))
            text.append(contentsOf: name.utf8)
        }
        return start..<names.count
    }
}

// MARK: - Token by token

extension CompiledSchema {
    /// A member that the schema knows.
    struct Member {
        /// Without quotes.
        var name: ArraySlice<UInt8>
        var node: Int
    }

    /// The member of that name of an object; nil where it may be anything.
    func member(_ name: UnsafeRawBufferPointer, of object: Int) -> Member? {
        unsafe first(of: nodes[object].names, equalTo: name).map { known in
            let name = names[known]
            return Member(name: text[name.start..<(name.start + name.count)], node: name.schema)
        }
    }

    /// Whether a string is one of those that the node allows.
    func allows(_ string: [UInt8], at node: Int) -> Bool {
        unsafe string.withUnsafeBytes { unsafe first(of: nodes[node].names, equalTo: $0) } != nil
    }

    /// Which of some names has exactly these bytes.
    private func first(of known: Range<Int>, equalTo other: UnsafeRawBufferPointer) -> Int? {
        unsafe text.withUnsafeBytes { text in
            for candidate in known where names[candidate].count == other.count {
                guard let text = text.baseAddress, let other = other.baseAddress,
                    unsafe memcmp(text + names[candidate].start, other, names[candidate].count) != 0
                else { return candidate }
            }
            return nil
        }
    }
}

// MARK: - Checking

extension CompiledSchema {
    /// Whether a value fits, scalars of another type included that can be coerced. Null always does: it is as good as absent.
    /// Of duplicate members, each has to fit.
    func accepts(_ value: JSONValue) -> Bool {
        accepts(value.node, of: value.storage, by: root)
    }

    private func accepts(_ index: Int, of storage: JSONStorage, by schema: Int) -> Bool {
        let value = storage.nodes[index]
        let kind = UInt32(value.kind)
        if kind == CSIMDJSON_NULL.rawValue { return true }
        switch nodes[schema].kind {
        case .any: return true
        case .string: return kind != CSIMDJSON_OBJECT.rawValue && kind != CSIMDJSON_ARRAY.rawValue
        case .number, .bool: return fits(index, kind, of: storage, nodes[schema].kind)
        case .oneOf: return name(of: value, in: storage, among: nodes[schema].names) != nil
        case .list:
            guard kind == CSIMDJSON_ARRAY.rawValue else { return false }
            return elementsFit(index, of: storage, by: nodes[schema].element)
        case .object:
            guard kind == CSIMDJSON_OBJECT.rawValue else { return false }
            return membersFit(index, of: storage, by: nodes[schema].names)
        }
    }

    /// Whether a scalar can be taken for a number or a truth value, see `ScalarCoercion`.
    private func fits(_ index: Int, _ kind: UInt32, of storage: JSONStorage, _ wanted: Kind) -> Bool {
        switch kind {
        case CSIMDJSON_NUMBER_VALUE.rawValue where wanted == .number: return true
        case CSIMDJSON_TRUE.rawValue, CSIMDJSON_FALSE.rawValue: return wanted == .bool
        case CSIMDJSON_STRING.rawValue, CSIMDJSON_NUMBER_VALUE.rawValue:
            let value = JSONValue(storage: storage, node: index)
            if value.isBlankText { return true }
            return wanted == .number ? value.coercedDouble != nil : value.coercedBool != nil
        default: return false
        }
    }

    private func elementsFit(_ list: Int, of storage: JSONStorage, by schema: Int) -> Bool {
        guard !storage.nodes[list].isOpaque else {
            return JSONValue(storage: storage, node: list).elements.allSatisfy {
                accepts($0.node, of: $0.storage, by: schema)
            }
        }
        var element = list + 1
        while element < storage.nodes[list].next {
            guard accepts(element, of: storage, by: schema) else { return false }
            element = Int(storage.nodes[element].next)
        }
        return true
    }

    private func membersFit(_ object: Int, of storage: JSONStorage, by known: Range<Int>) -> Bool {
        // Values that may be large are never looked into: a table without members has nothing to compare.
        if known.isEmpty { return true }
        guard !storage.nodes[object].isOpaque else {
            let value = JSONValue(storage: storage, node: object)
            return value.members.allSatisfy { key, member in
                guard let name = name(of: key.storage.nodes[key.node], in: key.storage, among: known) else {
                    return true
                }
                return accepts(member.node, of: member.storage, by: names[name].schema)
            }
        }
        var key = object + 1
        while key < storage.nodes[object].next {
            let member = key + 1
            if let name = name(of: storage.nodes[key], in: storage, among: known),
                !accepts(member, of: storage, by: names[name].schema)
            {
                return false
            }
            key = Int(storage.nodes[member].next)
        }
        return true
    }

    /// Which of some names a string is.
    private func name(of string: CSimdjsonNode, in storage: JSONStorage, among known: Range<Int>) -> Int? {
        guard UInt32(string.kind) == CSIMDJSON_STRING.rawValue else { return nil }
        let content = (Int(string.start) + 1)..<(Int(string.end) - 1)
        if UInt32(string.flags) & CSIMDJSON_HAS_ESCAPES.rawValue != 0 {
            let decoded = JSONStringEscapes.decoded(storage.text[content])
            return unsafe decoded.withUnsafeBytes { unsafe first(of: known, equalTo: $0) }
        }
        return unsafe storage.text.withUnsafeBytes { json in
            unsafe first(of: known, equalTo: UnsafeRawBufferPointer(rebasing: json[content]))
        }
    }
}

extension CSimdjsonNode {
    fileprivate var isOpaque: Bool { UInt32(flags) & CSIMDJSON_IS_OPAQUE.rawValue != 0 }
}

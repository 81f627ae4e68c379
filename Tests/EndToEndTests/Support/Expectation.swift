/// Compares what was found with what a corpus file expects, and tells every difference.
///
/// An expectation is the JSON value itself, but for a few forms that `Tests/Corpus/README.md` explains:
/// - a text with `…` in it: any text may stand there;
/// - a member `"…": "…"`: further members may be there;
/// - `{"(line N)": "/pointer"}`: the value at that place of the message on line N of the connector's output;
/// - `{"(repeat)": "x", "times": N, "then": "…"}`: a text too long to write down;
/// - `"(the catalog's id)"`: what the server API answered to the catalog.
struct Expectation {
    /// The connector's output, for references to its lines.
    var lines: [[UInt8]]
    var catalogID: String?
    private(set) var differences: [String] = []

    init(output: [UInt8], catalogID: String?) {
        lines = output.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
        self.catalogID = catalogID
    }

    private static let any = "…"
    private static let maxShownLength = 400

    mutating func compare(_ expected: ExactJSON, _ found: ExactJSON?, at path: String) {
        switch expected {
        case .object(let members): compareObject(members, found, at: path)
        case .array(let elements):
            guard case .array(let others)? = found, others.count == elements.count else {
                return differ(at: path, expected, found)
            }
            for (index, element) in elements.enumerated() {
                compare(element, others[index], at: "\(path)/\(index)")
            }
        case .string(let text): compareText(text.description, found, at: path)
        default: if found != expected { differ(at: path, expected, found) }
        }
    }

    /// Adds a difference in words.
    mutating func report(_ difference: String) {
        differences.append(difference)
    }

    private mutating func compareObject(
        _ members: [ExactText: ExactJSON],
        _ found: ExactJSON?,
        at path: String
    ) {
        if let unit = members["(repeat)"]?.text {
            return compareRepeated(unit, members, found, at: path)
        }
        if isReference(members) {
            guard let referred = referred(by: .object(members)) else {
                return report("\(path): the output has no such line")
            }
            if found != referred { differ(at: path, referred, found) }
            return
        }
        guard case .object(let others)? = found else { return differ(at: path, .object(members), found) }
        let isOpen = members[ExactText(Self.any)] != nil
        for (name, member) in members.sorted(by: { $0.key.description < $1.key.description })
        where name.description != Self.any {
            compare(member, others[name], at: "\(path)/\(name)")
        }
        for (name, member) in others.sorted(by: { $0.key.description < $1.key.description })
        where members[name] == nil && !isOpen {
            differ(at: "\(path)/\(name)", nil, member)
        }
    }

    private func isReference(_ members: [ExactText: ExactJSON]) -> Bool {
        members.count == 1 && members.keys.first?.description.hasPrefix("(line ") == true
    }

    /// The value that `{"(line N)": "/pointer"}` stands for; nil where it is no such reference, or leads nowhere.
    func referred(by expected: ExactJSON) -> ExactJSON? {
        guard case .object(let members) = expected, isReference(members), let (name, pointer) = members.first,
            let number = Int(name.description.dropFirst("(line ".count).dropLast()),
            lines.indices.contains(number - 1),
            let message = try? ExactJSON(beginningOf: lines[number - 1])
        else { return nil }
        return message[pointer: pointer.text ?? ""]
    }

    private mutating func compareRepeated(
        _ unit: String,
        _ members: [ExactText: ExactJSON],
        _ found: ExactJSON?,
        at path: String
    ) {
        guard case .number(let digits)? = members["times"], let times = Int(digits) else {
            return report("\(path): (repeat) needs times")
        }
        let start = (members["start"]?.text ?? "") + String(repeating: unit, count: times)
        compareText(start + (members["then"]?.text ?? ""), found, at: path)
        if case .number(let digits)? = members["at most"], let limit = Int(digits),
            let length = found?.text?.utf16.count, length > limit
        {
            report("\(path): expected at most \(limit) UTF-16 units, found \(length)")
        }
    }

    private mutating func compareText(_ expected: String, _ found: ExactJSON?, at path: String) {
        let wanted = expected == "(the catalog's id)" ? catalogID ?? "(no catalog was written)" : expected
        guard case .string(let text)? = found, Self.matches(wanted, text.description) else {
            return differ(at: path, .string(ExactText(wanted)), found)
        }
    }

    /// Whether the text is the pattern, with anything in place of each `…`.
    static func matches(_ pattern: String, _ text: String) -> Bool {
        var pieces = pattern.split(separator: Character(any), omittingEmptySubsequences: false)
            .map { Array($0.utf8) }
        var rest = Array(text.utf8)[...]
        guard pieces.count > 1 else { return rest.elementsEqual(pattern.utf8) }
        let first = pieces.removeFirst()
        let last = pieces.removeLast()
        guard rest.starts(with: first) else { return false }
        rest = rest.dropFirst(first.count)
        for piece in pieces where !piece.isEmpty {
            guard let range = rest.firstRange(of: piece) else { return false }
            rest = rest[range.upperBound...]
        }
        return rest.count >= last.count && rest.suffix(last.count).elementsEqual(last)
    }

    private mutating func differ(at path: String, _ expected: ExactJSON?, _ found: ExactJSON?) {
        report("\(path): expected \(Self.shown(expected)), found \(Self.shown(found))")
    }

    private static func shown(_ value: ExactJSON?) -> String {
        guard let value else { return "nothing" }
        let text = value.json
        guard text.utf8.count > maxShownLength else { return text }
        return "\(text.prefix(maxShownLength))… (\(text.utf8.count) bytes)"
    }
}

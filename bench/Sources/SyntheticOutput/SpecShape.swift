/// What a connector's specification looks like; one line.
public struct SpecShape: Hashable, Sendable {
    /// What ends the specification.
    public enum Extent: Hashable, Sendable {
        case properties(Int)
        /// The length of the whole line with its newline. What is shorter than the shortest specification becomes that.
        case bytes(Int)
    }

    public var extent: Extent

    public init(_ extent: Extent = .properties(20)) {
        self.extent = extent
    }
}

/// Writes a specification property by property.
struct SpecGenerator: PieceGenerator {
    private enum Step {
        case head
        case property(Int)
        case end
    }

    private let shape: SpecShape
    private var random: SeededGenerator
    private var budget: Budget
    private var step = Step.head

    init(_ shape: SpecShape, _ random: SeededGenerator) {
        self.shape = shape
        self.random = random
        if case .bytes(let bytes) = shape.extent {
            budget = Budget(bytes)
        } else {
            budget = Budget(nil)
        }
    }

    mutating func next(into buffer: inout [UInt8]) -> Bool {
        let before = buffer.count
        switch step {
        case .head:
            buffer.append(Self.head)
            step = .property(0)
        case .property(let number):
            appendProperty(number, to: &buffer)
        case .end:
            return false
        }
        budget.spend(buffer.count - before)
        return true
    }

    private mutating func appendProperty(_ number: Int, to buffer: inout [UInt8]) {
        let fits: Bool
        switch shape.extent {
        case .properties(let count): fits = number < count
        case .bytes:
            fits = budget.allows(SchemaColumns.longest + SchemaColumns.emptyFiller + Self.tail.count)
        }
        if fits {
            SchemaColumns.append(number, to: &buffer, &random)
            step = .property(number + 1)
        } else {
            if budget.isLimited {
                let rest = budget.rest(besides: SchemaColumns.emptyFiller + Self.tail.count)
                SchemaColumns.appendFiller(rest, to: &buffer, &random)
            }
            buffer.append(Self.tail)
            step = .end
        }
    }

    private static let head: Text =
        #"{"type":"SPEC","spec":{"documentationUrl":"https://docs.example.com/sources/synthetic","#
        + #""connectionSpecification":{"$schema":"http://json-schema.org/draft-07/schema#","title":"Synthetic Spec","#
        + #""type":"object","additionalProperties":true,"required":["host","password"],"properties":{"#
        + #""host":{"title":"Host","type":"string","order":0},"#
        + #""password":{"title":"Password","type":"string","airbyte_secret":true,"order":1}"#

    private static let tail: Text =
        #"}},"supportsIncremental":true,"supported_destination_sync_modes":[],"#
        + #""advanced_auth":{"auth_flow_type":"oauth2.0","predicate_key":["credentials","auth_type"],"#
        + "\"predicate_value\":\"Client\",\"oauth_config_specification\":{}}}}\n"
}

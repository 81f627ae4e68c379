/// Writes a catalog column by column.
struct CatalogGenerator: PieceGenerator {
    private enum Step {
        case head
        case streamHead
        case column(Int)
        case tail
        case end
    }

    private let shape: CatalogShape
    private var random: SeededGenerator
    private var budget: Budget
    private var step = Step.head
    private var streams = 0
    private var streamTail: Text = ""

    init(_ shape: CatalogShape, _ random: SeededGenerator) {
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
            buffer.append(head)
            step = hasStreamsLeft ? .streamHead : .tail
        case .streamHead:
            appendStreamHead(to: &buffer)
            step = .column(0)
        case .column(let column):
            appendColumn(column, to: &buffer)
        case .tail:
            buffer.append(Self.tail)
            step = .end
        case .end:
            return false
        }
        budget.spend(buffer.count - before)
        return true
    }

    /// Whether another stream is to follow those that are done.
    private var hasStreamsLeft: Bool {
        if case .streams(let count) = shape.extent { return streams < count }
        return streams == 0 || budget.allows(streamTail.count + Self.maxStreamLength + Self.tail.count)
    }

    private mutating func appendColumn(_ column: Int, to buffer: inout [UInt8]) {
        let ending = streamTail.count + Self.tail.count
        let fits = budget.allows(SchemaColumns.longest + SchemaColumns.emptyFiller + ending)
        if fits, column < shape.columns {
            SchemaColumns.append(column, to: &buffer, &random)
            step = .column(column + 1)
        } else if fits, hasStreamsLeft {
            buffer.append(streamTail)
            step = .streamHead
        } else {
            if budget.isLimited {
                let rest = budget.rest(besides: SchemaColumns.emptyFiller + ending)
                SchemaColumns.appendFiller(rest, to: &buffer, &random)
            }
            buffer.append(streamTail)
            step = .tail
        }
    }

    private mutating func appendStreamHead(to buffer: inout [UInt8]) {
        if streams > 0 { buffer.append(",") }
        buffer.append(shape.kind == .source ? #"{"name":""# : #"{"object_name":""#)
        buffer.append(random.pick(Words.names))
        buffer.append("_")
        buffer.append(streams)
        switch shape.kind {
        case .source:
            buffer.append(#"","json_schema":"#)
            streamTail = random.pick(Self.sourceTails)
        case .destination:
            buffer.append(#"","sync_mode":""#)
            buffer.append(random.pick(Self.destinationModes))
            buffer.append(#"","json_schema":"#)
            streamTail = Self.destinationTail
        }
        buffer.append(Self.schemaHead)
        streams += 1
    }

    private var head: Text {
        switch shape.kind {
        case .source: #"{"type":"CATALOG","catalog":{"streams":["#
        case .destination: #"{"type":"DESTINATION_CATALOG","destination_catalog":{"operations":["#
        }
    }
}

// MARK: - The fixed parts

extension CatalogGenerator {
    private static let tail: Text = "]}}\n"

    /// Room for a stream without columns of its own, and a filler in it.
    private static let maxStreamLength = 2_048

    /// Every stream has a key and a cursor that its schema knows.
    private static let schemaHead: Text =
        #"{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","additionalProperties":true,"#
        + #""properties":{"id":{"type":["null","integer"]},"#
        + #""updated_at":{"type":["null","string"],"format":"date-time","airbyte_type":"timestamp_with_timezone"}"#

    private static let sourceTails: [Text] = [
        #"}},"supported_sync_modes":["full_refresh","incremental"],"source_defined_cursor":true,"#
            + #""default_cursor_field":["updated_at"],"source_defined_primary_key":[["id"]],"is_resumable":true}"#,
        #"}},"supported_sync_modes":["full_refresh","incremental"],"source_defined_cursor":false,"#
            + #""default_cursor_field":[],"source_defined_primary_key":[["id"],["updated_at"]],"namespace":"public"}"#,
        #"}},"supported_sync_modes":["full_refresh"],"source_defined_primary_key":[["id"]],"namespace":"größe"}"#,
        #"}},"supported_sync_modes":["full_refresh"],"is_file_based":false,"is_resumable":false}"#,
    ]

    private static let destinationModes: [Text] = [
        "append", "overwrite", "append_dedup", "update", "soft_delete",
    ]
    private static let destinationTail: Text = #"}},"matching_keys":[["id"],["updated_at"]]}"#
}

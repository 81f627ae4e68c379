/// Where a failure comes from, in the platform's spelling.
public enum FailureOrigin: String, Hashable, Sendable, CaseIterable {
    case source
    case destination
    case replication
    case persistence
    case normalization
    case dbt
    case airbytePlatform = "airbyte_platform"
    case unknown

    public init(_ kind: ConnectorKind) {
        switch kind {
        case .source: self = .source
        case .destination: self = .destination
        }
    }
}

/// What kind of failure it is, in the platform's spelling.
public enum FailureType: String, Hashable, Sendable, CaseIterable {
    case configError = "config_error"
    case systemError = "system_error"
    case manualCancellation = "manual_cancellation"
    case refreshSchema = "refresh_schema"
    case heartbeatTimeout = "heartbeat_timeout"
    case destinationTimeout = "destination_timeout"
    case transientError = "transient_error"
}

/// A value of a failure's metadata.
public enum JSONScalar: Hashable, Sendable {
    case string(String)
    case int(Int64)
    case bool(Bool)
    case null
}

/// Why a job has no result: the job output's `failureReason`.
public struct FailureReason: Equatable, Sendable {
    /// The longest message that is taken from a connector, in UTF-16 units, as the platform's readers count.
    public static let maximumMessageLength = 50_000
    /// The longest stack trace, in UTF-16 units.
    public static let maximumStackTraceLength = 100_000

    public var failureOrigin: FailureOrigin?
    public var failureType: FailureType?
    /// For operators.
    public var internalMessage: String?
    /// For users.
    public var externalMessage: String?
    /// Left out when it is empty.
    public var metadata: [(name: String, value: JSONScalar)]
    public var stacktrace: String?
    public var retryable: Bool?
    /// Milliseconds since 1970.
    public var timestamp: Int64?
    public var streamDescriptor: StreamDescriptor?

    public init(
        failureOrigin: FailureOrigin?,
        failureType: FailureType?,
        internalMessage: String? = nil,
        externalMessage: String? = nil,
        metadata: [(name: String, value: JSONScalar)] = [],
        stacktrace: String? = nil,
        retryable: Bool? = nil,
        timestamp: Int64? = nil,
        streamDescriptor: StreamDescriptor? = nil
    ) {
        self.failureOrigin = failureOrigin
        self.failureType = failureType
        self.internalMessage = internalMessage
        self.externalMessage = externalMessage
        self.metadata = metadata
        self.stacktrace = stacktrace
        self.retryable = retryable
        self.timestamp = timestamp
        self.streamDescriptor = streamDescriptor
    }

    /// The failure of an error trace, its texts cut to the longest that the platform takes.
    public init(from trace: ErrorTrace, operation: Operation, origin: FailureOrigin) {
        self.init(
            failureOrigin: origin,
            failureType: trace.failureType ?? .systemError,
            internalMessage: trace.internalMessage?.truncated(toUTF16Length: Self.maximumMessageLength),
            externalMessage: trace.message?.truncated(toUTF16Length: Self.maximumMessageLength),
            metadata: [("from_trace_message", .bool(true))] + Self.metadata(of: operation),
            stacktrace: trace.stackTrace?.truncated(toUTF16Length: Self.maximumStackTraceLength),
            timestamp: trace.emittedAt,
            streamDescriptor: trace.streamDescriptor
        )
    }

    /// What every failure carries: servers of 2023 and 2024 fail where there is no metadata.
    public static func metadata(of operation: Operation) -> [(name: String, value: JSONScalar)] {
        [("connector_command", .string(operation.rawValue))]
    }

    /// What users are to read first: the message for them; behind a general one the first line of what it is about.
    /// Nil where neither is there.
    public var visibleMessage: String? {
        let detail = internalMessage?.firstLineWithText
        guard let message = externalMessage, message.firstLineWithText != nil else { return detail }
        guard message.hasPrefix(Self.generalMessage), let detail, !message.contains(detail) else {
            return message
        }
        return "\(message) \(detail)"
    }

    /// How the message begins that Airbyte's connector development kit puts in place of an unexpected error's own.
    private static let generalMessage = "Something went wrong in the connector"

    // A list of pairs has no equality of its own. What is written is all that there is to compare.
    public static func == (left: FailureReason, right: FailureReason) -> Bool {
        var (leftWriter, rightWriter) = (JSONWriter(), JSONWriter())
        left.write(to: &leftWriter)
        right.write(to: &rightWriter)
        return leftWriter.bytes == rightWriter.bytes
    }

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("failureOrigin", failureOrigin?.rawValue)
        writer.member("failureType", failureType?.rawValue)
        writer.member("internalMessage", internalMessage)
        writer.member("externalMessage", externalMessage)
        if !metadata.isEmpty {
            writer.key("metadata")
            writer.beginObject()
            for (name, value) in metadata {
                writer.key(name)
                writer.scalar(value)
            }
            writer.endObject()
        }
        writer.member("stacktrace", stacktrace)
        writer.member("retryable", retryable)
        writer.member("timestamp", timestamp)
        // Without a name it describes no stream, and the platform requires one.
        if let streamDescriptor, let name = streamDescriptor.name {
            writer.key("streamDescriptor")
            writer.beginObject()
            writer.member("name", name)
            writer.member("namespace", streamDescriptor.namespace)
            writer.endObject()
        }
        writer.endObject()
    }
}

extension JSONWriter {
    fileprivate mutating func scalar(_ value: JSONScalar) {
        switch value {
        case .string(let text): string(text)
        case .int(let number): int(number)
        case .bool(let flag): bool(flag)
        case .null: null()
        }
    }
}

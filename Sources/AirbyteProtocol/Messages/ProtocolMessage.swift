/// A connector's log level, in the protocol's spelling.
public enum LogLevel: String, Hashable, Sendable, CaseIterable {
    case fatal = "FATAL"
    case error = "ERROR"
    case warn = "WARN"
    case info = "INFO"
    case debug = "DEBUG"
    case trace = "TRACE"
}

/// A `LOG` message.
public struct ConnectorLog: Hashable, Sendable {
    public var level: LogLevel
    public var message: String
    public var stackTrace: String?

    public init(level: LogLevel, message: String, stackTrace: String? = nil) {
        self.level = level
        self.message = message
        self.stackTrace = stackTrace
    }

    /// The message, and below it the stack trace if there is one.
    public var textWithStackTrace: String {
        guard let stackTrace, !stackTrace.isEmpty else { return message }
        return message + "\n" + stackTrace
    }
}

/// The stream that a message is about.
public struct StreamDescriptor: Hashable, Sendable {
    /// The protocol requires a name; connectors forget it.
    public var name: String?
    public var namespace: String?

    public init(name: String?, namespace: String? = nil) {
        self.name = name
        self.namespace = namespace
    }
}

/// A `TRACE` message of type `ERROR`.
public struct ErrorTrace: Hashable, Sendable {
    /// For users.
    public var message: String?
    /// For operators.
    public var internalMessage: String?
    public var stackTrace: String?
    /// `system_error`, `config_error` or `transient_error`.
    public var failureType: FailureType?
    public var streamDescriptor: StreamDescriptor?
    /// Milliseconds since 1970; the protocol allows decimals, which are cut off. Nil where it cannot be understood.
    public var emittedAt: Int64?
    /// Whether there was an `error` object at all; without one, all that is known is that something failed.
    public var hasError: Bool

    public init(
        message: String? = nil,
        internalMessage: String? = nil,
        stackTrace: String? = nil,
        failureType: FailureType? = nil,
        streamDescriptor: StreamDescriptor? = nil,
        emittedAt: Int64?,
        hasError: Bool = true
    ) {
        self.message = message
        self.internalMessage = internalMessage
        self.stackTrace = stackTrace
        self.failureType = failureType
        self.streamDescriptor = streamDescriptor
        self.emittedAt = emittedAt
        self.hasError = hasError
    }

    /// Whether it says no more than that something failed.
    public var lacksDetails: Bool { message?.isEmpty != false && internalMessage?.isEmpty != false }
}

/// A `CONNECTION_STATUS` message, and the `checkConnection` of a job output.
public struct ConnectionStatus: Hashable, Sendable {
    /// In the job output's spelling; the protocol's is upper case.
    public enum Status: String, Hashable, Sendable {
        case succeeded
        case failed
    }

    public var status: Status
    public var message: String?

    public init(status: Status, message: String? = nil) {
        self.status = status
        self.message = message
    }
}

/// What a `SPEC` message brings, to be passed on as it is.
public enum Specification: Hashable, Sendable {
    case held(JSONValue)
    case stored(StoredText)
}

/// What a `CATALOG` or `DESTINATION_CATALOG` message brings, as the protocol has it.
public enum DiscoveredCatalog: Hashable, Sendable {
    case held(JSONValue)
    case stored(StoredCatalog)
}

/// A message of the Airbyte protocol, as far as the sidecar needs it.
///
/// A payload that is a `JSONValue` keeps the line that it is part of in memory; one that is stored does not, and has to
/// be read again.
public enum ProtocolMessage: Hashable, Sendable {
    case log(ConnectorLog)
    case spec(Specification)
    case connectionStatus(ConnectionStatus)
    /// The catalog of a source.
    case catalog(DiscoveredCatalog)
    case destinationCatalog(DiscoveredCatalog)
    case errorTrace(ErrorTrace)
    /// A trace of another type than `ERROR`.
    case otherTrace
    /// The connector's new configuration; nil where the message brought none.
    case control(connectorConfig: JSONValue?)
    case record
    case state
}

/// What became of one line of a connector's output, or of a part of it that stands for itself.
public enum DecodedLine: Hashable, Sendable {
    case message(ProtocolMessage)
    /// JSON that may be a message, but without a type or without a member that its type requires.
    case dropped(IncompleteMessage)
    /// Anything else: a line for people, or a message that the protocol's schema does not allow.
    ///
    /// `looksLikeRecord` says that the text may hold a customer's data and is not to be shown. `text` is the
    /// line with its UTF-8 repaired, cut after `MessageDecoder.maximumQuotedBytes`. `named` are the types that it names,
    /// as far as it is quoted.
    case notAMessage(looksLikeRecord: Bool, text: String, named: NamedTypes)
    /// A whole message behind text on its line, a result or an error trace. It counts where no proper one comes; the line
    /// is told of as what it is besides.
    case salvaged(ProtocolMessage, textBefore: String)
}

/// The JSON types of all members that the Airbyte protocol (0.3.2) knows, as a table.
///
/// Source: `airbyte_protocol.yaml`, definition `AirbyteMessage` and everything that it refers to. Which
/// members are required is not part of it: see `MessageDecoder`.
indirect enum ProtocolSchema: Sendable {
    /// Any value.
    case any
    case string
    /// Whole numbers and decimals alike: connectors write times either way.
    case number
    case bool
    /// A string out of a list, matched exactly.
    case oneOf([String])
    case list(ProtocolSchema)
    /// An object; members that the table does not name may be anything.
    case object([(name: String, schema: ProtocolSchema)])
}

extension ProtocolSchema {
    /// Members that are passed on or ignored as a whole: lines are indexed without their insides.
    static let opaqueKeys = ["json_schema", "connectionSpecification", "config", "data"]

    static let message = ProtocolSchema.object([
        (
            "type",
            .oneOf([
                "RECORD", "STATE", "LOG", "SPEC", "CONNECTION_STATUS", "CATALOG", "TRACE", "CONTROL",
                "DESTINATION_CATALOG",
            ])
        ),
        ("log", log), ("spec", spec), ("connectionStatus", connectionStatus), ("catalog", catalog),
        ("record", record), ("state", state), ("trace", trace), ("control", control),
        ("destination_catalog", destinationCatalog),
    ])

    private static let log = ProtocolSchema.object([
        ("level", .oneOf(LogLevel.allCases.map(\.rawValue))), ("message", .string), ("stack_trace", .string),
    ])

    private static let connectionStatus = ProtocolSchema.object([
        ("status", .oneOf(["SUCCEEDED", "FAILED"])), ("message", .string),
    ])

    private static let control = ProtocolSchema.object([
        ("type", .oneOf(["CONNECTOR_CONFIG"])), ("emitted_at", .number),
        ("connectorConfig", .object([("config", .object([]))])),
    ])

    private static let streamDescriptor = ProtocolSchema.object([("name", .string), ("namespace", .string)])
}

// MARK: - Traces

extension ProtocolSchema {
    private static let trace = ProtocolSchema.object([
        ("type", .oneOf(["ERROR", "ESTIMATE", "STREAM_STATUS", "ANALYTICS"])), ("emitted_at", .number),
        ("error", errorTrace), ("estimate", estimate), ("stream_status", streamStatus),
        ("analytics", .object([("type", .string), ("value", .string)])),
    ])

    private static let errorTrace = ProtocolSchema.object([
        ("message", .string), ("internal_message", .string), ("stack_trace", .string),
        ("failure_type", .oneOf(["system_error", "config_error", "transient_error"])),
        ("stream_descriptor", streamDescriptor),
    ])

    private static let estimate = ProtocolSchema.object([
        ("name", .string), ("type", .oneOf(["STREAM", "SYNC"])), ("namespace", .string),
        ("row_estimate", .number), ("byte_estimate", .number),
    ])

    private static let streamStatus = ProtocolSchema.object([
        ("stream_descriptor", streamDescriptor),
        ("status", .oneOf(["STARTED", "RUNNING", "COMPLETE", "INCOMPLETE"])),
        (
            "reasons",
            .list(
                .object([
                    ("type", .oneOf(["RATE_LIMITED"])), ("rate_limited", .object([("quota_reset", .number)])),
                ])
            )
        ),
    ])
}

// MARK: - Records and states

extension ProtocolSchema {
    private static let record = ProtocolSchema.object([
        ("namespace", .string), ("stream", .string), ("data", .any), ("emitted_at", .number),
        ("meta", .object([("changes", .list(recordChange))])),
        (
            "file_reference",
            .object([
                ("staging_file_url", .string), ("source_file_relative_path", .string),
                ("file_size_bytes", .number),
            ])
        ),
    ])

    private static let recordChange = ProtocolSchema.object([
        ("field", .string), ("change", .oneOf(["NULLED", "TRUNCATED"])),
        (
            "reason",
            .oneOf([
                "SOURCE_RECORD_SIZE_LIMITATION", "DESTINATION_RECORD_SIZE_LIMITATION",
                "PLATFORM_RECORD_SIZE_LIMITATION", "SOURCE_FIELD_SIZE_LIMITATION",
                "DESTINATION_FIELD_SIZE_LIMITATION", "PLATFORM_FIELD_SIZE_LIMITATION",
                "SOURCE_SERIALIZATION_ERROR", "DESTINATION_SERIALIZATION_ERROR",
                "PLATFORM_SERIALIZATION_ERROR",
                "SOURCE_RETRIEVAL_ERROR", "DESTINATION_TYPECAST_ERROR",
            ])
        ),
    ])

    private static let state = ProtocolSchema.object([
        ("type", .oneOf(["GLOBAL", "STREAM", "LEGACY"])), ("stream", streamState),
        ("global", .object([("shared_state", .any), ("stream_states", .list(streamState))])),
        ("data", .any), ("sourceStats", stateStats), ("destinationStats", stateStats),
    ])

    private static let streamState = ProtocolSchema.object([
        ("stream_descriptor", streamDescriptor), ("stream_state", .any),
    ])

    private static let stateStats = ProtocolSchema.object([
        ("recordCount", .number), ("rejectedRecordCount", .number),
    ])
}

// MARK: - Catalogs

extension ProtocolSchema {
    private static let path = ProtocolSchema.list(.string)
    private static let syncMode = ProtocolSchema.oneOf(["full_refresh", "incremental"])
    private static let destinationSyncMode = ProtocolSchema.oneOf([
        "append", "overwrite", "append_dedup", "update", "soft_delete",
    ])

    private static let catalog = ProtocolSchema.object([("streams", .list(stream))])
    private static let destinationCatalog = ProtocolSchema.object([("operations", .list(operation))])

    /// One stream of a source's catalog.
    static let stream = ProtocolSchema.object([
        ("name", .string), ("json_schema", .any), ("supported_sync_modes", .list(syncMode)),
        ("source_defined_cursor", .bool), ("default_cursor_field", path),
        ("source_defined_primary_key", .list(path)), ("namespace", .string), ("is_resumable", .bool),
        ("is_file_based", .bool),
    ])

    /// One operation of a destination's catalog.
    static let operation = ProtocolSchema.object([
        ("object_name", .string), ("sync_mode", destinationSyncMode), ("json_schema", .any),
        ("matching_keys", .list(path)),
    ])
}

// MARK: - Specification

extension ProtocolSchema {
    private static let spec = ProtocolSchema.object([
        ("documentationUrl", .string), ("changelogUrl", .string), ("connectionSpecification", .any),
        ("supportsIncremental", .bool), ("supportsNormalization", .bool), ("supportsDBT", .bool),
        ("supported_destination_sync_modes", .list(destinationSyncMode)),
        ("authSpecification", authSpecification), ("advanced_auth", advancedAuth),
        ("protocol_version", .string),
    ])

    private static let authSpecification = ProtocolSchema.object([
        ("auth_type", .oneOf(["oauth2.0"])),
        (
            "oauth2Specification",
            .object([
                // Its elements are strings or whole numbers; the platform's readers take anything.
                ("rootObject", .list(.any)), ("oauthFlowInitParameters", .list(path)),
                ("oauthFlowOutputParameters", .list(path)),
            ])
        ),
    ])

    private static let advancedAuth = ProtocolSchema.object([
        ("auth_flow_type", .oneOf(["oauth2.0", "oauth1.0"])), ("predicate_key", path),
        ("predicate_value", .string),
        (
            "oauth_config_specification",
            // Its members are free JSON.
            .object([])
        ),
    ])
}

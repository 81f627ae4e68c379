import TestSupport
import Testing

@testable import AirbyteProtocol

/// Which lines are messages at all: every member that the protocol knows, with right and wrong types.
@Suite struct ProtocolSchemaTests {
    /// Values of each JSON type, and of each type that a member may want.
    enum Wanted: String {
        case string, number, bool, list, object, any

        static let samples = [
            (Wanted.string, #""text""#), (.number, "1"), (.number, "-1.5e3"), (.bool, "true"), (.list, "[]"),
            (.object, "{}"),
        ]

        /// Whether a sample is taken for a value of this type, coerced where it has to be.
        func takes(_ type: Wanted, _ sample: String) -> Bool {
            switch (self, type) {
            case (.any, _), (.string, .number), (.string, .bool): true
            // An integer is a truth value, a number with a fraction or an exponent is not.
            case (.bool, .number): sample == "1"
            default: self == type
            }
        }
    }

    /// A line with one value left out, and what that value may be.
    static let members: [(String, Wanted)] = [
        (#"{"log":_}"#, .object), (#"{"log":{"message":_}}"#, .string),
        (#"{"log":{"stack_trace":_}}"#, .string),
        (#"{"spec":_}"#, .object), (#"{"spec":{"documentationUrl":_}}"#, .string),
        (#"{"spec":{"changelogUrl":_}}"#, .string),
        (#"{"spec":{"connectionSpecification":_}}"#, .any), (#"{"spec":{"supportsIncremental":_}}"#, .bool),
        (#"{"spec":{"supportsNormalization":_}}"#, .bool), (#"{"spec":{"supportsDBT":_}}"#, .bool),
        (#"{"spec":{"supported_destination_sync_modes":_}}"#, .list),
        (#"{"spec":{"protocol_version":_}}"#, .string),
        (#"{"spec":{"authSpecification":_}}"#, .object),
        (#"{"spec":{"authSpecification":{"oauth2Specification":_}}}"#, .object),
        (#"{"spec":{"authSpecification":{"oauth2Specification":{"rootObject":_}}}}"#, .list),
        (#"{"spec":{"authSpecification":{"oauth2Specification":{"rootObject":[_]}}}}"#, .any),
        (#"{"spec":{"authSpecification":{"oauth2Specification":{"oauthFlowInitParameters":_}}}}"#, .list),
        (#"{"spec":{"authSpecification":{"oauth2Specification":{"oauthFlowInitParameters":[_]}}}}"#, .list),
        (
            #"{"spec":{"authSpecification":{"oauth2Specification":{"oauthFlowInitParameters":[[_]]}}}}"#,
            .string
        ),
        (
            #"{"spec":{"authSpecification":{"oauth2Specification":{"oauthFlowOutputParameters":[["a"],["b",_]]}}}}"#,
            .string
        ),
        (#"{"spec":{"advanced_auth":_}}"#, .object),
        (#"{"spec":{"advanced_auth":{"predicate_key":_}}}"#, .list),
        (#"{"spec":{"advanced_auth":{"predicate_key":[_]}}}"#, .string),
        (#"{"spec":{"advanced_auth":{"predicate_value":_}}}"#, .string),
        (#"{"spec":{"advanced_auth":{"oauth_config_specification":_}}}"#, .object),
        (
            #"{"spec":{"advanced_auth":{"oauth_config_specification":{"oauth_connector_input_specification":_}}}}"#,
            .any
        ),
        (
            #"{"spec":{"advanced_auth":{"oauth_config_specification":{"complete_oauth_output_specification":_}}}}"#,
            .any
        ),
        (#"{"connectionStatus":_}"#, .object), (#"{"connectionStatus":{"message":_}}"#, .string),
        (#"{"catalog":_}"#, .object), (#"{"catalog":{"streams":_}}"#, .list),
        (#"{"catalog":{"streams":[_]}}"#, .object),
        (#"{"catalog":{"streams":[{},{"name":_}]}}"#, .string),
        (#"{"catalog":{"streams":[{"json_schema":_}]}}"#, .any),
        (#"{"catalog":{"streams":[{"supported_sync_modes":_}]}}"#, .list),
        (#"{"catalog":{"streams":[{"source_defined_cursor":_}]}}"#, .bool),
        (#"{"catalog":{"streams":[{"default_cursor_field":_}]}}"#, .list),
        (#"{"catalog":{"streams":[{"default_cursor_field":["a",_]}]}}"#, .string),
        (#"{"catalog":{"streams":[{"source_defined_primary_key":_}]}}"#, .list),
        (#"{"catalog":{"streams":[{"source_defined_primary_key":[_]}]}}"#, .list),
        (#"{"catalog":{"streams":[{"source_defined_primary_key":[["a"],[_]]}]}}"#, .string),
        (#"{"catalog":{"streams":[{"namespace":_}]}}"#, .string),
        (#"{"catalog":{"streams":[{"is_resumable":_}]}}"#, .bool),
        (#"{"catalog":{"streams":[{"is_file_based":_}]}}"#, .bool),
        (#"{"destination_catalog":_}"#, .object), (#"{"destination_catalog":{"operations":_}}"#, .list),
        (#"{"destination_catalog":{"operations":[_]}}"#, .object),
        (#"{"destination_catalog":{"operations":[{"object_name":_}]}}"#, .string),
        (#"{"destination_catalog":{"operations":[{"json_schema":_}]}}"#, .any),
        (#"{"destination_catalog":{"operations":[{"matching_keys":_}]}}"#, .list),
        (#"{"destination_catalog":{"operations":[{"matching_keys":[_]}]}}"#, .list),
        (#"{"destination_catalog":{"operations":[{"matching_keys":[[_]]}]}}"#, .string),
        (#"{"record":_}"#, .object), (#"{"record":{"namespace":_}}"#, .string),
        (#"{"record":{"stream":_}}"#, .string),
        (#"{"record":{"data":_}}"#, .any), (#"{"record":{"emitted_at":_}}"#, .number),
        (#"{"record":{"meta":_}}"#, .object),
        (#"{"record":{"meta":{"changes":_}}}"#, .list), (#"{"record":{"meta":{"changes":[_]}}}"#, .object),
        (#"{"record":{"meta":{"changes":[{"field":_}]}}}"#, .string),
        (#"{"record":{"file_reference":_}}"#, .object),
        (#"{"record":{"file_reference":{"staging_file_url":_}}}"#, .string),
        (#"{"record":{"file_reference":{"source_file_relative_path":_}}}"#, .string),
        (#"{"record":{"file_reference":{"file_size_bytes":_}}}"#, .number),
        (#"{"state":_}"#, .object), (#"{"state":{"stream":_}}"#, .object), (#"{"state":{"data":_}}"#, .any),
        (#"{"state":{"stream":{"stream_descriptor":_}}}"#, .object),
        (#"{"state":{"stream":{"stream_state":_}}}"#, .any),
        (#"{"state":{"stream":{"stream_descriptor":{"name":_}}}}"#, .string),
        (#"{"state":{"stream":{"stream_descriptor":{"namespace":_}}}}"#, .string),
        (#"{"state":{"global":_}}"#, .object),
        (#"{"state":{"global":{"shared_state":_}}}"#, .any),
        (#"{"state":{"global":{"stream_states":_}}}"#, .list),
        (#"{"state":{"global":{"stream_states":[_]}}}"#, .object),
        (#"{"state":{"global":{"stream_states":[{"stream_descriptor":{"name":_}}]}}}"#, .string),
        (#"{"state":{"sourceStats":_}}"#, .object),
        (#"{"state":{"sourceStats":{"recordCount":_}}}"#, .number),
        (#"{"state":{"destinationStats":{"rejectedRecordCount":_}}}"#, .number),
        (#"{"trace":_}"#, .object), (#"{"trace":{"emitted_at":_}}"#, .number),
        (#"{"trace":{"error":_}}"#, .object),
        (#"{"trace":{"error":{"message":_}}}"#, .string),
        (#"{"trace":{"error":{"internal_message":_}}}"#, .string),
        (#"{"trace":{"error":{"stack_trace":_}}}"#, .string),
        (#"{"trace":{"error":{"stream_descriptor":_}}}"#, .object),
        (#"{"trace":{"error":{"stream_descriptor":{"name":_}}}}"#, .string),
        (#"{"trace":{"estimate":_}}"#, .object),
        (#"{"trace":{"estimate":{"name":_}}}"#, .string),
        (#"{"trace":{"estimate":{"namespace":_}}}"#, .string),
        (#"{"trace":{"estimate":{"row_estimate":_}}}"#, .number),
        (#"{"trace":{"estimate":{"byte_estimate":_}}}"#, .number),
        (#"{"trace":{"stream_status":_}}"#, .object),
        (#"{"trace":{"stream_status":{"stream_descriptor":_}}}"#, .object),
        (#"{"trace":{"stream_status":{"stream_descriptor":{"namespace":_}}}}"#, .string),
        (#"{"trace":{"stream_status":{"reasons":_}}}"#, .list),
        (#"{"trace":{"stream_status":{"reasons":[_]}}}"#, .object),
        (#"{"trace":{"stream_status":{"reasons":[{"rate_limited":_}]}}}"#, .object),
        (#"{"trace":{"stream_status":{"reasons":[{"rate_limited":{"quota_reset":_}}]}}}"#, .number),
        (#"{"trace":{"analytics":_}}"#, .object), (#"{"trace":{"analytics":{"type":_}}}"#, .string),
        (#"{"trace":{"analytics":{"value":_}}}"#, .string),
        (#"{"control":_}"#, .object), (#"{"control":{"emitted_at":_}}"#, .number),
        (#"{"control":{"connectorConfig":_}}"#, .object),
        (#"{"control":{"connectorConfig":{"config":_}}}"#, .object),
        (#"{"spec":{"authSpecification":{"oauth2Specification":{"oauthFlowOutputParameters":_}}}}"#, .list),
        (#"{"spec":{"authSpecification":{"oauth2Specification":{"oauthFlowOutputParameters":[_]}}}}"#, .list),
        (
            #"{"spec":{"advanced_auth":{"oauth_config_specification":{"complete_oauth_server_input_specification":_}}}}"#,
            .any
        ),
        (
            #"{"spec":{"advanced_auth":{"oauth_config_specification":{"complete_oauth_server_output_specification":_}}}}"#,
            .any
        ),
        (
            #"{"spec":{"advanced_auth":{"oauth_config_specification":{"oauth_user_input_from_connector_config_specification":_}}}}"#,
            .any
        ),
        (#"{"state":{"global":{"stream_states":[{"stream_descriptor":_}]}}}"#, .object),
        (#"{"state":{"global":{"stream_states":[{"stream_descriptor":{"namespace":_}}]}}}"#, .string),
        (#"{"state":{"global":{"stream_states":[{"stream_state":_}]}}}"#, .any),
        (#"{"state":{"sourceStats":{"rejectedRecordCount":_}}}"#, .number),
        (#"{"state":{"destinationStats":_}}"#, .object),
        (#"{"state":{"destinationStats":{"recordCount":_}}}"#, .number),
        (#"{"trace":{"error":{"stream_descriptor":{"namespace":_}}}}"#, .string),
        (#"{"trace":{"stream_status":{"stream_descriptor":{"name":_}}}}"#, .string),
        // Members that the protocol does not know, and those of a configuration.
        (#"{"unknown":_}"#, .any), (#"{"log":{"unknown":_}}"#, .any),
        (#"{"trace":{"error":{"unknown":_}}}"#, .any),
        (#"{"control":{"connectorConfig":{"config":{"message":_}}}}"#, .any),
        (#"{"catalog":{"streams":[{"json_schema":{"name":_}}]}}"#, .any), (#"{"LOG":_}"#, .any),
    ]

    @Test(arguments: members)
    func checksTypes(_ line: String, _ wanted: Wanted) {
        for (type, sample) in Wanted.samples {
            let filled = line.replacing("_}", with: sample + "}").replacing("_]", with: sample + "]")
            #expect(isMessage(filled) == wanted.takes(type, sample), "\(filled)")
        }
        // An explicit null is as good as absent.
        #expect(isMessage(line.replacing("_}", with: "null}").replacing("_]", with: "null]")))
    }

    static let enumerations: [(String, [String])] = [
        (
            #"{"type":_}"#,
            [
                "RECORD", "STATE", "LOG", "SPEC", "CONNECTION_STATUS", "CATALOG", "TRACE", "CONTROL",
                "DESTINATION_CATALOG",
            ]
        ),
        (#"{"log":{"level":_}}"#, ["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"]),
        (#"{"connectionStatus":{"status":_}}"#, ["SUCCEEDED", "FAILED"]),
        (#"{"control":{"type":_}}"#, ["CONNECTOR_CONFIG"]),
        (#"{"trace":{"type":_}}"#, ["ERROR", "ESTIMATE", "STREAM_STATUS", "ANALYTICS"]),
        (#"{"trace":{"error":{"failure_type":_}}}"#, ["system_error", "config_error", "transient_error"]),
        (#"{"trace":{"estimate":{"type":_}}}"#, ["STREAM", "SYNC"]),
        (#"{"trace":{"stream_status":{"status":_}}}"#, ["STARTED", "RUNNING", "COMPLETE", "INCOMPLETE"]),
        (#"{"trace":{"stream_status":{"reasons":[{"type":_}]}}}"#, ["RATE_LIMITED"]),
        (#"{"state":{"type":_}}"#, ["GLOBAL", "STREAM", "LEGACY"]),
        (#"{"record":{"meta":{"changes":[{"change":_}]}}}"#, ["NULLED", "TRUNCATED"]),
        (
            #"{"record":{"meta":{"changes":[{"reason":_}]}}}"#,
            [
                "SOURCE_RECORD_SIZE_LIMITATION", "DESTINATION_RECORD_SIZE_LIMITATION",
                "PLATFORM_RECORD_SIZE_LIMITATION",
                "SOURCE_FIELD_SIZE_LIMITATION", "DESTINATION_FIELD_SIZE_LIMITATION",
                "PLATFORM_FIELD_SIZE_LIMITATION",
                "SOURCE_SERIALIZATION_ERROR", "DESTINATION_SERIALIZATION_ERROR",
                "PLATFORM_SERIALIZATION_ERROR",
                "SOURCE_RETRIEVAL_ERROR", "DESTINATION_TYPECAST_ERROR",
            ]
        ),
        (#"{"catalog":{"streams":[{"supported_sync_modes":[_]}]}}"#, ["full_refresh", "incremental"]),
        (
            #"{"destination_catalog":{"operations":[{"sync_mode":_}]}}"#,
            ["append", "overwrite", "append_dedup", "update", "soft_delete"]
        ),
        (
            #"{"spec":{"supported_destination_sync_modes":[_]}}"#,
            ["append", "overwrite", "append_dedup", "update", "soft_delete"]
        ),
        (#"{"spec":{"authSpecification":{"auth_type":_}}}"#, ["oauth2.0"]),
        (#"{"spec":{"advanced_auth":{"auth_flow_type":_}}}"#, ["oauth2.0", "oauth1.0"]),
    ]

    @Test(arguments: enumerations)
    func matchesEnumerationsExactly(_ line: String, _ values: [String]) {
        func filled(_ value: String) -> String {
            line.replacing("_}", with: value + "}").replacing("_]", with: value + "]")
        }
        for value in values {
            #expect(isMessage(filled("\"\(value)\"")), "\(value)")
            let otherCase = value == value.lowercased() ? value.uppercased() : value.lowercased()
            #expect(!isMessage(filled("\"\(otherCase)\"")), "\(otherCase)")
            #expect(!isMessage(filled("\"\(value) \"")))
        }
        for wrong in [#""""#, #""unknown""#, "1", "true", "{}", "[]", "[\"\(values[0])\"]"] {
            #expect(!isMessage(filled(wrong)), "\(wrong)")
        }
        #expect(isMessage(filled("null")))
    }

    @Test(arguments: [
        // The wrong one of two duplicates, before or behind the right one.
        #"{"type":"NONE","type":"LOG"}"#, #"{"type":"LOG","type":"NONE"}"#, #"{"log":1,"log":{}}"#,
        // A name in the spelling of an escape.
        #"{"t\u0079pe":"NONE"}"#,
        // A fault in a member that has nothing to do with the message's type.
        #"{"type":"LOG","log":{"level":"INFO","message":"m"},"trace":{"estimate":{"type":"NONE"}}}"#,
    ])
    func looksEverywhere(_ line: String) {
        #expect(!isMessage(line))
    }

    /// Whether the line passes for one that the schema allows, dropped or not.
    private func isMessage(_ line: String) -> Bool {
        let decoder = MessageDecoder()
        if case .notAMessage = decoder.decode(Array(line.utf8)) { return false }
        return true
    }
}

import AirbyteProtocol

/// What a connector that wrote these lines has said.
package func transcript(_ lines: String...) -> Transcript {
    var reader = TranscriptReader(digestSeed: 1)
    for line in lines { _ = reader.read(Array((line + "\n").utf8)) }
    _ = reader.finish()
    return reader.transcript
}

/// Lines of a connector's output.
package enum Line {
    package static let succeeded = #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#
    package static let failed =
        #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"wrong password"}}"#
    package static let spec =
        #"{"type":"SPEC","spec":{"connectionSpecification":{"max":1.50,"x-own":true},"documentationUrl":"u"}}"#
    package static let catalog =
        #"{"type":"CATALOG","catalog":{"streams":[{"name":"s","json_schema":{},"supported_sync_modes":["full_refresh"]}]}}"#
    /// Two streams of one name, the second with a key that its schema does not have.
    package static let oddCatalog =
        #"{"type":"CATALOG","catalog":{"streams":[{"name":"s","json_schema":{}},{"name":"s","source_defined_primary_key":[["id"]],"json_schema":{"properties":{"x":{}}}}]}}"#
    package static let namelessCatalog = #"{"type":"CATALOG","catalog":{"streams":[{"json_schema":{}}]}}"#
    package static let destinationCatalog =
        #"{"type":"DESTINATION_CATALOG","destination_catalog":{"operations":[{"object_name":"o","sync_mode":"append","json_schema":{}}]}}"#
    package static let trace =
        #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1700000000000,"error":{"message":"no such table","internal_message":"SQL 42","stack_trace":"at x","failure_type":"config_error"}}}"#
    package static let control =
        #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":{"token":"new"}}}}"#
    package static let bareTrace = #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1700000000000}}"#

    /// The line that brings what the operation is for.
    package static func result(of operation: AirbyteProtocol.Operation, kind: ConnectorKind) -> String {
        switch operation {
        case .spec: spec
        case .check: succeeded
        case .discover: kind == .source ? catalog : destinationCatalog
        }
    }
}

extension JobOutput {
    /// The document's bytes, all of which are held.
    package func encoded() -> [UInt8] { document.bytes ?? [] }
}

/// For parts that have no document of which anything would have to be read again.
package func noConnectorOutput(_ range: Range<UInt64>) throws(DocumentError) -> [UInt8] {
    throw DocumentError("there is no connector's output")
}

import AirbyteProtocol

/// All that an output comes to, however it is cut and whatever is held of it.
package struct OutputReading: Equatable {
    package private(set) var events: [TranscriptEvent] = []
    package private(set) var checkConnection: ConnectionStatus?
    package private(set) var errorTrace: ErrorTrace?
    private var configuration: [UInt8]?
    private var lastLines = LastLines()
    private var lastFatalOrErrorLine: String?
    private var flaws: [ResultFlaw?] = []
    /// What stands before salvaged results.
    package private(set) var textsBefore: [String?] = []
    private var salvagedStatus: OperationResult?
    private var counts: [Int] = []
    /// What is delivered of each result, or why it cannot be.
    package private(set) var documents: [String: String] = [:]
    private var findings: [String: CatalogInspection?] = [:]

    /// - Parameter chunks: the lengths of the chunks in which the output comes, which go round.
    package init(
        _ output: [UInt8],
        kind: ConnectorKind = .source,
        maxHeldLineLength: Int = LineFramer.maxHeldLineLength,
        chunks: [Int] = [1 << 16]
    ) throws {
        var reader = TranscriptReader(
            kind: kind,
            digestSeed: 1,
            maxHeldLineLength: maxHeldLineLength,
            tooLongLine: 40
        )
        var start = 0
        var count = 0
        while start < output.count {
            let end = min(start + chunks[count % chunks.count], output.count)
            events += reader.read(Array(output[start..<end]))
            start = end
            count += 1
        }
        events += reader.finish()
        let transcript = reader.transcript
        checkConnection = transcript.connectionStatus
        errorTrace = transcript.errorTrace
        configuration = transcript.lastConnectorConfig.map { Array($0.rawJSON) }
        lastLines = transcript.lastLines
        lastFatalOrErrorLine = transcript.lastFatalOrErrorLine { $0 }
        flaws = Operation.allCases.map { transcript.resultFlaw(for: $0) }
        textsBefore = Operation.allCases.map { transcript.salvagedResult(for: $0)?.textBefore }
        salvagedStatus = transcript.salvagedResult(for: .check)?.result
        counts =
            [transcript.lineSkippedWithRecord, transcript.nonAirbyteMessageLogLine] + transcript.tooLongLines
        try deliver(transcript, output)
    }
}

extension OutputReading {
    private mutating func deliver(_ transcript: Transcript, _ output: [UInt8]) throws {
        try deliver(transcript.spec.map(OperationResult.spec), output)
        try deliver(transcript.catalog.map(OperationResult.catalog), output)
        try deliver(transcript.destinationCatalog.map(OperationResult.destinationCatalog), output)
        for operation in Operation.allCases {
            try deliver(transcript.salvagedResult(for: operation)?.result, output, "salvaged ")
        }
    }

    private mutating func deliver(
        _ result: OperationResult?,
        _ output: [UInt8],
        _ prefix: String = ""
    ) throws {
        switch result {
        case .spec(let spec):
            let document = JobOutput(operation: .spec, spec: spec).document
            let bytes = try Self.bytes(of: document, from: output)
            documents[prefix + "spec"] = String(decoding: bytes, as: UTF8.self)
            let count = document.count ?? bytes.count
            documents[prefix + "spec length"] = "\(count)"
            let call = OutputDocument.object(
                { $0.member("workloadId", "w") },
                string: "output",
                holding: document
            )
            let inString = try Self.bytes(of: call, from: output)
            documents[prefix + "spec in a string"] = String(decoding: inString, as: UTF8.self)
        case .catalog(let catalog): try deliver(prefix + "catalog", catalog, .source, output)
        case .destinationCatalog(let catalog):
            try deliver(prefix + "destination catalog", catalog, .destination, output)
        case .connectionStatus, nil: break
        }
    }

    private mutating func deliver(
        _ name: String,
        _ catalog: DiscoveredCatalog,
        _ kind: ConnectorKind,
        _ output: [UInt8]
    ) throws {
        let document: OutputDocument
        do throws(CatalogConversionError) {
            document =
                kind == .source
                ? try CatalogConversion.writeDiscoverCatalogResult(
                    catalog: catalog,
                    sourceId: "s",
                    connectorVersion: "1",
                    configurationHash: "h"
                )
                : try CatalogConversion.writeDestinationDiscoverCatalogResult(
                    catalog: catalog,
                    destinationId: "d",
                    connectorVersion: "1",
                    configurationHash: "h"
                )
        } catch {
            documents[name] = error.description
            return
        }
        let reader = DocumentReader(document) { Array(output[Int($0.lowerBound)..<Int($0.upperBound)]) }
        var bytes: [UInt8] = []
        while let next = try reader.next() { bytes += next }
        documents[name] = String(decoding: bytes, as: UTF8.self)
        switch catalog {
        case .held(let value):
            findings[name] =
                kind == .source
                ? CatalogInspection(sourceCatalog: value) : CatalogInspection(destinationCatalog: value)
        case .stored:
            findings[name] = reader.catalogFindings
        }
    }

    /// A document's text, made from the output.
    private static func bytes(of document: OutputDocument, from output: [UInt8]) throws -> [UInt8] {
        let reader = DocumentReader(document) { Array(output[Int($0.lowerBound)..<Int($0.upperBound)]) }
        var bytes: [UInt8] = []
        while let next = try reader.next() { bytes += next }
        return bytes
    }
}

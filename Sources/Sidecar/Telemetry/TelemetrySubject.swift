import AirbyteProtocol
import Telemetry
import Workload

extension SidecarInput {
    /// The connector's image and version, as far as they are known.
    var image: ConnectorImage {
        var image = ConnectorImage(launcher.dockerImage)
        if image.version == ConnectorImage.unknown, let version = discover?.connectorVersion, !version.isEmpty
        {
            image.version = version
        }
        return image
    }

    /// What identifies the workload in traces and logs.
    var telemetryAttributes: [Attribute] {
        [
            ("airbyte.workload.id", workloadID), ("airbyte.job.id", launcher.jobID),
            ("airbyte.attempt.id", launcher.attemptID), ("airbyte.operation", operation.rawValue),
            ("airbyte.connector.image", image.name), ("airbyte.connector.version", image.version),
        ].compactMap { name, value in value.map { Attribute(name, $0) } }
    }
}

extension Transcript {
    /// The platform's metrics about a connector's lines.
    var measurements: [Measurement] {
        var all: [Measurement] = []
        let malformed = [
            (Metric.nonAirbyteMessageLogLine, nonAirbyteMessageLogLines),
            (.lineSkippedWithRecord, linesSkippedWithRecord),
        ]
        for (metric, lines) in malformed {
            for (length, count) in lines.byLength {
                all.append(Measurement(metric, Double(count), [Tag(.malformedLineLength, String(length))]))
            }
        }
        if lineSkippedTooLong > 0 { all.append(Measurement(.lineSkippedTooLong, Double(lineSkippedTooLong))) }
        return all + tooLongLines.map { Measurement(.tooLongLines, Double($0)) }
    }
}

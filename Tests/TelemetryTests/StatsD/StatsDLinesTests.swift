import Testing

@testable import Telemetry

/// Every kind of line in every flavour, byte for byte.
@Suite struct StatsDLinesTests {
    /// What Micrometer 1.15.1 writes.
    @Test(
        arguments: [
            (.datadog, "airbyte.job_output_write:1|c|#statistic:count,service:S,status:success,version:V"),
            (.telegraf, "airbyte_job_output_write,statistic=count,service=S,status=success,version=V:1|c"),
            (.etsy, "airbyteJob_output_write.service.S.statistic.count.status.success.version.V:1|c"),
            (.sysdig, "airbyte.job_output_write#statistic=count,service=S,status=success,version=V:1|c"),
        ] as [(StatsDSettings.Flavor, String)]
    )
    func counter(_ flavor: StatsDSettings.Flavor, _ line: String) {
        #expect(text(flavor, Measurement(.jobOutputWrite, 1, [Tag(.status, "success")])) == line)
    }

    @Test(
        arguments: [
            (
                .datadog,
                "airbyte.workload-api-client.success:1|c|#statistic:count,max-retries:5,method:POST,retry-attempt:1,"
                    + "service:S,url:http://a-b:8007/api/v1,version:V"
            ),
            (
                .telegraf,
                "airbyte_workload-api-client_success,statistic=count,max-retries=5,method=POST,retry-attempt=1,"
                    + "service=S,url=http_//a-b_8007/api/v1,version=V:1|c"
            ),
            (
                .etsy,
                "airbyteWorkload-api-clientSuccess.max-retries.5.method.POST.retry-attempt.1.service.S.statistic.count."
                    + "url.http_//a-b_8007/api/v1.version.V:1|c"
            ),
            (
                .sysdig,
                "airbyte.workload_api_client.success#statistic=count,max_retries=5,method=POST,retry_attempt=1,"
                    + "service=S,url=http___a_b_8007_api_v1,version=V:1|c"
            ),
        ] as [(StatsDSettings.Flavor, String)]
    )
    func counterOfCalls(_ flavor: StatsDSettings.Flavor, _ line: String) {
        let tags = [
            Tag(.maxRetries, "5"), Tag(.retryAttempt, "1"), Tag(.method, "POST"),
            Tag(.url, "http://a-b:8007/api/v1"),
        ]
        #expect(text(flavor, Measurement(.workloadAPISuccess, 1, tags)) == line)
    }

    @Test(
        arguments: [
            (.datadog, "airbyte.too_long_lines_distribution:20000001|h|#service:S,version:V"),
            (.telegraf, "airbyte_too_long_lines_distribution,service=S,version=V:20000001|h"),
            (.etsy, "airbyteToo_long_lines_distribution.service.S.version.V:20000001|ms"),
            (.sysdig, "airbyte.too_long_lines_distribution#service=S,version=V:20000001|h"),
        ] as [(StatsDSettings.Flavor, String)]
    )
    func distribution(_ flavor: StatsDSettings.Flavor, _ line: String) {
        #expect(text(flavor, Measurement(.tooLongLines, 20_000_001)) == line)
    }

    @Test(
        arguments: [
            (
                .datadog,
                "airbyte.sidecar.phase_duration:12.5|ms|#operation:check,outcome:success,phase:report,service:S,version:V"
            ),
            (
                .telegraf,
                "airbyte_sidecar_phase_duration,operation=check,outcome=success,phase=report,service=S,version=V:12.5|ms"
            ),
            (
                .etsy,
                "airbyteSidecarPhase_duration.operation.check.outcome.success.phase.report.service.S.version.V:12.5|ms"
            ),
            (
                .sysdig,
                "airbyte.sidecar.phase_duration#operation=check,outcome=success,phase=report,service=S,version=V:12.5|ms"
            ),
        ] as [(StatsDSettings.Flavor, String)]
    )
    func timerInMilliseconds(_ flavor: StatsDSettings.Flavor, _ line: String) {
        let tags = [Tag(.operation, "check"), Tag(.outcome, "success"), Tag(.phase, "report")]
        #expect(text(flavor, Measurement(.phaseDuration, 0.0125, tags)) == line)
    }

    @Test(
        arguments: [
            (
                .datadog,
                "airbyte.sidecar.peak_memory:7340032|g|#statistic:value,operation:spec,service:S,version:V"
            ),
            (
                .telegraf,
                "airbyte_sidecar_peak_memory,statistic=value,operation=spec,service=S,version=V:7340032|g"
            ),
            (.etsy, "airbyteSidecarPeak_memory.operation.spec.service.S.version.V.statistic.value:7340032|g"),
            (
                .sysdig,
                "airbyte.sidecar.peak_memory#statistic=value,operation=spec,service=S,version=V:7340032|g"
            ),
        ] as [(StatsDSettings.Flavor, String)]
    )
    func gauge(_ flavor: StatsDSettings.Flavor, _ line: String) {
        #expect(text(flavor, Measurement(.peakMemory, 7_340_032, [Tag(.operation, "spec")])) == line)
    }

    @Test(arguments: StatsDSettings.Flavor.allCases, Metric.allCases)
    func lineHasOneValueAndItsType(_ flavor: StatsDSettings.Flavor, _ metric: Metric) throws {
        let tags = metric.tags.map { Tag($0, "a:b|c,d\ne\r\nf#g@h é") }
        let line = try #require(text(flavor, Measurement(metric, 3, tags)))
        let types = ["c", "g", "ms", "h"]
        if flavor == .datadog {
            let parts = line.split(separator: "|", omittingEmptySubsequences: false)
            #expect(
                parts.count == 3 && types.contains(String(parts[1])) && parts[2].hasPrefix("#"),
                "\(line)"
            )
        } else {
            let parts = line.split(separator: ":", omittingEmptySubsequences: false)
            #expect(parts.count == 2, "\(line)")
            #expect(types.contains { parts.last == "\(metric.kind == .timer ? 3000 : 3)|\($0)" }, "\(line)")
        }
        #expect(!line.contains { $0.isNewline }, "\(line)")
        #expect(flavor == .datadog || flavor == .sysdig || !line.contains(" "), "\(line)")
    }

    @Test(
        arguments: [
            (.datadog, "a:b_", "status:a:b_"),
            (.datadog, "a:b:", "status:a:b_"),
            (.datadog, "a|b,c\r\nd e", "status:abcd e"),
            (.datadog, "", "status"),
            (.datadog, "|", "status"),
            (.telegraf, "a:b\tc d|e,f", "status=a_b_c_def"),
            (.etsy, "a:b c|d,e.f", "status.a_b_cde.f"),
            (.sysdig, "a:b c|d,é-😀", "status=a_b_cd___"),
        ] as [(StatsDSettings.Flavor, String, String)]
    )
    func valueLosesWhatWouldEndIt(_ flavor: StatsDSettings.Flavor, _ value: String, _ tag: String) throws {
        let line = try #require(text(flavor, Measurement(.jobOutputWrite, 1, [Tag(.status, value)])))
        let separator = flavor == .etsy ? "." : ","
        #expect("\(line)\(separator)".contains("\(separator)\(tag)\(separator)"), "\(line)")
    }

    @Test(arguments: [.telegraf, .etsy, .sysdig] as [StatsDSettings.Flavor])
    func tagWithoutValueIsLeftOut(_ flavor: StatsDSettings.Flavor) throws {
        let line = try #require(text(flavor, Measurement(.jobOutputWrite, 1, [Tag(.status, "")])))
        #expect(!line.contains("status"), "\(line)")
    }

    @Test func valueIsNotLongerThanReceiversKeep() throws {
        let value = String(repeating: "é", count: 150)
        let line = try #require(text(.datadog, Measurement(.jobOutputWrite, 1, [Tag(.status, value)])))
        #expect(line.contains("status:" + String(repeating: "é", count: 100) + ",version"), "\(line)")
    }

    @Test func withoutTagsTheyHaveNoBeginning() {
        let lines = {
            StatsDLines(StatsDSettings(destination: .unix(path: "/s"), flavor: $0), commonTags: [])
        }
        let names = StatsDSettings.Flavor.allCases.map { flavor in
            let frame = lines(flavor).frame(.tooLongLines, [])
            return String(decoding: frame.beforeValue + frame.afterValue, as: UTF8.self)
        }
        #expect(
            names == [
                "airbyte.too_long_lines_distribution:|h", "airbyteToo_long_lines_distribution:|ms",
                "airbyte_too_long_lines_distribution:|h", "airbyte.too_long_lines_distribution:|h",
            ]
        )
    }

    @Test func entityIsDatadogsLastTag() throws {
        let end = "|c|#statistic:count,service:S,version:V,dd.internal.entity_id:pod-1"
        let line = try #require(text(.datadog, Measurement(.lineSkippedTooLong), entityID: "pod-1"))
        #expect(line == "airbyte.line_skipped_too_long:1\(end)")
        let both = text(
            .datadog,
            Measurement(.lineSkippedTooLong),
            entityID: "pod-1",
            environment: "it-false|x"
        )
        #expect(both == "airbyte.line_skipped_too_long:1\(end)|e:it-falsex")
    }

    @Test(arguments: [.telegraf, .etsy, .sysdig] as [StatsDSettings.Flavor])
    func otherFlavoursHaveNoEntity(_ flavor: StatsDSettings.Flavor) {
        let plain = text(flavor, Measurement(.lineSkippedTooLong))
        #expect(text(flavor, Measurement(.lineSkippedTooLong), entityID: "pod-1", environment: "x") == plain)
    }

    /// A sign would change the gauge by the value.
    @Test(
        arguments: [
            (.datadog, "-5"), (.sysdig, "-5"), (.etsy, nil), (.telegraf, nil),
        ] as [(StatsDSettings.Flavor, String?)]
    )
    func negativeGaugeIsOnlySentWhereItIsOne(_ flavor: StatsDSettings.Flavor, _ value: String?) {
        let line = text(flavor, Measurement(.peakMemory, -5))
        #expect((line != nil) == (value != nil))
        if let value, let line { #expect(line.contains(":\(value)|g")) }
    }
}

@Suite struct StatsDNumberTests {
    @Test(
        arguments: [
            (0, "0"), (-0.0, "0"), (1, "1"), (12.5, "12.5"), (0.000_001, "0.000001"), (0.000_000_4, "0"),
            (-0.000_000_4, "0"), (-0.5, "-0.5"), (0.1 + 0.2, "0.3"), (1.999_999_6, "2"), (99.050_0, "99.05"),
            (1_234_567.891_234_3, "1234567.891234"), (1e15, "1000000000000000"),
            (1e19, "10000000000000000000"),
            (123_456_789_012.125, "123456789012.125"),
        ] as [(Double, String)]
    )
    func hasSixDecimalsAtMost(_ value: Double, _ text: String) {
        var bytes: [UInt8] = []
        #expect(StatsDNumber.append(value, to: &bytes))
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, .signalingNaN, 1e20, -1e300])
    func whatIsNoNumberIsLeftOut(_ value: Double) {
        var bytes: [UInt8] = []
        #expect(!StatsDNumber.append(value, to: &bytes))
        #expect(bytes.isEmpty)
    }
}

@Suite struct EtsyNameTests {
    private static let job = [
        Tag(.operation, "check"), Tag(.outcome, "failed"), Tag(.failureType, "config_error"),
        Tag(.sink, "storage"), Tag(.backend, "io_uring"),
    ]

    private func name(image: String, version: String) throws -> String {
        let tags = Self.job + [Tag(.connectorImage, image), Tag(.connectorVersion, version)]
        let line = try #require(text(.etsy, Measurement(.workloads, 1, tags)))
        return String(try #require(line.split(separator: ":").first))
    }

    /// collectd cuts names at 127 bytes before it looks them up.
    @Test func seriesDifferWithinWhatCollectdLooksAt() throws {
        let names = [
            try name(image: "airbyte/source-postgres", version: "3.6.12"),
            try name(image: "airbyte/source-postgres", version: "3.6.13"),
            try name(image: "airbyte/source-mysql", version: "3.6.12"),
            try name(image: "registry.example/airbyte/source-mysql", version: "3.6.12"),
        ]
        #expect(Set(names.map { $0.utf8.prefix(127).map(\.self) }).count == names.count)
        for name in names {
            #expect(name.utf8.count <= 127)
            #expect(name.hasPrefix("airbyteSidecarWorkloads.operation.check.outcome.failed."))
            #expect(name.wholeMatch(of: /.*\.[0-9a-f]{8}/) != nil, "\(name)")
        }
    }

    /// collectd appends words to the names of timers, and cuts the whole.
    @Test(arguments: [Metric.phaseDuration, .heartbeatRoundTrip])
    func timersHaveRoomForWhatCollectdAppends(_ metric: Metric) throws {
        let tags = metric.tags.map { Tag($0, "quite-a-long-value") }
        let line = try #require(text(.etsy, Measurement(metric, 1, tags)))
        let name = try #require(line.split(separator: ":").first)
        #expect(name.utf8.count <= 127 - "-percentile-99.9".utf8.count, "\(name)")
    }

    @Test func sameSeriesHasTheSameNameEverywhere() throws {
        #expect(
            try name(image: "airbyte/source-postgres", version: "3.6.12")
                == "airbyteSidecarWorkloads.operation.check.outcome.failed.failure_type.config_error.sink.storage."
                + "backend.io_uring.6e3b9480"
        )
    }

    @Test(arguments: [
        ("airbyte/source-postgres", "source-postgres"),
        ("registry.example/a/destination-s3-glue", "destination-s3-glue"),
        ("registry.example/source-of-a-very-long-name", "-of-a-very-long-name"),
        ("registry.example/team/abc/", "team/abc/"),
        ("short", "short"),
    ])
    func longValueKeepsItsEnd(_ image: String, _ end: String) throws {
        let backend = Tag(.backend, String(repeating: "x", count: 80))
        let tags = [backend, Tag(.connectorImage, image)]
        let line = try #require(text(.etsy, Measurement(.wakeups, 1, tags)))
        let kept = "airbyteSidecarWakeups.backend.xxxxxxxxxxxxxxxxxxxx.connector_image.\(end).service.S."
        #expect(line.hasPrefix(kept), "\(line)")
    }

    @Test func valueIsNotCutWhereTheNameIsShort() throws {
        let tags = [Tag(.connectorImage, "registry.example/airbyte/source-postgres")]
        #expect(
            text(.etsy, Measurement(.wakeups, 1, tags))
                == "airbyteSidecarWakeups.connector_image.\(tags[0].value).service.S.version.V.statistic.count:1|c"
        )
    }

    @Test func shortNameIsWhole() throws {
        let tags = [Tag(.operation, "check"), Tag(.outcome, "failed"), Tag(.connectorImage, "a/b")]
        #expect(
            text(.etsy, Measurement(.outputLines, 1, tags))
                == "airbyteSidecarOutput_lines.operation.check.outcome.failed.connector_image.a/b.service.S.version.V."
                + "statistic.count:1|c"
        )
    }

    /// The platform's names are exact, however long.
    @Test func platformsNamesAreNotCut() throws {
        let url = "http://airbyte-workload-api-server-svc.airbyte:8007/api/v1/workload/heartbeat"
        let line = try #require(text(.etsy, Measurement(.workloadAPISuccess, 1, [Tag(.url, url)])))
        #expect(line.hasSuffix(".url.\(url.replacing(":", with: "_")).version.V:1|c"), "\(line)")
    }
}

/// The line of a measurement without its line feed; nil where there is none.
func text(
    _ flavor: StatsDSettings.Flavor,
    _ measurement: Measurement,
    entityID: String? = nil,
    environment: String? = nil
) -> String? {
    let settings = StatsDSettings(
        destination: .udp(host: "localhost", port: 8125),
        flavor: flavor,
        entityID: entityID,
        externalEnvironment: environment
    )
    let lines = StatsDLines(settings, commonTags: [Tag(.service, "S"), Tag(.version, "V")])
    var aggregate = StatsDAggregate()
    _ = aggregate.add(measurement)
    var packets = StatsDPackets(maxBytes: 1_400)
    _ = aggregate.write(with: lines, into: &packets)
    guard let packet = packets.all.first else { return nil }
    #expect(packet.last == UInt8(ascii: "\n"))
    return String(decoding: packet.dropLast(), as: UTF8.self)
}

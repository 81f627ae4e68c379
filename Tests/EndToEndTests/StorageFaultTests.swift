import Foundation
import StoragePeers
import Testing

/// What the real program makes of storage that fails, for a while or for good: where the output ends, what the workload's
/// report says, how much is warned of.
@Suite struct StorageFaultTests {
    typealias Rule = FaultProxy.Rule

    // MARK: What passes

    private static let passing =
        StorageService.allCases.flatMap { service in
            let (upload, code) = (service.upload, service == .azure ? "ServerBusy" : "SlowDown")
            return [
                StorageFault(
                    service: service,
                    name: "busy",
                    rules: [service.refusal(upload, times: 2, 503, code)]
                ),
                StorageFault(
                    service: service,
                    name: "broken",
                    rules: [service.refusal(upload, 500, "InternalError")]
                ),
                StorageFault(service: service, name: "reset", rules: [.reset(upload, times: 2)]),
                StorageFault(service: service, name: "answer lost", rules: [.lost(upload, after: 1)]),
                StorageFault(
                    service: service,
                    name: "portal for a while",
                    rules: [.answer(upload, times: 2, 200, welcome)]
                ),
            ]
        } + [
            StorageFault(
                service: .gcs,
                name: "token ended",
                rules: [StorageService.gcs.refusal("/upload/", 401, "authError")]
            ),
            StorageFault(
                service: .s3,
                name: "elsewhere",
                rules: [.answer(StorageService.s3.upload, 400, elsewhere)]
            ),
        ]

    private static let elsewhere =
        "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region></Error>"

    @Test(arguments: passing)
    func aFaultThatPassesIsWaitedOut(_ fault: StorageFault) async throws {
        let outcome = try await fault.check()
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(try checkStatus(fault.service.output(in: fault.bucket)) == "succeeded")
        #expect(outcome.requests("output").isEmpty && outcome.requests("success").count == 1, "\(outcome)")
        #expect(outcome.warnings.isEmpty, "\(outcome)")
    }

    /// A specification of nine megabytes goes up in parts, the second of which breaks twice.
    @Test(arguments: StorageService.allCases)
    func aLargeOutputSurvivesABrokenPart(_ service: StorageService) async throws {
        let (bucket, part) = ("fault-\(service.rawValue)-large", service.secondPart)
        let filler = String(repeating: "0123456789abcdef", count: 9_000_000 / 16)
        let specification = #"{"connectionSpecification": {"description": "\#(filler)"}}"#
        let outcome = try await Pod.with("spec") { pod in
            let proxy = try FaultProxy(
                before: service.port,
                [.reset(part.match, after: part.after, times: 2)]
            )
            try service.use(pod, at: proxy.origin, bucket: bucket)
            let line = pod.folder.appendingPathComponent("spec.json")
            try Data("{\"type\": \"SPEC\", \"spec\": \(specification)}\n".utf8).write(to: line)
            let outcome = try await pod.run(.script("file \(line.path)"))
            let seen = try proxy.requests().filter { $0.hasSuffix(" reset") }
            #expect(seen.count == 2, "\(seen)")
            return outcome
        }
        #expect(outcome.exitCode == 0 && outcome.warnings.isEmpty, "\(outcome)")
        let stored = Data(try service.output(in: bucket) ?? [])
        #expect(stored.range(of: Data(specification.utf8)) != nil, "\(stored.count) bytes")
        #expect(outcome.requests("output").isEmpty)
    }

    // MARK: What does not

    /// A fault that lasts, and what a report says of it: the service's code, the bucket, the key, the request's id, and
    /// what to do.
    struct End: CustomTestStringConvertible, Sendable {
        var fault: StorageFault
        var says: [String]

        var testDescription: String { fault.testDescription }

        init(_ service: StorageService, _ name: String, _ rules: Rule..., says: String...) {
            fault = StorageFault(service: service, name: name, rules: rules)
            self.says = says + [service.title(in: fault.bucket)]
        }
    }

    /// Such as a console's port in place of the service's, or a portal before it.
    private static func page(_ service: StorageService) -> Rule {
        .answer(service.upload, times: 9, 200, welcome)
    }

    private static let welcome = "<!DOCTYPE html>\r\n<html>\r\n<body>Welcome</body></html>"

    private static func early(_ service: StorageService, _ code: String) -> Rule {
        service.refusal(service.upload, times: 9, 413, code).by("early")
    }

    private static let lasting = [
        End(
            .s3,
            "page",
            page(.s3),
            says:
                "was answered with 200: Welcome; this is not an answer of S3, but of a gateway or a portal: "
                + "see AWS_ENDPOINT_URL_S3"
        ),
        End(
            .gcs,
            "page",
            page(.gcs),
            says:
                "was answered with 200: Welcome; this is not an answer of Google's storage, but of a gateway or a "
                + "portal: see SIDECAR_GCS_ENDPOINT"
        ),
        End(
            .azure,
            "page",
            page(.azure),
            says:
                "was answered with 200: Welcome; this is not an answer of Azure's blob service, but of a gateway or "
                + "a portal: see BlobEndpoint"
        ),
        End(
            .s3,
            "denied",
            StorageService.s3.refusal("PUT", times: 9, 403, "AccessDenied"),
            says: "403 AccessDenied \"Said by the test.\" (request id REQ-1); ",
            "policy must allow s3:PutObject"
        ),
        End(
            .s3,
            "bucket refused",
            StorageService.s3.refusal("PUT /[^/]+$", times: 9, 403, "AccessDenied"),
            says: "404 NoSuchBucket ",
            "create the bucket, or allow s3:CreateBucket; creating the bucket failed: PUT s3://fault-s3-bucket-refused "
                + "was answered with 403 AccessDenied \"Said by the test.\" (request id REQ-1)"
        ),
        End(
            .s3,
            "busy for long",
            StorageService.s3.refusal("PUT", times: 99, 503, "SlowDown"),
            says: "503 SlowDown \"Said by the test.\" (request id REQ-1)"
        ),
        End(
            .s3,
            "too large",
            early(.s3, "EntityTooLarge"),
            says: "413 EntityTooLarge \"Said by the test.\" (request id REQ-1)",
            "takes no document of this size"
        ),
        End(
            .gcs,
            "denied",
            StorageService.gcs.refusal("POST", times: 9, 403, "forbidden"),
            says: "403 forbidden \"Said by the test.\" (request id REQ-1); ",
            "the account needs storage.objects.create"
        ),
        End(
            .gcs,
            "bucket refused",
            StorageService.gcs.refusal("POST /storage/v1/b\\?", times: 9, 403, "forbidden"),
            says: "was answered with 404",
            "; creating the bucket failed: POST gs://fault-gcs-bucket-refused in project project-1 was answered "
                + "with 403 forbidden \"Said by the test.\" (request id REQ-1)"
        ),
        End(
            .gcs,
            "busy for long",
            StorageService.gcs.refusal("POST", times: 99, 503, "backendError"),
            says: "503 backendError \"Said by the test.\" (request id REQ-1)"
        ),
        End(
            .gcs,
            "too large",
            early(.gcs, "uploadTooLarge"),
            says: "413 uploadTooLarge \"Said by the test.\" (request id REQ-1)",
            "the document is too large for the service or for a proxy on the way"
        ),
        End(
            .azure,
            "denied",
            StorageService.azure.refusal("PUT", times: 9, 403, "AuthorizationFailure"),
            says: "403 AuthorizationFailure \"Said by the test.\" (request id REQ-1); ",
            "network rules may block this cluster"
        ),
        End(
            .azure,
            "container refused",
            StorageService.azure.refusal("restype=container", times: 9, 403, "AuthorizationFailure"),
            says: "is missing and cannot be created: "
                + "creation to Azure container fault-azure-container-refused",
            "403 AuthorizationFailure \"Said by the test.\" (request id REQ-1)"
        ),
        End(
            .azure,
            "busy for long",
            StorageService.azure.refusal("PUT", times: 99, 503, "ServerBusy"),
            says: "503 ServerBusy \"Said by the test.\" (request id REQ-1)"
        ),
        End(
            .azure,
            "too large",
            early(.azure, "RequestBodyTooLarge"),
            says: "413 RequestBodyTooLarge \"Said by the test.\" (request id REQ-1)",
            "the service does not accept blocks of this size"
        ),
    ]

    @Test(arguments: lasting)
    func aFaultThatLastsIsReported(_ end: End) async throws {
        let outcome = try await end.fault.check(["INTERNAL_API_HOST": ""])
        #expect(outcome.exitCode == 1, "\(outcome)")
        let report = try #require(outcome.requests("failure").first?["body"], "\(outcome)")
        #expect(report["source"] == "airbyte_platform")
        let reason = report["reason"].text ?? ""
        #expect(reason.hasPrefix("The job output could not be saved: "), "\(reason)")
        for text in end.says { #expect(reason.contains(text), "\(reason)") }
        #expect(!reason.contains("\n"))
        #expect(try end.fault.service.output(in: end.fault.bucket) == nil)
    }

    @Test(arguments: lasting.filter { ["denied", "busy for long"].contains($0.fault.name) })
    func theAPIStandsInForStorage(_ end: End) async throws {
        var fault = end.fault
        fault.name += " with api"
        let outcome = try await fault.check()
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.output["checkConnection"]["status"] == "succeeded")
        #expect(outcome.requests("success").count == 1 && outcome.requests("failure").isEmpty)
        let warnings = outcome.warnings
        #expect(warnings.count == 1 && warnings[0].hasSuffix("); trying the server API"), "\(outcome)")
        // Why, but for the bucket's name, which is another here.
        #expect(warnings.first?.contains(end.says[0]) == true, "\(outcome)")
    }

    /// What keeps the job's log out of its bucket keeps nothing else up.
    @Test func aLogBucketThatIsDeniedCostsNoResult() async throws {
        let fault = StorageFault(
            service: .s3,
            name: "log denied",
            rules: [StorageService.s3.refusal("PUT /logs", times: 99, 403, "AccessDenied")]
        )
        let outcome = try await fault.check(["STORAGE_BUCKET_LOG": "logs"])
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(try checkStatus(fault.service.output(in: fault.bucket)) == "succeeded")
        let warnings = outcome.warnings
        #expect(
            warnings.count == 1 && warnings[0].contains("The job log could not be stored in S3 bucket logs")
        )
        #expect(warnings.first?.contains("403 AccessDenied") == true, "\(outcome)")
    }

    /// The API is asked first, with `auto` too.
    @Test(arguments: StorageService.allCases)
    func storageStandsInForTheAPI(_ service: StorageService) async throws {
        let fault = StorageFault(service: service, name: "stands in", rules: [])
        let settings = [
            "SIDECAR_OUTPUT_SINK": service == .s3 ? "api" : "auto", "AIRBYTE_API_MAX_RETRIES": "0",
        ]
        let outcome = try await fault.check(settings, api: #"{"call": "output", "status": 503}"#)
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(try checkStatus(service.output(in: fault.bucket)) == "succeeded")
        #expect(outcome.requests("success").count == 1 && outcome.requests("failure").isEmpty)
        let warnings = outcome.warnings
        #expect(
            warnings.count == 1 && warnings[0].contains("could not be stored in the server API"),
            "\(outcome)"
        )
    }

    /// Neither takes it: the report has both reasons.
    @Test func bothAreDown() async throws {
        let fault = StorageFault(
            service: .s3,
            name: "both down",
            rules: [StorageService.s3.refusal("PUT", times: 9, 403, "AccessDenied")]
        )
        let settings = ["AIRBYTE_API_MAX_RETRIES": "0"]
        let outcome = try await fault.check(settings, api: #"{"call": "output", "status": 503}"#)
        #expect(outcome.exitCode == 1, "\(outcome)")
        let report = try #require(outcome.requests("failure").first?["body"], "\(outcome)")
        #expect(report["source"] == "airbyte_platform")
        let reason = report["reason"].text ?? ""
        #expect(
            reason.contains("S3 bucket fault-s3-both-down: ") && reason.contains("403 AccessDenied"),
            "\(reason)"
        )
        #expect(reason.contains("; the server API: ") && reason.contains("503"), "\(reason)")
    }
}

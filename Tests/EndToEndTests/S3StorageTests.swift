import Foundation
import StoragePeers
import Testing

/// What the real program does to satisfy stricter stores: OpenStack's, buckets that demand encryption or a checksum.
@Suite struct S3StorageTests {
    private static let key = "/workload/output/\(Pod.workloadID)"

    /// Tells the pod to store its output and its log by S3.
    private func use(_ pod: Pod, _ endpoint: String, _ user: S3Server.User, bucket: String) {
        pod.environment.merge([
            "SIDECAR_OUTPUT_SINK": "storage", "STORAGE_TYPE": "S3", "AWS_ENDPOINT_URL_S3": endpoint,
            "S3_PATH_STYLE_ACCESS": "true", "AWS_ACCESS_KEY_ID": user.key,
            "AWS_SECRET_ACCESS_KEY": user.secret,
            "STORAGE_BUCKET_WORKLOAD_OUTPUT": bucket, "STORAGE_BUCKET_LOG": "\(bucket)-logs",
            "SIDECAR_STORAGE_RETRY_DELAY_SECONDS": "0.05",
        ]) { $1 }
    }

    /// A specification whose output goes up in two parts.
    private func large(_ seed: UInt64) -> LargeSpec { LargeSpec(bytes: 6_000_000, seed: seed) }

    /// OpenStack Swift 2.38.3. The region is wrong, and both buckets are missing.
    @Test(arguments: Backend.allCases)
    func openStack(_ backend: Backend) async throws {
        let server = try OpenStackServer.shared.get()
        let spec = large(11)
        let bucket = "job-\(backend)".lowercased()
        try await Pod.with("spec", backend: backend) { pod in
            use(pod, server.endpoint, server.facts.owner, bucket: bucket)
            pod.environment["AWS_DEFAULT_REGION"] = "eu-central-1"
            let outcome = try await pod.run(output: [spec.line])
            #expect(outcome.exitCode == 0 && outcome.calls == ["running", "success"], "\(outcome)")
            let object = try #require(try server.read(bucket: bucket, key: Self.key))
            #expect(try spec.isDelivered(in: object.bytes))
            // One before the report, and one with the rest.
            let logs = try server.keys(bucket: "\(bucket)-logs").map { $0.prefix(12) }
            #expect(logs == ["job-logging/", "job-logging/"])
            #expect(outcome.console.contains("is in region us-east-1, not in eu-central-1"))
        }
    }

    @Test func openStackRefusesAWrongSecret() async throws {
        let server = try OpenStackServer.shared.get()
        try await Pod.with("check") { pod in
            use(pod, server.endpoint, server.facts.owner, bucket: "refused")
            pod.environment.merge(["AWS_SECRET_ACCESS_KEY": "not-to-be-shown", "INTERNAL_API_HOST": ""]) {
                $1
            }
            let outcome = try await pod.run(.script(StorageFault.succeeded))
            #expect(outcome.exitCode == 1, "\(outcome)")
            let reason = outcome.requests("failure").first?["body"]["reason"].text ?? ""
            // Whole: none of our own words is taken for a secret.
            #expect(
                reason.contains(
                    "the secret is wrong (AWS_SECRET_ACCESS_KEY), or this store does not know the key id "
                        + "(AWS_ACCESS_KEY_ID), or a gateway before it changes the Host header or merges // in paths"
                ),
                "\(reason)"
            )
            for text in [reason, outcome.console, outcome.errors] {
                #expect(!text.contains("not-to-be-shown"))
            }
        }
    }

    @Test(
        arguments: [
            (["SIDECAR_S3_SERVER_SIDE_ENCRYPTION": "AES256"], "AES256", nil),
            (
                ["SIDECAR_S3_SERVER_SIDE_ENCRYPTION": "aws:kms", "SIDECAR_S3_KMS_KEY_ID": "alias/jobs"],
                "aws:kms", "alias/jobs"
            ),
        ] as [([String: String], String, String?)]
    )
    func everyObjectIsEncrypted(_ settings: [String: String], _ kind: String, _ kmsKeyID: String?)
        async throws
    {
        let bucket = "encrypted-" + kind.lowercased().filter(\.isLetter)
        try await storeSmallAndLarge(bucket) {
            $0.environment.merge(settings) { $1 }
        } look: { object in
            #expect(object.facts.encryption == kind && object.facts.kmsKeyID == kmsKeyID, "\(object.facts)")
        }
    }

    /// libcrypto as FIPS mode leaves it, without MD5: a library that is loaded before it says so. The buckets demand a
    /// checksum all the same.
    @Test func withoutMD5AnotherChecksumIsSent() async throws {
        try await storeSmallAndLarge("locked") { pod in
            pod.environment["LD_PRELOAD"] = try await pod.libraryWithoutMD5()
        }
    }

    /// Stores a short and a long output with moto, each with the job's log, and looks at all that is there.
    private func storeSmallAndLarge(
        _ bucket: String,
        prepare: (Pod) async throws -> Void,
        look: (S3Object) throws -> Void = { _ in }
    ) async throws {
        let server = try S3Server.shared.get()
        let spec = large(12)
        for (operation, size) in [("check", "small"), ("spec", "large")] {
            let bucket = "\(bucket)-\(size)"
            try await Pod.with(operation) { pod in
                use(pod, server.endpoint, server.facts.owner, bucket: bucket)
                try await prepare(pod)
                let connector =
                    try size == "small"
                    ? .script(StorageFault.succeeded) : pod.connector(writing: [spec.line])
                let outcome = try await pod.run(connector)
                #expect(outcome.exitCode == 0 && outcome.calls == ["running", "success"], "\(outcome)")
                let output = try #require(try server.read(bucket: bucket, key: Self.key))
                #expect(
                    try size == "small"
                        ? checkStatus(output.bytes) == "succeeded" : spec.isDelivered(in: output.bytes)
                )
                let logKey = try #require(try server.keys(bucket: "\(bucket)-logs").first)
                let log = try #require(try server.read(bucket: "\(bucket)-logs", key: logKey))
                for object in [output, log] { try look(object) }
            }
        }
    }
}

extension Pod {
    /// A shared library that takes MD5 away from a program's libcrypto, as FIPS mode does: `EVP_DigestInit_ex` fails.
    fileprivate func libraryWithoutMD5() async throws -> String {
        let source = folder.appendingPathComponent("no_md5.c")
        let library = folder.appendingPathComponent("no_md5.so").path
        let program = """
            #define _GNU_SOURCE
            #include <dlfcn.h>
            const void *EVP_md5(void);
            int EVP_DigestInit_ex(void *context, const void *type, void *engine) {
                int (*original)(void *, const void *, void *) = dlsym(RTLD_NEXT, "EVP_DigestInit_ex");
                return type == EVP_md5() ? 0 : original(context, type, engine);
            }

            """
        try Data(program.utf8).write(to: source)
        let compiler = try ChildProcess(
            "/usr/bin/env",
            ["clang", "-shared", "-fPIC", "-o", library, source.path],
            environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"],
            log: folder.appendingPathComponent("clang.log")
        )
        guard await compiler.exitCode == 0 else { throw Trouble(compiler.output) }
        return library
    }
}

import Confinement
import Foundation
import TestSupport
import Testing

@testable import Sidecar

/// Which directories the settings open. What the kernel makes of the rules is shown by `ConfinementTests`.
@Suite struct ConfinedFilesTests {
    private func paths(_ variables: [String: String]) throws -> Set<String> {
        let files = ConfinedFiles(try configuration(variables), workspaces: ["/config"])
        return Set(files.rules.filter { $0.rights == .read }.map(\.path))
    }

    private func allOf(_ variables: [String: String]) throws -> [String] {
        let files = ConfinedFiles(try configuration(variables), workspaces: ["/config"])
        return files.rules.filter { $0.rights == .all }.map(\.path)
    }

    private let azure = [
        "STORAGE_TYPE": "AZURE", "STORAGE_BUCKET_WORKLOAD_OUTPUT": "o", "AZURE_CLIENT_ID": "c",
        "AZURE_TENANT_ID": "t", "AZURE_STORAGE_CONNECTION_STRING": "BlobEndpoint=https://a.example",
    ]

    @Test func onlyWorkspaceAndLocalStorageAreWrittenTo() throws {
        #expect(try allOf(["STORAGE_TYPE": "S3", "STORAGE_BUCKET_WORKLOAD_OUTPUT": "o"]) == ["/config"])
        #expect(
            try allOf(["STORAGE_TYPE": "LOCAL", "SIDECAR_LOCAL_STORAGE_ROOT": "/s"]) == ["/config", "/s"]
        )
    }

    @Test func nothingOpensTheWholeMachine() throws {
        let folder = TemporaryDirectory()
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/token",
            withDestinationPath: "/token"
        )
        let paths = try paths(
            azure.merging([
                "SSL_CERT_FILE": "/ca.pem", "AZURE_FEDERATED_TOKEN_FILE": "\(folder.path)/token",
                "SIDECAR_SETTINGS_FILE": "/settings.env",
            ]) { $1 }
        )
        #expect(!paths.contains("/"))
        #expect(paths.isSuperset(of: ["/ca.pem", "/token", "/settings.env", folder.path]))
    }

    @Test func directoriesOfAllLinksOnTheWayAreOpen() throws {
        let folder = TemporaryDirectory()
        for name in ["a", "b", "c"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/\(name)",
                withIntermediateDirectories: true
            )
        }
        let links = [("a/token", "../b/token"), ("b/token", "\(folder.path)/c/token")]
        for (name, target) in links {
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder.path)/\(name)",
                withDestinationPath: target
            )
        }
        let paths = try paths(azure.merging(["AZURE_FEDERATED_TOKEN_FILE": "\(folder.path)/a/token"]) { $1 })
        #expect(paths.isSuperset(of: ["a", "a/../b", "c"].map { "\(folder.path)/\($0)" }))
    }

    @Test func linksThatLeadNowhereEnd() throws {
        let folder = TemporaryDirectory()
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/token",
            withDestinationPath: "token"
        )
        let paths = try paths(azure.merging(["AZURE_FEDERATED_TOKEN_FILE": "\(folder.path)/token"]) { $1 })
        #expect(paths.contains(folder.path))
    }

    @Test func directoriesOfCertificatesAreFollowedToTheirFiles() throws {
        let folder = TemporaryDirectory()
        let other = TemporaryDirectory()
        other.write("ca.pem", "certificate")
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/0a1b2c3d.0",
            withDestinationPath: "\(other.path)/ca.pem"
        )
        let paths = try paths(["SSL_CERT_DIR": "/etc/ssl/certs:\(folder.path)"])
        #expect(paths.isSuperset(of: ["/etc/ssl/certs", folder.path, other.path]))
    }

    @Test func filesOfCredentialsAreOpen() throws {
        let folder = TemporaryDirectory()
        folder.write(
            "federation.json",
            """
            {"type": "external_account", "audience": "a", "subject_token_type": "t",
             "token_url": "https://sts.example/token", "credential_source": {"file": "/federated/token"}}
            """
        )
        folder.write("config", "[profile job]\nrole_arn = arn\nweb_identity_token_file = /identity/token\n")
        let gcs = try paths([
            "STORAGE_TYPE": "GCS", "STORAGE_BUCKET_WORKLOAD_OUTPUT": "o",
            "GOOGLE_APPLICATION_CREDENTIALS": "\(folder.path)/federation.json",
        ])
        #expect(gcs.isSuperset(of: [folder.path, "/federated"]))
        let s3 = try paths([
            "STORAGE_TYPE": "S3", "STORAGE_BUCKET_WORKLOAD_OUTPUT": "o", "AWS_PROFILE": "job",
            "AWS_CONFIG_FILE": "\(folder.path)/config", "AWS_SHARED_CREDENTIALS_FILE": "/aws/credentials",
            "AWS_ROLE_ARN": "arn", "AWS_WEB_IDENTITY_TOKEN_FILE": "/eks/token",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/pod/token",
        ])
        #expect(s3.isSuperset(of: [folder.path, "/identity", "/aws", "/eks", "/pod"]))
    }

    @Test func confinementIsOnAndDebuggingOffByDefault() throws {
        let normal = try configuration().process
        #expect(normal.isConfined && !normal.isDebuggable)
        let open = try configuration(["SIDECAR_CONFINEMENT": "false", "SIDECAR_DEBUGGABLE": "true"]).process
        #expect(!open.isConfined && open.isDebuggable)
        let wrong = problems(with: ["SIDECAR_CONFINEMENT": "of", "SIDECAR_DEBUGGABLE": "yes"])
        #expect(wrong.map(\.variable) == ["SIDECAR_CONFINEMENT", "SIDECAR_DEBUGGABLE"])
    }
}

import Settings
import TestSupport
import Testing

@testable import Storage

@Suite struct AzureSettingsTests {
    static let identity = [
        "AZURE_CLIENT_ID": "client", "AZURE_TENANT_ID": "tenant", "AZURE_FEDERATED_TOKEN_FILE": "/var/token",
    ]

    private func read(
        _ connectionString: String?,
        _ environment: [String: String] = [:]
    ) -> (settings: AzureSettings?, problems: [ConfigurationProblem]) {
        var variables = environment
        variables["AZURE_STORAGE_CONNECTION_STRING"] = connectionString
        var reader = EnvironmentReader(variables)
        let settings = AzureSettings.read(&reader)
        return (settings, reader.warnings.map(\.problem))
    }

    @Test func nothingIsSet() {
        #expect(read(nil).settings == nil)
        #expect(read(nil).problems.map(\.variable) == ["AZURE_STORAGE_CONNECTION_STRING"])
    }

    @Test func keyWinsOverSignatureAndIdentity() throws {
        let all = "AccountName=acct;AccountKey=a2V5;SharedAccessSignature=sv=1&sig=s"
        #expect(
            read(all, Self.identity).settings?.authorization
                == .sharedKey(try #require(AzureSharedKey(account: "acct", base64Key: "a2V5")))
        )
        let signature = "AccountName=acct;SharedAccessSignature=sv=1&sig=s"
        #expect(
            read(signature, Self.identity).settings?.authorization
                == .sharedAccessSignature(try #require(AzureSharedAccessSignature("sv=1&sig=s")))
        )
    }

    @Test(arguments: ["AccountName=acct", "BlobEndpoint=https://acct.blob.core.windows.net"])
    func identityWhereNothingElseIsThere(_ text: String) {
        let found = read(text, Self.identity)
        let wanted = AzureWorkloadIdentity(
            clientID: "client",
            tenantID: "tenant",
            tokenFile: "/var/token",
            authorityHost: "https://login.microsoftonline.com"
        )
        #expect(found.settings?.authorization == .workloadIdentity(wanted))
        #expect(found.settings?.blobEndpoint == "https://acct.blob.core.windows.net")
        #expect(wanted.tokenEndpoint == "https://login.microsoftonline.com/tenant/oauth2/v2.0/token")
    }

    @Test(arguments: [
        ("https://login.chinacloudapi.cn/", "https://login.chinacloudapi.cn"),
        ("login.microsoftonline.us", "https://login.microsoftonline.us"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ])
    func authorities(_ given: String, _ used: String) {
        let environment = Self.identity.merging(["AZURE_AUTHORITY_HOST": given]) { $1 }
        guard
            case .workloadIdentity(let identity) = read("AccountName=a", environment).settings?.authorization
        else {
            Issue.record("no identity")
            return
        }
        #expect(identity.authorityHost == used)
    }

    @Test(arguments: [
        (["AZURE_CLIENT_ID": ""], ["AZURE_CLIENT_ID"]), (["AZURE_TENANT_ID": ""], ["AZURE_TENANT_ID"]),
        (["AZURE_TENANT_ID": "a/../b"], ["AZURE_TENANT_ID"]),
        (["AZURE_AUTHORITY_HOST": "https://"], ["AZURE_AUTHORITY_HOST"]),
        (["AZURE_CLIENT_ID": "", "AZURE_TENANT_ID": ""], ["AZURE_CLIENT_ID", "AZURE_TENANT_ID"]),
        (["AZURE_FEDERATED_TOKEN_FILE": ""], ["AZURE_STORAGE_CONNECTION_STRING"]),
    ])
    func incompleteIdentity(_ changes: [String: String], _ variables: [String]) {
        let found = read("AccountName=a", Self.identity.merging(changes) { $1 })
        #expect(found.settings == nil)
        #expect(found.problems.map(\.variable) == variables)
    }

    @Test func malformedStringIsNotShown() {
        let found = read("AccountName=acct;AccountKey=very-secret")
        #expect(found.settings == nil)
        #expect(found.problems.count == 1)
        #expect(
            found.problems.first.map { $0.value == nil && !$0.description.contains("very-secret") } == true
        )
    }
}

import Crypto
import TestSupport
import Testing

@testable import Storage

@Suite struct AzureConnectionStringTests {
    static let key = "c2VjcmV0LWtleQ=="

    private func parsed(_ text: String) throws -> AzureConnectionString {
        try AzureConnectionString(parsing: text)
    }

    private func advice(_ text: String) -> String? {
        do throws(AzureConnectionString.Malformed) {
            _ = try AzureConnectionString(parsing: text)
            return nil
        } catch {
            return error.advice
        }
    }

    @Test(arguments: [
        (
            "DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=\(key);EndpointSuffix=core.windows.net",
            "https://acct.blob.core.windows.net"
        ),
        ("AccountName=acct;AccountKey=\(key)", "https://acct.blob.core.windows.net"),
        (
            "defaultendpointsprotocol=http;ACCOUNTNAME=acct;accountKEY=\(key);endpointsuffix=core.chinacloudapi.cn;;",
            "http://acct.blob.core.chinacloudapi.cn"
        ),
        (
            " AccountName = acct ; AccountKey = \(key) ; BlobEndpoint = https://own.example/ ;\n",
            "https://own.example"
        ),
        (
            "AccountName=acct;AccountKey=\(key);BlobEndpoint=http://azurite:10000/acct;QueueEndpoint=http://x;Odd=1",
            "http://azurite:10000/acct"
        ),
    ])
    func withKey(_ text: String, _ endpoint: String) throws {
        let parsed = try parsed(text)
        #expect(parsed.blobEndpoint == endpoint)
        #expect(parsed.accountName == "acct")
        #expect(parsed.accountKey == AzureSharedKey(account: "acct", base64Key: Self.key))
        #expect(parsed.accountKey != nil && parsed.sharedAccessSignature == nil)
    }

    @Test(arguments: [
        "BlobEndpoint=https://acct.blob.core.windows.net;SharedAccessSignature=sv=2021&sp=rw&sig=a%2Fb%3D",
        "BlobEndpoint=https://acct.blob.core.windows.net/;SharedAccessSignature=?sv=2021&sp=rw&sig=a%2Fb%3D",
        "BlobEndpoint=https://acct.blob.core.windows.net/?sv=2021&sp=rw&sig=a%2Fb%3D",
        "AccountName=acct;SharedAccessSignature=sv=2021&sp=rw&sig=a%2Fb%3D",
    ])
    func withSignature(_ text: String) throws {
        let parsed = try parsed(text)
        #expect(parsed.blobEndpoint == "https://acct.blob.core.windows.net")
        #expect(parsed.sharedAccessSignature?.query == "sv=2021&sp=rw&sig=a%2Fb%3D")
        #expect(parsed.accountKey == nil)
    }

    /// As azure-storage-blob 12 for Java does it, by which the platform reads (`BuilderHelper.getEndpoint`): an output that is
    /// stored below another path is never found.
    @Test(arguments: [
        ("https://acct.blob.core.windows.net/mycontainer", "https://acct.blob.core.windows.net"),
        ("https://acct.blob.core.windows.net/mycontainer/", "https://acct.blob.core.windows.net"),
        ("https://acct.blob.core.windows.net/a/b//c", "https://acct.blob.core.windows.net"),
        ("https://storage.example/acct", "https://storage.example"),
        ("http://azurite:10000", "http://azurite:10000"),
        ("http://azurite:10000//acct/", "http://azurite:10000/acct"),
        ("http://azurite:10000/acct/mycontainer/deeper", "http://azurite:10000/acct"),
        ("http://[::1]/acct", "http://[::1]"),
        ("http://[::1]:10000/acct/mycontainer", "http://[::1]:10000/acct"),
    ])
    func pathOfTheEndpoint(_ given: String, _ endpoint: String) throws {
        let withKey = "AccountName=acct;AccountKey=\(Self.key);BlobEndpoint=\(given)"
        #expect(try parsed(withKey).blobEndpoint == endpoint)
        let withSignature = try parsed("BlobEndpoint=\(given)?sv=2021&sig=abc")
        #expect(withSignature.blobEndpoint == endpoint)
        #expect(withSignature.sharedAccessSignature?.query == "sv=2021&sig=abc")
    }

    @Test(arguments: [
        ("UseDevelopmentStorage=true", "http://127.0.0.1:10000/devstoreaccount1"),
        ("usedevelopmentstorage=True;", "http://127.0.0.1:10000/devstoreaccount1"),
        (
            "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://azurite",
            "http://azurite:10000/devstoreaccount1"
        ),
    ])
    func emulator(_ text: String, _ endpoint: String) throws {
        let parsed = try parsed(text)
        #expect(parsed.blobEndpoint == endpoint)
        #expect(parsed.accountKey?.account == "devstoreaccount1")
    }

    @Test func withNeither() throws {
        let parsed = try parsed("AccountName=acct")
        #expect(parsed.accountKey == nil && parsed.sharedAccessSignature == nil)
        #expect(try self.parsed("AccountName=acct;AccountKey=").accountKey == nil, "empty counts as absent")
    }

    @Test(arguments: [
        ("", "it must contain BlobEndpoint or AccountName"),
        ("AccountKey=\(key)", "it must contain BlobEndpoint or AccountName"),
        ("BlobEndpoint=https://h;AccountKey=\(key)", "AccountKey requires AccountName"),
        (
            "AccountName=acct;AccountKey=se-cret",
            "AccountKey is not Base64; copy it again from the account's access keys"
        ),
        ("AccountName=acct;\(key.dropLast(2))", "part 2 between semicolons is not of the form Name=Value"),
        ("AccountName=acct;=\(key)", "part 2 between semicolons is not of the form Name=Value"),
        ("AccountName=a/b;AccountKey=\(key)", "AccountName may have lower-case letters and digits only"),
        ("BlobEndpoint=acct.blob.core.windows.net", "BlobEndpoint must begin with https://"),
        (
            "BlobEndpoint=ftp://h;AccountName=a;AccountKey=\(key)",
            "BlobEndpoint: not an http or https URL, such as http://airbyte-server:8001"
        ),
        (
            "AccountName=a;SharedAccessSignature=sv=1&sig=a b",
            "SharedAccessSignature is not of the form sv=…&sig=… that a URL can carry"
        ),
        (
            "AccountName=a;SharedAccessSignature=nothing",
            "SharedAccessSignature is not of the form sv=…&sig=… that a URL can carry"
        ),
    ])
    func malformed(_ text: String, _ wanted: String) {
        #expect(advice(text) == wanted)
    }

    @Test func secretsAreNotShown() throws {
        let withKey = try parsed("AccountName=acct;AccountKey=\(Self.key)")
        let withSignature = try parsed("AccountName=acct;SharedAccessSignature=sv=1&sig=verysecret")
        #expect(!"\(withKey)".contains("115, 101, 99"), "the key's bytes")
        #expect("\(withKey)".contains("account key of acct"))
        #expect(!"\(withSignature)".contains("verysecret"))
    }
}

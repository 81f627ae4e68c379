import Testing
import Workload

@testable import Sidecar

/// Which of the settings are hidden.
@Suite struct ConfigurationCredentialsTests {
    private func credentials(_ environment: [String: String]) -> Set<String> {
        Set(Configuration.credentials(in: environment))
    }

    @Test func secretsAreFound() {
        let environment = [
            "DATAPLANE_CLIENT_ID": "client", "DATAPLANE_CLIENT_SECRET": " client-secret\n",
            "AWS_ACCESS_KEY_ID": "minio", "AWS_SECRET_ACCESS_KEY": "aws-secret",
            "AWS_SESSION_TOKEN": "session",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "container", "LOG_LEVEL": "INFO",
            "GOOGLE_APPLICATION_CREDENTIALS": "/secrets/gcp.json",
        ]
        #expect(credentials(environment) == ["client-secret", "aws-secret", "session", "container"])
        #expect(credentials(["GOOGLE_APPLICATION_CREDENTIALS": #"{"private_key": "x"}"#]).count == 1)
    }

    @Test func keysAndSignaturesOfAConnectionStringAreFound() {
        let key = "BlobEndpoint=https://a.blob.core.windows.net;AccountName=a; accountKey = a+b/c==;"
        #expect(credentials(["AZURE_STORAGE_CONNECTION_STRING": key]) == [key, "a+b/c=="])
        let signature = "BlobEndpoint=https://a.blob.core.windows.net;SharedAccessSignature=sv=1&sig=a%2Bb%3D"
        #expect(
            credentials(["AZURE_STORAGE_CONNECTION_STRING": signature])
                == [signature, "sv=1&sig=a%2Bb%3D", "a%2Bb%3D", "a+b="]
        )
        let query = "BlobEndpoint=https://a.blob.core.windows.net?sv=1&sig=abc"
        #expect(credentials(["AZURE_STORAGE_CONNECTION_STRING": query]) == [query, "abc"])
    }

    @Test(arguments: [
        ("HTTPS_PROXY", "http://user:p%40ss@proxy:3128"), ("http_proxy", "user:p%40ss@proxy:3128"),
        ("INTERNAL_API_HOST", "https://user:p%40ss@server/path"),
    ])
    func passwordsInURLsAreFound(_ name: String, _ url: String) {
        #expect(credentials([name: url]) == ["p%40ss", "p@ss", "user:p@ss"])
    }

    @Test(arguments: ["http://proxy:3128", "http://user@proxy:3128", "proxy:3128", "", "http://host/a:b@c"])
    func urlsWithoutPasswordsHaveNone(_ url: String) {
        #expect(credentials(["HTTPS_PROXY": url]) == [])
    }

    /// What `Authorization: Basic` holds.
    @Test func passwordOfAProxyIsHiddenInBase64() {
        let mask = SecretMask(
            configurations: [],
            credentials: Configuration.credentials(in: ["HTTPS_PROXY": "http://user:p%40ss@proxy:3128"])
        )
        #expect(mask.masked("sent dXNlcjpwQHNz!") == "sent **********!")
        #expect(mask.masked("sent p%40ss and p@ss!") == "sent ********** and **********!")
    }
}

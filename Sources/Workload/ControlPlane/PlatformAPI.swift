import HTTP

/// How one of the platform's APIs is reached.
package struct PlatformAPI: Hashable, Sendable {
    /// Without a slash at the end; paths begin with `/api/v1/`.
    package var baseURL: String
    package var connectTimeout: Duration
    /// The longest wait for one answer.
    package var readTimeout: Duration
    package var retries: RetryPolicy

    package init(baseURL: String, connectTimeout: Duration, readTimeout: Duration, retries: RetryPolicy) {
        self.baseURL = baseURL
        self.connectTimeout = connectTimeout
        self.readTimeout = readTimeout
        self.retries = retries
    }
}

/// Where access tokens come from, see `AccessTokenCache`.
package struct TokenSource: Sendable {
    package var endpoint: String
    package var clientID: String
    /// Never shown.
    package var clientSecret: String

    package init(endpoint: String, clientID: String, clientSecret: String) {
        self.endpoint = endpoint
        self.clientID = clientID
        self.clientSecret = clientSecret
    }
}

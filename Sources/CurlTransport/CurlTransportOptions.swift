extension CurlTransport {
    /// What is the same for all requests of one transport. Empty strings count as unset.
    public struct Options: Sendable {
        /// The `User-Agent` of requests that bring none of their own.
        public var userAgent: String
        /// The proxy for `http` URLs, as in `HTTP_PROXY`: `[scheme://][user:password@]host[:port]`.
        public var httpProxy: String?
        /// The proxy for `https` URLs, as in `HTTPS_PROXY`.
        public var httpsProxy: String?
        /// The hosts that are reached without a proxy, as in `NO_PROXY`: names (with their subdomains), addresses and
        /// CIDR blocks, each with or without a port, separated by commas; `*` stands for all.
        public var noProxy: String?
        /// Whether no proxy is used for what is close to a pod either: a cluster's services, loopback addresses and the
        /// metadata services of clouds.
        public var reachesPodHostsDirectly: Bool
        /// A PEM file of trusted authorities, as in `SSL_CERT_FILE`; it counts in addition to the directory.
        public var certificateFile: String?
        /// A directory of trusted authorities under their subject hashes, as in `SSL_CERT_DIR`; several are
        /// separated by colons. Looking certificates up one by one costs far less memory than a bundle.
        public var certificateDirectory: String?
        /// The largest body of an answer. A larger one ends its exchange with a protocol violation.
        public var maxResponseBytes: Int

        /// Where Debian and most others keep their authorities by subject hash.
        public static let systemCertificateDirectory = "/etc/ssl/certs"

        /// The longest answers we ask for are connector configurations, some kilobytes each. This leaves room
        /// for unusual ones and keeps what a faulty peer can make us hold far below a small container's memory.
        public static let defaultMaxResponseBytes = 8 * 1024 * 1024

        public init(
            userAgent: String,
            httpProxy: String? = nil,
            httpsProxy: String? = nil,
            noProxy: String? = nil,
            reachesPodHostsDirectly: Bool = false,
            certificateFile: String? = nil,
            certificateDirectory: String? = Options.systemCertificateDirectory,
            maxResponseBytes: Int = Options.defaultMaxResponseBytes
        ) {
            self.userAgent = userAgent
            self.httpProxy = httpProxy
            self.httpsProxy = httpsProxy
            self.noProxy = noProxy
            self.reachesPodHostsDirectly = reachesPodHostsDirectly
            self.certificateFile = certificateFile
            self.certificateDirectory = certificateDirectory
            self.maxResponseBytes = maxResponseBytes
        }

        /// The same with empty strings as nil, which is how environments are often filled.
        var withoutEmptyStrings: Options {
            var options = self
            for field in [
                \Options.httpProxy, \.httpsProxy, \.noProxy, \.certificateFile, \.certificateDirectory,
            ] where options[keyPath: field] == "" {
                options[keyPath: field] = nil
            }
            return options
        }
    }
}

import CurlTransport
import Settings

extension Configuration {
    /// What the settings say about proxies and trust. What is of no use is left out: whatever needs no proxy, or no
    /// private authority, still works then.
    static func network(_ reader: inout EnvironmentReader, _ paths: PathProbe) -> Network {
        Network(
            httpProxy: proxy("HTTP_PROXY", "http_proxy", &reader),
            httpsProxy: proxy("HTTPS_PROXY", "https_proxy", &reader),
            noProxy: reader.text("NO_PROXY", "no_proxy"),
            certificateFile: certificateFile(&reader, paths),
            certificateDirectory: certificateDirectory(&reader, paths)
        )
    }

    private static func proxy(_ name: String, _ other: String, _ reader: inout EnvironmentReader) -> String? {
        guard let setting = reader.text(name, other) else { return nil }
        guard CurlTransport.isUsableProxy(setting) else {
            // The value is not shown: it can hold a password.
            reader.reject(
                reader.text(name) == nil ? other : name,
                value: nil,
                CurlTransport.proxyAdvice,
                otherwise: "no proxy is used"
            )
            return nil
        }
        return setting
    }

    private static func certificateFile(_ reader: inout EnvironmentReader, _ paths: PathProbe) -> String? {
        guard let file = reader.text("SSL_CERT_FILE") else { return nil }
        guard let problem = paths.readingProblem(file) else { return file }
        reader.reject(
            "SSL_CERT_FILE",
            value: file,
            "cannot be read: \(problem)",
            otherwise: "its certificate authorities are not trusted"
        )
        return nil
    }

    /// Several directories are separated by colons; as for OpenSSL, one of them is enough.
    private static func certificateDirectory(
        _ reader: inout EnvironmentReader,
        _ paths: PathProbe
    ) -> String? {
        guard let directories = reader.text("SSL_CERT_DIR") else { return nil }
        let problems = directories.split(separator: ":").map { paths.readingProblem(String($0)) }
        if problems.contains(nil) { return directories }
        reader.reject(
            "SSL_CERT_DIR",
            value: directories,
            "cannot be read: \(problems.last.flatMap { $0 } ?? "names no directory")",
            otherwise: "the default (\(CurlTransport.Options.systemCertificateDirectory)) is used"
        )
        return nil
    }

}

extension Configuration.ProcessSettings {
    package var transportOptions: CurlTransport.Options {
        CurlTransport.Options(
            userAgent: "AirbyteConnectorSidecar",
            httpProxy: network.httpProxy,
            httpsProxy: network.httpsProxy,
            noProxy: network.noProxy,
            reachesPodHostsDirectly: true,
            certificateFile: network.certificateFile,
            certificateDirectory: network.certificateDirectory
                ?? CurlTransport.Options.systemCertificateDirectory
        )
    }
}

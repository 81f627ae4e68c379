import Settings

/// How Google Cloud Storage is reached, and as whom. A value; files are read when they are first needed.
package struct GCSSettings: Sendable {
    enum Identity: Hashable, Sendable {
        /// An emulator asks for none.
        case none
        /// The path of a credentials file.
        case file(String)
        /// A credentials file's content. Never shown.
        case inline(String)
        /// What the machine or the pod runs as (GKE's workload identity).
        case metadataServer
    }

    static let defaultEndpoint = "https://storage.googleapis.com"
    static let defaultMetadataServer = "http://metadata.google.internal"

    /// Without a slash at the end.
    package var endpoint: String
    var identity: Identity
    /// The base URL of the metadata server.
    var metadataServer: String
    /// Where a missing bucket is made; nil: in the project of the credentials.
    var projectID: String?

    /// Reads `GOOGLE_APPLICATION_CREDENTIALS`, `STORAGE_EMULATOR_HOST`, `GCE_METADATA_HOST`,
    /// `GOOGLE_CLOUD_PROJECT` and `SIDECAR_GCS_ENDPOINT`; problems go to the reader. Nil where something is wrong
    /// that has no default.
    package static func read(_ reader: inout EnvironmentReader) -> GCSSettings? {
        let emulator = reader.baseURL("STORAGE_EMULATOR_HOST", otherwise: EnvironmentReader.storageIsUnused)
        let endpoint = reader.baseURL("SIDECAR_GCS_ENDPOINT", otherwise: EnvironmentReader.storageIsUnused)
        let metadataServer = reader.baseURL(
            "GCE_METADATA_HOST",
            otherwise: "the default (\(defaultMetadataServer)) is used"
        )
        var identity = Identity.metadataServer
        if reader.text("STORAGE_EMULATOR_HOST") != nil {
            guard emulator != nil else { return nil }
            identity = .none
        } else if let value = reader.text("GOOGLE_APPLICATION_CREDENTIALS") {
            guard let named = self.identity(value, &reader) else { return nil }
            identity = named
        }
        return GCSSettings(
            endpoint: emulator ?? endpoint ?? defaultEndpoint,
            identity: identity,
            metadataServer: metadataServer ?? defaultMetadataServer,
            projectID: reader.text("GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT")
        )
    }

    /// A path, or, as some secrets are mapped into variables, the file's content.
    private static func identity(_ value: String, _ reader: inout EnvironmentReader) -> Identity? {
        guard value.hasPrefix("{") else { return .file(value) }
        do throws(GoogleCredentials.Unusable) {
            _ = try GoogleCredentials(parsing: Array(value.utf8))
            return .inline(value)
        } catch {
            reader.reject(
                "GOOGLE_APPLICATION_CREDENTIALS",
                value: nil,
                "the JSON in it \(error.problem); the path of a credentials file is best",
                otherwise: EnvironmentReader.storageIsUnused
            )
            return nil
        }
    }
}

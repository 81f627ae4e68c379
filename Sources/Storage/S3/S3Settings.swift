import HTTP
import Settings

/// How S3, or what speaks its protocol, is reached.
package struct S3Settings: Hashable, Sendable {
    package enum Service: Hashable, Sendable {
        case s3
        case minio
    }

    var service: Service
    /// Nil if only a profile names it, or nothing does.
    package var region: String?
    /// In place of Amazon's own.
    var endpoint: AWSEndpoint?
    /// The bucket is part of the path, not of the host's name.
    package var usesPathStyle: Bool
    var credentials: AWSCredentialSettings
    /// The value of `x-amz-server-side-encryption` for every object; nil where the bucket's own default applies.
    var serverSideEncryption: String?
    /// The value of `x-amz-server-side-encryption-aws-kms-key-id`: a key's id, alias or ARN. Set only where
    /// `serverSideEncryption` names a kind that takes a key; nil where Amazon's own key is used.
    var kmsKeyID: String?

    /// The default region; MinIO's default too.
    static let defaultRegion = "us-east-1"

    /// Reads the settings; problems go to the reader. Nil where something is missing or wrong that has no
    /// default. Files that are named are read later.
    package static func read(_ reader: inout EnvironmentReader, service: Service) -> S3Settings? {
        guard let credentials = AWSCredentialSettings.read(&reader) else { return nil }
        var settings = S3Settings(
            service: service,
            region: region(&reader),
            endpoint: nil,
            usesPathStyle: pathStyle(&reader),
            credentials: credentials
        )
        settings.readEncryption(&reader)
        let names = service == .s3 ? ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"] : ["MINIO_ENDPOINT"]
        if let name = names.first(where: { reader.text($0) != nil }) {
            settings.endpoint = endpoint(name, &reader)
            // Amazon itself is no stand-in: what goes there would go to somebody else.
            if settings.endpoint == nil { return nil }
        }
        guard service == .minio else { return settings }
        settings.usesPathStyle = true
        // The platform signs so, whatever else is set: MinIO checks the region only where it has been given one.
        settings.region = defaultRegion
        return hasAllForMinIO(&reader) && credentials.keys != nil ? settings : nil
    }

    private static func hasAllForMinIO(_ reader: inout EnvironmentReader) -> Bool {
        let needed = ["MINIO_ENDPOINT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
        let missing = needed.filter { reader.text($0) == nil }
        for name in missing {
            let example = name == "MINIO_ENDPOINT" ? ", such as http://airbyte-minio-svc:9000" : ""
            reader.reject(
                name,
                value: nil,
                "not set; it is needed since STORAGE_TYPE is MINIO\(example)",
                otherwise: EnvironmentReader.storageIsUnused
            )
        }
        return missing.isEmpty
    }

    /// What S3 can encrypt with. Source: "PutObject", Amazon S3 API Reference, `x-amz-server-side-encryption`.
    private enum Encryption: String, CaseIterable {
        case aes256 = "AES256"
        case kms = "aws:kms"
        case kmsDSSE = "aws:kms:dsse"
    }

    /// A key alone asks for `aws:kms`, the only kind that is meant by it in practice.
    private mutating func readEncryption(_ reader: inout EnvironmentReader) {
        let keyVariable = "SIDECAR_S3_KMS_KEY_ID"
        let key = reader.text(keyVariable)
        let kind = reader.choice(
            "SIDECAR_S3_SERVER_SIDE_ENCRYPTION",
            default: key == nil ? Encryption?.none : .kms
        )
        serverSideEncryption = kind?.rawValue
        guard let key else { return }
        guard key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return reader.reject(
                keyVariable,
                value: key,
                "not the id, alias or ARN of a key",
                otherwise: "Amazon's own key is used"
            )
        }
        guard kind != .aes256 else {
            return reader.reject(
                keyVariable,
                value: key,
                "AES256 takes no key; aws:kms does",
                otherwise: "it is ignored"
            )
        }
        kmsKeyID = key
    }

    private static func region(_ reader: inout EnvironmentReader) -> String? {
        for name in ["AWS_DEFAULT_REGION", "AWS_REGION"] {
            guard let value = reader.text(name) else { continue }
            if isRegion(value) { return value }
            reader.reject(
                name,
                value: value,
                "not the name of a region, such as eu-central-1",
                otherwise: "the default is used"
            )
        }
        return nil
    }

    /// What can stand in a host's name.
    static func isRegion(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 63
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    /// What other stores than Amazon's call their regions: OpenStack's first one is `RegionOne`.
    static func isRegionOfAnyStore(_ text: String) -> Bool {
        isRegion(text.lowercased().replacing("_", with: "-"))
    }

    private static func pathStyle(_ reader: inout EnvironmentReader) -> Bool {
        enum Word: String, CaseIterable { case yes = "true", no = "false" }
        return reader.choice("S3_PATH_STYLE_ACCESS", default: Word.no) == .yes
    }

    static func endpoint(_ name: String, _ reader: inout EnvironmentReader) -> AWSEndpoint? {
        let consequence = EnvironmentReader.storageIsUnused
        guard let url = reader.baseURL(name, otherwise: consequence) else { return nil }
        guard url.withoutUserInfo == url else {
            reader.reject(
                name,
                value: nil,
                "a URL without user name and password is needed",
                otherwise: consequence
            )
            return nil
        }
        return AWSEndpoint(url: url)
    }
}

extension S3Settings {
    /// The base URL of the service, without a bucket.
    package var serviceURL: String {
        (endpoint ?? AWSEndpoint(service: "s3", region: region ?? Self.defaultRegion)).url
    }

    /// The header fields that ask for encryption; none where the bucket's own default applies.
    var encryption: [HTTPHeader] {
        [
            ("x-amz-server-side-encryption", serverSideEncryption),
            ("x-amz-server-side-encryption-aws-kms-key-id", kmsKeyID),
        ].compactMap { name, value in value.map { HTTPHeader(name, $0) } }
    }
}

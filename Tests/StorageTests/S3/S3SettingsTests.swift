import Settings
import Testing

@testable import Storage

@Suite struct S3SettingsTests {
    @Test(arguments: [
        (["AWS_ACCESS_KEY_ID": "a"], S3Settings.Service.s3, ["AWS_SECRET_ACCESS_KEY"]),
        (["AWS_SECRET_ACCESS_KEY": "hidden"], .s3, ["AWS_ACCESS_KEY_ID"]),
        ([:], .s3, []),
        ([:], .minio, ["MINIO_ENDPOINT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]),
        (["AWS_REGION": "Nowhere!"], .s3, ["AWS_REGION"]),
        (["S3_PATH_STYLE_ACCESS": "perhaps"], .s3, ["S3_PATH_STYLE_ACCESS"]),
        (["AWS_WEB_IDENTITY_TOKEN_FILE": "/token"], .s3, ["AWS_ROLE_ARN"]),
        (["SIDECAR_S3_SERVER_SIDE_ENCRYPTION": "on"], .s3, ["SIDECAR_S3_SERVER_SIDE_ENCRYPTION"]),
        (["SIDECAR_S3_KMS_KEY_ID": "a b"], .s3, ["SIDECAR_S3_KMS_KEY_ID"]),
        (
            ["SIDECAR_S3_SERVER_SIDE_ENCRYPTION": "AES256", "SIDECAR_S3_KMS_KEY_ID": "k"], .s3,
            ["SIDECAR_S3_KMS_KEY_ID"]
        ),
        (["AWS_ENDPOINT_URL_S3": "http://u:hidden@h"], .s3, ["AWS_ENDPOINT_URL_S3"]),
        (
            ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://10.0.0.1/c"], .s3,
            ["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        ),
        (["AWS_CONTAINER_CREDENTIALS_FULL_URI": "https://10.0.0.1/c?a=b"], .s3, []),
        (["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://[fd00:ec2::23]/c"], .s3, []),
    ])
    func problemsNameTheirVariable(
        _ variables: [String: String],
        _ service: S3Settings.Service,
        _ names: [String]
    ) {
        var reader = EnvironmentReader(variables)
        _ = S3Settings.read(&reader, service: service)
        #expect(Set(reader.warnings.map(\.problem.variable)) == Set(names))
        #expect(reader.problems.isEmpty)
        #expect(!reader.warnings.contains { $0.description.contains("hidden") })
    }

    /// The SDKs' order: the service's own variable, then the one for all.
    @Test(
        arguments: [
            ([:], nil, nil),
            (["AWS_ENDPOINT_URL": "http://all"], "all", "all"),
            (["AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_S3": "http://s3"], "s3", "all"),
            (["AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_STS": "http://sts"], "all", "sts"),
            (["AWS_ENDPOINT_URL_S3": "http://s3"], "s3", nil),
            (["AWS_ENDPOINT_URL_STS": "http://sts"], nil, "sts"),
        ] as [([String: String], String?, String?)]
    )
    func endpoints(_ variables: [String: String], _ s3: String?, _ sts: String?) throws {
        var reader = EnvironmentReader(variables)
        let settings = try #require(S3Settings.read(&reader, service: .s3))
        #expect(reader.warnings.isEmpty)
        #expect(settings.endpoint?.authority == s3)
        #expect(settings.credentials.stsEndpoint?.authority == sts)
    }

    @Test(
        arguments: [
            ([:], "http://169.254.169.254"),
            (["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"], "http://[fd00:ec2::254]"),
            (
                [
                    "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1338/",
                    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6",
                ], "http://127.0.0.1:1338"
            ),
            (["AWS_EC2_METADATA_DISABLED": "true", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://h"], nil),
        ] as [([String: String], String?)]
    )
    func instanceMetadata(_ variables: [String: String], _ url: String?) throws {
        var reader = EnvironmentReader(variables)
        #expect(try #require(AWSCredentialSettings.read(&reader)).instanceMetadata == url)
        #expect(reader.warnings.isEmpty)
    }

    @Test(
        arguments: [
            ([:], nil, nil),
            (["SIDECAR_S3_SERVER_SIDE_ENCRYPTION": "aes256"], "AES256", nil),
            (["SIDECAR_S3_SERVER_SIDE_ENCRYPTION": "aws:kms"], "aws:kms", nil),
            (
                ["SIDECAR_S3_SERVER_SIDE_ENCRYPTION": "AWS:KMS:DSSE", "SIDECAR_S3_KMS_KEY_ID": "alias/a"],
                "aws:kms:dsse", "alias/a"
            ),
            (
                ["SIDECAR_S3_KMS_KEY_ID": "arn:aws:kms:eu-west-1:1:key/2"], "aws:kms",
                "arn:aws:kms:eu-west-1:1:key/2"
            ),
        ] as [([String: String], String?, String?)]
    )
    func encryption(_ variables: [String: String], _ kind: String?, _ key: String?) throws {
        var reader = EnvironmentReader(variables)
        let settings = try #require(S3Settings.read(&reader, service: .s3))
        #expect(reader.warnings.isEmpty)
        #expect(settings.serverSideEncryption == kind)
        #expect(settings.kmsKeyID == key)
    }

    @Test func profilesOfBothFiles() {
        let profile = AWSProfile(
            named: "work",
            credentialsFile: "[work]\naws_access_key_id = A\n# no\naws_secret_access_key=s=1\n",
            configFile:
                "[work]\nregion = wrong\n[profile work]\nregion = eu-west-1\ns3 =\n  region = nested\n"
        )
        #expect(profile.keys == AWSCredentials(accessKeyID: "A", secretAccessKey: "s=1"))
        #expect(profile["region"] == "eu-west-1")
    }

    @Test func pointsInTime() {
        #expect(AWSTime.timestamp(millisecondsSince1970: 1_440_938_160_999) == "20150830T123600Z")
        #expect(AWSTime.parse("2015-08-30T12:36:00Z") == 1_440_938_160)
        #expect(AWSTime.parse("2015-08-30T12:36:00.250Z") == 1_440_938_160)
        #expect(AWSTime.parse("soon") == nil)
    }
}

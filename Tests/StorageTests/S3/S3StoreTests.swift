import Crypto
import HTTP
import Scheduling
import Settings
import TestSupport
import Testing

@testable import Storage

/// The store's decisions, against answers in S3's own words.
@Suite final class S3StoreTests {
    private let scheduler = FakeScheduler()
    private let transport = FakeTransport()
    private let log = CapturedLog()
    private var ends: [StorageFailure?] = []
    private var credentials: [String] = []

    /// 2026-11-24T09:00:00Z
    private static let wallClock = WallClock { 1_795_510_800_000 }

    private func put(
        _ count: Int = 3,
        bucket: String = "output",
        _ more: [String: String] = [:],
        service: S3Settings.Service = .s3,
        checksum: S3Checksum = .md5
    ) throws {
        let keys = ["AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "very-secret"]
        var reader = EnvironmentReader(keys.merging(more) { $1 })
        let settings = try #require(S3Settings.read(&reader, service: service))
        try reader.finish()
        let store = S3Store.make(
            settings: settings,
            bucket: bucket,
            dependencies: .fake(
                transport,
                scheduler,
                log,
                wallClock: Self.wallClock,
                maxRetries: 2
            ) { [self] in credentials.append($0) },
            checksum: checksum
        )
        store.put(ObjectContent([UInt8](repeating: 1, count: count)), key: "/workload/output/1") { [self] in
            ends.append($0)
        }
    }

    private func refuse(_ status: Int, _ code: String, _ more: String = "", headers: [HTTPHeader] = []) {
        transport.answer(
            status,
            "<Error><Code>\(code)</Code><Message>No.</Message>\(more)<RequestId>R1</RequestId></Error>",
            headers: headers
        )
    }

    private func accept() {
        transport.answer(200, headers: [HTTPHeader("ETag", "\"t\"")])
    }

    private func complete() {
        transport.answer(
            200,
            "<CompleteMultipartUploadResult><ETag>t-3</ETag></CompleteMultipartUploadResult>"
        )
    }

    private func expectStored(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(ends == [nil], sourceLocation: sourceLocation)
        #expect(transport.unanswered == 0, sourceLocation: sourceLocation)
    }

    private var message: String? { ends.first.flatMap { $0 }?.message }

    @Test(arguments: [
        ("output", [:], "https://output.s3.us-east-1.amazonaws.com//workload/output/1"),
        ("a.b", [:], "https://s3.us-east-1.amazonaws.com/a.b//workload/output/1"),
        (
            "output", ["AWS_REGION": "cn-north-1"],
            "https://output.s3.cn-north-1.amazonaws.com.cn//workload/output/1"
        ),
        (
            "output", ["S3_PATH_STYLE_ACCESS": "true"],
            "https://s3.us-east-1.amazonaws.com/output//workload/output/1"
        ),
        ("a.b", ["AWS_ENDPOINT_URL_S3": "http://store:80"], "http://a.b.store//workload/output/1"),
        (
            "output", ["AWS_ENDPOINT_URL": "http://10.0.0.1:9000/x/"],
            "http://10.0.0.1:9000/x/output//workload/output/1"
        ),
    ]) func addresses(_ bucket: String, _ variables: [String: String], _ url: String) throws {
        try put(bucket: bucket, variables)
        #expect(transport.requests[0].url == url)
    }

    @Test func minioTakesThePath() throws {
        try put(["MINIO_ENDPOINT": "http://minio:9000", "AWS_REGION": "eu-west-1"], service: .minio)
        #expect(transport.requests[0].url == "http://minio:9000/output//workload/output/1")
        #expect(transport.requests[0].header("Authorization")?.contains("/us-east-1/s3/") == true)
    }

    private func put(_ variables: [String: String], service: S3Settings.Service) throws {
        try put(3, bucket: "output", variables, service: service)
    }

    @Test func whatIsSent() throws {
        try put(["AWS_SESSION_TOKEN": "tok"], service: .s3)
        let request = transport.requests[0]
        #expect(request.method == "PUT")
        #expect(request.header("Content-Type") == "application/json")
        // printf '\1\1\1' | openssl md5 -binary | base64; the same with sha256sum
        #expect(request.header("Content-MD5") == Base64.encode(Digest.md5([1, 1, 1]) ?? []))
        #expect(request.header("x-amz-content-sha256") == Digest.sha256([1, 1, 1]).hexadecimal)
        #expect(request.header("x-amz-date") == "20261124T090000Z")
        #expect(request.header("x-amz-security-token") == "tok")
        let names = "content-md5;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token"
        #expect(request.header("Authorization")?.contains("SignedHeaders=\(names),") == true)
        accept()
        expectStored()
    }

    @Test(arguments: [(503, "SlowDown"), (500, "InternalError"), (400, "RequestTimeout"), (400, "BadDigest")])
    func passingTroubleIsWaitedOut(_ status: Int, _ code: String) throws {
        try put()
        refuse(status, code)
        #expect(transport.unanswered == 0 && ends.isEmpty)
        scheduler.advanceToNext()
        accept()
        expectStored()
    }

    @Test func resetInTheMiddleOfTheBody() throws {
        try put()
        transport.fail(.interrupted)
        scheduler.advanceToNext()
        accept()
        expectStored()
    }

    @Test(arguments: [
        (403, "AccessDenied", "policy must allow s3:PutObject"),
        (413, "EntityTooLarge", "no document of this size"),
        (
            403, "SignatureDoesNotMatch",
            "the secret is wrong (AWS_SECRET_ACCESS_KEY), or this store does not know the key id "
                + "(AWS_ACCESS_KEY_ID), or a gateway before it changes the Host header or merges // in paths"
        ),
        (403, "QuotaExceeded", "the quota of the bucket or of its owner is used up"),
        (403, "UserSuspended", "the store has suspended the user of these keys"),
        // Of no use a minute later; only other answers of that class are.
        (501, "NotImplemented", "this store does not support the request"),
        (400, "ExpiredToken", "see AWS_SESSION_TOKEN"),
    ])
    func refusalsAreToldInOneLine(_ status: Int, _ code: String, _ advice: String) throws {
        try put()
        refuse(status, code, headers: [HTTPHeader("x-amz-request-id", "H1")])
        let text = try #require(message)
        #expect(
            text.hasPrefix(
                "PUT s3://output//workload/output/1 was answered with \(status) \(code) \"No.\" (request id H1); "
            )
        )
        #expect(text.contains(advice) && !text.contains("very-secret"))
        #expect(transport.requests.count == 1)
    }

    @Test(arguments: [
        (
            "is not authorized to perform: kms:GenerateDataKey on this resource",
            "must allow kms:GenerateDataKey"
        ),
        (
            "is not authorized to perform: s3:PutObject with an explicit deny in a resource-based policy",
            "where it demands encryption, see SIDECAR_S3_SERVER_SIDE_ENCRYPTION and SIDECAR_S3_KMS_KEY_ID"
        ),
    ])
    func denialsAreExplained(_ text: String, _ advice: String) throws {
        try put()
        transport.answer(403, "<Error><Code>AccessDenied</Code><Message>\(text)</Message></Error>")
        #expect(message?.contains(advice) == true, "\(message ?? "")")
    }

    @Test func missingKeyIsTold() throws {
        try put()
        refuse(400, "KMS.NotFoundException")
        #expect(message?.hasSuffix("see SIDECAR_S3_KMS_KEY_ID") == true)
    }

    // MARK: Encryption

    private static let encryption = [
        "SIDECAR_S3_SERVER_SIDE_ENCRYPTION": "aws:kms", "SIDECAR_S3_KMS_KEY_ID": "alias/jobs",
    ]

    private func expectEncryption(_ request: HTTPRequest, _ isAsked: Bool) {
        let fields = ["x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"]
        #expect(fields.map { request.header($0) } == (isAsked ? ["aws:kms", "alias/jobs"] : [nil, nil]))
    }

    @Test func documentIsEncrypted() throws {
        try put(Self.encryption, service: .s3)
        expectEncryption(transport.requests[0], true)
        let names = "x-amz-server-side-encryption;x-amz-server-side-encryption-aws-kms-key-id"
        #expect(transport.requests[0].header("Authorization")?.contains(names) == true)
    }

    /// The beginning says it. Amazon refuses it with parts and at the end.
    @Test func partsAreEncrypted() throws {
        try put(6_000_000, Self.encryption)
        transport.answer(200, "<R><UploadId>u</UploadId></R>")
        for number in 1...2 { answerPart(number) }
        for (number, request) in transport.requests.enumerated() { expectEncryption(request, number == 0) }
    }

    @Test func nothingIsAskedWithoutASetting() throws {
        try put()
        expectEncryption(transport.requests[0], false)
    }

    @Test func wrongClockIsAllowedFor() throws {
        try put()
        refuse(403, "RequestTimeTooSkewed", headers: [HTTPHeader("Date", "Tue, 24 Nov 2026 10:00:01 GMT")])
        #expect(transport.requests[1].header("x-amz-date") == "20261124T100001Z")
        accept()
        expectStored()
    }

    @Test(arguments: [
        (301, "PermanentRedirect", "", [HTTPHeader("x-amz-bucket-region", "eu-west-3")]),
        (400, "AuthorizationHeaderMalformed", "<Region>eu-west-3</Region>", []),
        (307, "TemporaryRedirect", "", [HTTPHeader("x-amz-bucket-region", "eu-west-3")]),
    ])
    func otherRegionIsFollowed(_ status: Int, _ code: String, _ more: String, _ headers: [HTTPHeader]) throws
    {
        try put()
        refuse(status, code, more, headers: headers)
        #expect(transport.requests[1].url.hasPrefix("https://output.s3.eu-west-3.amazonaws.com/"))
        accept()
        expectStored()
    }

    /// OpenStack's regions have names that no host could have; they stand in signatures only.
    @Test(arguments: [true, false])
    func regionInCapitals(_ hasOwnEndpoint: Bool) throws {
        try put(hasOwnEndpoint ? ["AWS_ENDPOINT_URL_S3": "http://store:80"] : [:], service: .s3)
        refuse(400, "AuthorizationHeaderMalformed", "<Region>RegionOne</Region>")
        guard hasOwnEndpoint else { return #expect(message?.contains("in another region") == true) }
        #expect(transport.requests[1].url == transport.requests[0].url)
        #expect(transport.requests[1].header("Authorization")?.contains("/RegionOne/s3/") == true)
        accept()
        expectStored()
    }

    @Test func missingBucketIsMadeInItsRegion() throws {
        try put(["AWS_DEFAULT_REGION": "eu-west-3"], service: .s3)
        refuse(404, "NoSuchBucket")
        #expect(transport.requests[1].url == "https://output.s3.eu-west-3.amazonaws.com/")
        #expect(transport.requests[1].bodyText.contains("<LocationConstraint>eu-west-3</LocationConstraint>"))
        transport.answer(200)
        accept()
        expectStored()
    }

    /// As OpenStack Swift and Ceph answer where their one place has another name.
    @Test func bucketWhosePlaceIsRefusedIsMadeWithoutOne() throws {
        try put(["AWS_DEFAULT_REGION": "eu-west-3"], service: .s3)
        refuse(404, "NoSuchBucket")
        refuse(400, "InvalidLocationConstraint")
        #expect(transport.requests[2].url == transport.requests[1].url)
        #expect(transport.requests[2].bodyBytes == [])
        transport.answer(200)
        accept()
        expectStored()
    }

    /// One more try, not more.
    @Test func bucketWhosePlaceIsRefusedTwice() throws {
        try put(["AWS_DEFAULT_REGION": "eu-west-3"], service: .s3)
        refuse(404, "NoSuchBucket")
        refuse(400, "InvalidLocationConstraint")
        refuse(400, "InvalidLocationConstraint")
        refuse(404, "NoSuchBucket")
        #expect(transport.unanswered == 0)
        #expect(message?.contains("was answered with 400 InvalidLocationConstraint") == true)
    }

    @Test func bucketThatMayNotBeMade() throws {
        try put()
        refuse(404, "NoSuchBucket")
        refuse(403, "AccessDenied")
        refuse(404, "NoSuchBucket")
        #expect(message?.contains("404 NoSuchBucket") == true)
        #expect(
            message?.contains("creating the bucket failed: PUT s3://output was answered with 403") == true
        )
    }

    // MARK: Parts

    private func putParts() throws {
        try put(20_000_000)
        transport.answer(200, "<R><UploadId>u/1</UploadId></R>")
    }

    private func answerPart(_ number: Int) {
        transport.answer(200, headers: [HTTPHeader("ETag", "\"t\(number)\"")])
        scheduler.advance(by: .zero)
    }

    @Test func partsGoUpOneAfterTheOther() throws {
        try putParts()
        for number in 1...4 {
            #expect(transport.unanswered == 1)
            #expect(transport.requests[number].url.hasSuffix("/1?partNumber=\(number)&uploadId=u%2F1"))
            answerPart(number)
        }
        #expect(
            transport.requests[1...4].map { $0.bodyBytes?.count } == [
                5_242_880, 5_242_880, 5_242_880, 4_271_360,
            ]
        )
        #expect(
            transport.requests[5].bodyText.contains(
                "<Part><PartNumber>2</PartNumber><ETag>\"t2\"</ETag></Part>"
            )
        )
        // The status came before the failure.
        refuse(200, "InternalError")
        #expect(ends.isEmpty)
        scheduler.advanceToNext()
        complete()
        expectStored()
    }

    /// Ceph's RADOS Gateway 16.2 names the object so where it has just been put together.
    @Test func endWithAnEmptyTag() throws {
        try putParts()
        for number in 1...4 { answerPart(number) }
        transport.answer(
            200,
            "<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>"
        )
        expectStored()
    }

    // MARK: Where libcrypto has no MD5

    private static let ones = Base64.encode(Digest.sha256([UInt8](repeating: 1, count: 5_242_880)))

    @Test func documentWithSHA256() throws {
        try put(checksum: .sha256)
        let request = transport.requests[0]
        #expect(request.header("Content-MD5") == nil)
        // printf '\1\1\1' | openssl sha256 -binary | base64
        #expect(request.header("x-amz-checksum-sha256") == "dcj9BK2Rauw+PVy3akUrEWs9TQkSoKSF6fuOPSQOIQw=")
        #expect(request.header("Authorization")?.contains(";x-amz-checksum-sha256;") == true)
        accept()
        expectStored()
    }

    /// Amazon takes checksums of parts only where the upload's beginning has announced them and its end repeats them.
    @Test func partsWithSHA256() throws {
        try put(20_000_000, checksum: .sha256)
        #expect(transport.requests[0].header("x-amz-checksum-algorithm") == "SHA256")
        transport.answer(200, "<R><UploadId>u/1</UploadId></R>")
        for number in 1...4 { answerPart(number) }
        #expect(transport.requests[1].header("x-amz-checksum-sha256") == Self.ones)
        let end = transport.requests[5]
        #expect(
            end.bodyText.contains(
                "<Part><PartNumber>2</PartNumber><ETag>\"t2\"</ETag><ChecksumSHA256>\(Self.ones)</ChecksumSHA256></Part>"
            )
        )
        // There it would be the whole object's.
        #expect(end.header("x-amz-checksum-sha256") == nil && end.header("Content-MD5") == nil)
        complete()
        expectStored()
    }

    /// The end's answer was lost: the object is known by the checksum of its parts' checksums.
    @Test(arguments: [true, false])
    func objectIsKnownBySHA256(_ isOurs: Bool) throws {
        try put(6_000_000, checksum: .sha256)
        transport.answer(200, "<R><UploadId>u</UploadId></R>")
        for number in 1...2 { answerPart(number) }
        let sums = [5_242_880, 757_120].map { Digest.sha256([UInt8](repeating: isOurs ? 1 : 2, count: $0)) }
        refuse(404, "NoSuchUpload")
        #expect(transport.requests[4].method == "HEAD")
        #expect(transport.requests[4].header("x-amz-checksum-mode") == "ENABLED")
        transport.answer(
            200,
            headers: [
                HTTPHeader("Content-Length", "6000000"),
                HTTPHeader("x-amz-checksum-sha256", Base64.encode(Digest.sha256(sums.flatMap { $0 })) + "-2"),
            ]
        )
        if isOurs { return expectStored() }
        #expect(ends.isEmpty && transport.requests.last?.url.hasSuffix("?uploads=") == true, "anew")
    }

    @Test func failedPartsAreFreed() throws {
        try putParts()
        refuse(403, "AccessDenied")
        #expect(transport.requests[2].method == "DELETE" && ends.isEmpty)
        transport.answer(204)
        #expect(message?.contains("403 AccessDenied") == true)
    }

    @Test(arguments: [(1, 5_242_880), (52_428_800_000, 5_242_880), (52_428_800_001, 6_291_456)])
    func partsStayBelowTheirBound(_ count: Int, _ size: Int) {
        #expect(S3MultipartUpload.partSize(of: count) == size)
    }

    // MARK: Credentials that end

    @Test func expiredTokenInTheMiddleOfAnUpload() throws {
        let container = [
            "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "pod-token",
        ]
        func answerKeys(_ id: String) {
            transport.answer(
                200,
                #"{"AccessKeyId":"\#(id)","SecretAccessKey":"s","Token":"t-\#(id)","Expiration":"2026-11-24T15:00:00Z"}"#
            )
        }
        try put(20_000_000, bucket: "output", container)
        #expect(transport.requests[0].header("Authorization") == "pod-token")
        answerKeys("ONE")
        transport.answer(200, "<R><UploadId>u</UploadId></R>")
        answerPart(1)
        refuse(400, "ExpiredToken")
        answerKeys("TWO")
        #expect(transport.requests.last?.header("x-amz-security-token") == "t-TWO")
        #expect(transport.requests.last?.url.contains("partNumber=2") == true)
        for number in 2...4 { answerPart(number) }
        complete()
        expectStored()
    }

    @Test func noCredentialsAtAll() throws {
        try put(["AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""], service: .s3)
        transport.fail(.connect)
        scheduler.advanceToNext()
        #expect(message?.contains("no AWS credentials found; looked for: AWS_ACCESS_KEY_ID;") == true)
        #expect(message?.contains("instance metadata at http://169.254.169.254") == true)
    }

    @Test func instanceMetadataIsAskedWithASession() throws {
        try put(["AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""], service: .s3)
        #expect(transport.calls == ["PUT /latest/api/token"])
        #expect(transport.requests[0].totalTimeout == .seconds(1))
        transport.answer(200, "session")
        transport.answer(200, "node-role\n")
        #expect(transport.requests[2].url.hasSuffix("/iam/security-credentials/node-role"))
        #expect(transport.requests[2].header("X-aws-ec2-metadata-token") == "session")
        transport.answer(
            200,
            #"{"AccessKeyId":"I","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-24T15:00:00Z"}"#
        )
        #expect(transport.requests[3].header("Authorization")?.contains("Credential=I/20261124/") == true)
        #expect(credentials == ["session", "s", "t"], "all of them are told, to be hidden")
        accept()
        expectStored()
    }

    @Test func credentialsAreRenewedBeforeTheirEnd() {
        var fetches = 0
        var isDown = false
        let cache = AWSCredentialCache(wallClock: Self.wallClock, log: log.logger) { completion in
            fetches += 1
            // 299 seconds from now, within the margin.
            let keys = AWSCredentials(
                accessKeyID: "\(fetches)",
                secretAccessKey: "s",
                expiration: 1_795_511_099
            )
            let failure = StorageRequester.Unprepared(
                failure: StorageFailure(message: "down"),
                isTemporary: true
            )
            completion(isDown ? .failure(failure) : .success(keys))
        }
        var got: [String] = []
        func get() { cache.get { got.append((try? $0.get().accessKeyID) ?? "none") } }
        get()
        get()
        isDown = true
        get()
        #expect(got == ["1", "2", "2"] && fetches == 3)
        #expect(log.count(of: "down; the current credentials are used until they expire") == 1)
    }
}

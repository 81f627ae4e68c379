import HTTP
import Text

/// What S3 says about a request that it did not fulfil. Source: "Error responses", Amazon S3 API Reference.
struct S3Answer {
    /// What is to be done about it.
    enum Kind: Hashable {
        case accepted
        /// Overload, faults of the server, bytes that got lost on the way.
        case retry
        /// The clocks differ by more than 15 minutes.
        case clock
        /// Temporary credentials that have ended, or were revoked.
        case credentials
        /// The bucket is in another region.
        case region(String)
        case failed
    }

    /// What the request was to do with an object.
    enum Action {
        case store, read, delete

        /// What a policy has to allow for it.
        fileprivate var permissions: String {
            switch self {
            case .store: "s3:PutObject and s3:AbortMultipartUpload"
            case .read: "s3:GetObject"
            case .delete: "s3:DeleteObject"
            }
        }
    }

    let status: Int
    /// Nil where the answer has no document, as to HEAD.
    let code: String?
    let kind: Kind
    private let response: HTTPResponse
    private let text: String?
    private let requestID: String?

    private static let passing: Set<String> = [
        "BadDigest", "IncompleteBody", "InternalError", "OperationAborted", "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown", "SlowDownRead", "SlowDownWrite", "Throttling", "XAmzContentSHA256Mismatch",
    ]

    private static let stale: Set<String> = [
        "ExpiredToken", "ExpiredTokenException", "InvalidToken", "TokenRefreshRequired",
    ]

    /// - Parameters:
    ///   - region: the one for which the request was signed.
    ///   - takesAnyRegion: whether a region's name stands in signatures only, not in the host's name.
    init(_ response: HTTPResponse, region: String, takesAnyRegion: Bool) {
        // Completing a multipart upload can fail after the status has been sent.
        let isSuccess = (200..<300).contains(response.status)
        let fields = XMLFields(parsing: isSuccess && response.body.count > 16_384 ? [] : response.body)
        let code = fields["Code"].flatMap { $0.isEmpty ? nil : $0 }
        status = response.status
        self.response = response
        self.code = code
        text = fields["Message"]
        requestID = response.header("x-amz-request-id") ?? fields["RequestId"]
        let isRegion = takesAnyRegion ? S3Settings.isRegionOfAnyStore : S3Settings.isRegion
        kind = Self.kind(response, isSuccess: isSuccess, code: code, fields, region, isRegion)
    }

    private static func kind(
        _ response: HTTPResponse,
        isSuccess: Bool,
        code: String?,
        _ fields: XMLFields,
        _ region: String,
        _ isRegion: (String) -> Bool
    ) -> Kind {
        // What is no answer of the service has not reached it.
        if isSuccess, code == nil { return response.holdsPage ? .retry : .accepted }
        if let code {
            if code == "RequestTimeTooSkewed" || code == "RequestInTheFuture" { return .clock }
            if stale.contains(code) { return .credentials }
        }
        let named = response.header("x-amz-bucket-region") ?? fields["Region"]
        let isElsewhere = [301, 307].contains(response.status) || code == "AuthorizationHeaderMalformed"
        if isElsewhere, let named, named != region, isRegion(named) { return .region(named) }
        if let code, passing.contains(code) { return .retry }
        // What a store does not have it will not have in a minute.
        if code == "NotImplemented" { return .failed }
        return response.status == 307 || response.status == 408 || response.status == 429
            || response.status >= 500 || isSuccess ? .retry : .failed
    }

    /// One line: what was answered, the request's id, and what to do.
    ///
    /// - Parameters:
    ///   - endpoint: the setting that the service's address comes from.
    ///   - action: what the advice is about; nil gives none.
    func failure(_ what: String, endpoint: String, action: Action? = .store) -> StorageFailure {
        guard !response.holdsPage else {
            return response.strange(what, service: "S3", settings: endpoint)
        }
        var message = "\(what) was answered with "
        if let code {
            message += "\(status) \(code)"
            // In quotes: behind a colon, `ExpiredToken: The …` would be taken for a secret and its name.
            if let text, !text.isEmpty { message += " \"\(text)\"" }
            if let requestID { message += " (request id \(requestID))" }
            message += response.throughProxy
        } else {
            message += response.summaryWithoutMarkup
            if let requestID { message += " (request id \(requestID))" }
        }
        if let action, let advice = advice(action) { message += "; \(advice)" }
        return StorageFailure(message: message.escapingControlCharacters())
    }

    private func advice(_ action: Action) -> String? {
        switch code {
        case "AccessDenied", "AllAccessDisabled", "AccountProblem": adviceOnDenial(action)
        case "InvalidAccessKeyId":
            "this key is unknown: see AWS_ACCESS_KEY_ID, or where the credentials come from"
        case "SignatureDoesNotMatch":
            // Stores that do not say InvalidAccessKeyId say this of an unknown key id too: OpenStack Swift 2.38.3.
            "the secret is wrong (AWS_SECRET_ACCESS_KEY), or this store does not know the key id "
                + "(AWS_ACCESS_KEY_ID), or a gateway before it changes the Host header or merges // in paths"
        case "ExpiredToken", "InvalidToken", "TokenRefreshRequired", "ExpiredTokenException":
            "the session token has expired: see AWS_SESSION_TOKEN, or where the credentials come from"
        case "QuotaExceeded", "XMinioAdminBucketQuotaExceeded":
            "the quota of the bucket or of its owner is used up: delete what is not needed, or raise it"
        case "XMinioStorageFull": "the store's disks are full"
        case "UserSuspended": "the store has suspended the user of these keys: its administrator can tell why"
        case "NotImplemented": "this store does not support the request"
        case "NoSuchBucket": "create the bucket, or allow s3:CreateBucket"
        case "EntityTooLarge": "the service takes no document of this size"
        case "PermanentRedirect", "AuthorizationHeaderMalformed":
            "the bucket is in another region: see AWS_DEFAULT_REGION"
        case "InvalidBucketName": "see STORAGE_BUCKET_WORKLOAD_OUTPUT and STORAGE_BUCKET_LOG"
        default: adviceOnStatus(action)
        }
    }

    /// Sources of Amazon's words: "Troubleshoot access denied (403 Forbidden) errors in Amazon S3", S3 User Guide.
    private func adviceOnDenial(_ action: Action) -> String {
        let text = text ?? ""
        if text.contains("kms:") {
            return "the credentials' policy and the key's must allow kms:GenerateDataKey and kms:Decrypt"
        }
        if text.contains("explicit deny in a resource-based policy") {
            return "the bucket's policy forbids this; where it demands encryption, see "
                + "SIDECAR_S3_SERVER_SIDE_ENCRYPTION and SIDECAR_S3_KMS_KEY_ID"
        }
        return "the credentials' policy must allow \(action.permissions) on the bucket's objects"
    }

    private func adviceOnStatus(_ action: Action) -> String? {
        if let code, code.hasPrefix("KMS.") { return "see SIDECAR_S3_KMS_KEY_ID" }
        return switch status {
        case 301, 307: "the bucket is in another region: see AWS_DEFAULT_REGION"
        case 403: "the credentials' policy must allow \(action.permissions) on the bucket's objects"
        // An answer without a code comes from a gateway; its summary is in the message already.
        case 413 where code != nil: "the service, or a proxy before it, takes no document of this size"
        default: nil
        }
    }
}

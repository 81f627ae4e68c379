import Foundation
import StoragePeers

/// A kind of object storage, and how a pod is told of it.
enum StorageService: String, CaseIterable, Sendable {
    case s3, gcs, azure

    /// The request's id in the answers that `refusal` makes.
    static let requestID = "REQ-1"

    /// The port that the service listens on.
    var port: Int {
        get throws {
            switch self {
            case .s3: try S3Server.shared.get().facts.port
            case .gcs: try GCSServer.shared.get().facts.port
            case .azure: try AzureBlobServer.shared.get().facts.port
            }
        }
    }

    /// Has the pod store its output in the bucket, through whatever stands at the origin.
    func use(_ pod: Pod, at origin: String, bucket: String) throws {
        pod.environment.merge(try environment(at: origin, bucket: bucket, in: pod.folder)) { $1 }
    }

    /// - Parameter folder: takes a file of credentials where one is needed, `account.json`.
    func environment(at origin: String, bucket: String, in folder: URL) throws -> [String: String] {
        var environment = [
            "SIDECAR_OUTPUT_SINK": "storage", "STORAGE_TYPE": rawValue,
            "STORAGE_BUCKET_WORKLOAD_OUTPUT": bucket,
            "SIDECAR_STORAGE_RETRY_DELAY_SECONDS": "0.02", "SIDECAR_STORAGE_MAX_RETRIES": "2",
        ]
        switch self {
        case .s3:
            let owner = try S3Server.shared.get().facts.owner
            environment["AWS_ENDPOINT_URL_S3"] = origin
            environment["AWS_ACCESS_KEY_ID"] = owner.key
            environment["AWS_SECRET_ACCESS_KEY"] = owner.secret
        case .gcs:
            let account = folder.appendingPathComponent("account.json")
            try Data(GCSServer.shared.get().facts.account.utf8).write(to: account)
            environment["GOOGLE_APPLICATION_CREDENTIALS"] = account.path
            environment["SIDECAR_GCS_ENDPOINT"] = origin
        case .azure:
            let facts = try AzureBlobServer.shared.get().facts
            environment["AZURE_STORAGE_CONNECTION_STRING"] =
                "BlobEndpoint=\(origin)/\(facts.account);AccountName=\(facts.account);AccountKey=\(facts.key)"
        }
        return environment
    }

    /// What the service's requests are signed with, or a line of it.
    var secret: String {
        get throws {
            switch self {
            case .s3: return try S3Server.shared.get().facts.owner.secret
            case .azure: return try AzureBlobServer.shared.get().facts.key
            case .gcs:
                let account = try JSON(parsing: try GCSServer.shared.get().facts.account)
                let lines = account["private_key"].text?.split(separator: "\n") ?? []
                return lines.count > 2 ? String(lines[2]) : ""
            }
        }
    }

    /// What is stored in the bucket under the pods' key; nil where nothing is.
    func output(in bucket: String) throws -> [UInt8]? {
        let key = "/workload/output/\(Pod.workloadID)"
        switch self {
        case .s3: return try S3Server.shared.get().peek(bucket: bucket, key: key)
        case .gcs: return try GCSServer.shared.get().peek(bucket: bucket, key: key)
        case .azure: return try AzureBlobServer.shared.get().peek(container: bucket, key: key)
        }
    }

    /// An answer in the service's own words and form.
    func refusal(
        _ match: String,
        after: Int = 0,
        times: Int = 1,
        _ status: Int,
        _ code: String
    ) -> FaultProxy.Rule {
        let text = "Said by the test."
        let xml = "<Error><Code>\(code)</Code><Message>\(text)</Message></Error>"
        let json =
            #"{"error": {"code": \#(status), "message": "\#(text)", "errors": [{"reason": "\#(code)"}]}}"#
        let (headers, body): ([String: String], String) =
            switch self {
            case .s3: (["x-amz-request-id": Self.requestID], xml)
            case .gcs: (["X-GUploader-UploadID": Self.requestID], json)
            case .azure: (["x-ms-request-id": Self.requestID, "x-ms-error-code": code], xml)
            }
        return .answer(match, after: after, times: times, status, body, headers: headers)
    }

    /// Matches what carries a document's bytes.
    var upload: String {
        switch self {
        case .s3: "PUT /[^/]+//workload"
        case .gcs: "/upload/"
        case .azure: "PUT /[^?]*workload"
        }
    }

    /// Matches what carries the second part of a large document.
    var secondPart: (match: String, after: Int) {
        switch self {
        case .s3: ("partNumber=2", 0)
        case .gcs: ("PUT /upload/", 1)
        case .azure: ("comp=block&", 1)
        }
    }

    /// How a message names where the document should have gone.
    func title(in bucket: String) -> String {
        let key = "/workload/output/\(Pod.workloadID)"
        return switch self {
        case .s3: "PUT s3://\(bucket)/\(key) "
        case .gcs: "PUT gs://\(bucket)/\(key) "
        case .azure: "PUT of \(key) "
        }
    }
}

import HTTP
import Text

/// What the blob service said, in the terms on which decisions are made.
///
/// Sources: "Status and error codes", "Common REST API error codes" and "Blob service error codes" of the REST
/// reference.
struct AzureAnswer {
    let status: Int
    /// `x-ms-error-code`, or the body's `Code`; empty where the answer is not the service's own.
    let code: String
    private let response: HTTPResponse
    private let message: String
    private let requestID: String?

    /// So much of a message is quoted, in bytes.
    private static let maxQuoteLength = 300

    /// The status of a success.
    private let success: Int

    /// - Parameter success: the status of a success; what is put is created.
    init(_ response: HTTPResponse, success: Int = 201) {
        self.response = response
        self.success = success
        status = response.status
        // Accepted answers have no body worth parsing.
        let fields = (200..<300).contains(response.status) ? nil : XMLFields(parsing: response.body)
        code = response.header("x-ms-error-code") ?? fields?["Code"] ?? ""
        // The lines that follow repeat the request's id and time.
        message = (fields?["Message"] ?? "").firstLine.cut(toUTF8: Self.maxQuoteLength)
        requestID = response.header("x-ms-request-id")
    }

    /// What answers another success is a console, a proxy or a portal that takes anything.
    var isAccepted: Bool { status == success && !response.holdsPage }

    /// Worth another try after a pause.
    var isTemporary: Bool {
        switch code {
        case "ContainerBeingDeleted", "ServerBusy", "InternalError", "OperationTimedOut": true
        default: response.isPassing
        }
    }

    /// One line that continues with what to do.
    ///
    /// - Parameter what: names the request: `PUT of /key to Azure container logs at host`.
    func failure(_ what: String, advice: String?) -> StorageFailure {
        let isStrange = code.isEmpty && (response.holdsPage || (200..<300).contains(status))
        guard !isStrange else {
            let setting = "BlobEndpoint in AZURE_STORAGE_CONNECTION_STRING"
            return response.strange(what, service: "Azure's blob service", settings: setting)
        }
        var line = "\(what) was answered with "
        if code.isEmpty {
            line += response.summaryWithoutMarkup
        } else {
            line += "\(status) \(code)"
            // In quotes: behind a colon, `AuthorizationFailure: This …` would be taken for a secret and its name.
            if !message.isEmpty { line += " \"\(message)\"" }
        }
        if let requestID { line += " (request id \(requestID))" }
        if !code.isEmpty { line += response.throughProxy }
        if let advice { line += "; \(advice)" }
        return StorageFailure(message: line.escapingControlCharacters())
    }

    /// What a signature has to allow.
    private var action: String {
        switch success {
        case 200: "read"
        case 202: "delete"
        default: "create and write"
        }
    }

    /// What a person can do about it.
    func advice(_ authorization: AzureSettings.Authorization) -> String? {
        switch code {
        case "AuthenticationFailed", "InvalidAuthenticationInfo", "NoAuthenticationInformation":
            switch authorization {
            case .sharedKey: return "check AccountName and AccountKey in AZURE_STORAGE_CONNECTION_STRING"
            case .sharedAccessSignature:
                return
                    "check the SharedAccessSignature in AZURE_STORAGE_CONNECTION_STRING, which may have expired"
            case .workloadIdentity:
                return
                    "check that the identity's tenant is the storage account's, and its federated credential"
            }
        case "AuthorizationFailure", "IpAuthorizationFailure", "AuthorizationSourceIPMismatch":
            return
                "the account's network rules may block this cluster, or the signature may not cover this"
        case "AuthorizationPermissionMismatch", "AuthorizationServiceMismatch",
            "AuthorizationResourceTypeMismatch", "InsufficientAccountPermissions":
            switch authorization {
            case .workloadIdentity: return "give the identity the role Storage Blob Data Contributor"
            case .sharedKey: return "check what the account allows"
            case .sharedAccessSignature:
                return "the SharedAccessSignature must allow \(action), for containers and objects"
            }
        case "KeyBasedAuthenticationNotPermitted":
            return
                "the account does not allow keys; use a workload identity and a connection string without AccountKey"
        case "RequestBodyTooLarge": return "the service does not accept blocks of this size"
        case "InvalidResourceName", "OutOfRangeInput":
            return "a container's name has 3 to 63 lower-case letters, digits and single hyphens"
        case "ContainerNotFound": return "create the container"
        default: return nil
        }
    }
}

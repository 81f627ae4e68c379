import AirbyteProtocol
import HTTP
import Scheduling
import Text

/// Fetches tokens for a workload identity: the pod's own token, which a file holds, is exchanged for one of Entra ID.
///
/// Source: "Microsoft identity platform and the OAuth 2.0 client credentials flow", third case, federated credential.
final class AzureTokenSource {
    typealias Completion = (Result<String, StorageRequester.Unprepared>) -> Void

    /// A token lives for an hour or a day.
    private static let renewalMargin: Duration = .seconds(300)
    /// So much of an error's description is quoted, in bytes.
    private static let maxQuoteLength = 300

    private let identity: AzureWorkloadIdentity
    private let transport: any HTTPTransport
    private let scheduler: any Scheduler
    private let files: CredentialFiles
    private let onCredential: (String) -> Void
    private let settings: StorageRequester.Settings
    private var cache = StorageTokenCache(renewalMargin: AzureTokenSource.renewalMargin)
    private let flight = SingleFlight<Result<String, StorageRequester.Unprepared>>()

    /// - Parameter onCredential: gets each token, so that it is hidden.
    init(
        identity: AzureWorkloadIdentity,
        transport: any HTTPTransport,
        scheduler: any Scheduler,
        files: CredentialFiles,
        onCredential: @escaping (String) -> Void,
        settings: StorageRequester.Settings
    ) {
        self.identity = identity
        self.transport = transport
        self.scheduler = scheduler
        self.files = files
        self.onCredential = onCredential
        self.settings = settings
    }

    /// Gives a token, at once or later; all callers meanwhile wait for one fetch. Failures are retried by the caller that
    /// asks again.
    func token(_ ready: @escaping Completion) {
        if let token = cache.current(now: scheduler.now) { return ready(.success(token)) }
        flight.join(ready, fetch: fetch)
    }

    /// The service has refused the token.
    func reject(_ token: String) {
        cache.reject(token)
    }

    private func fetch() {
        let assertion: String
        do throws(StorageFailure) {
            assertion = try readAssertion(in: identity.tokenFile)
        } catch {
            // Kubernetes may be replacing the file.
            return fail(error.message, isTemporary: true)
        }
        onCredential(assertion)
        let form = [
            ("client_id", identity.clientID),
            ("scope", "https://storage.azure.com/.default"),
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
        ]
        let body = form.map { "\($0.0)=\(AzureRequest.encoded($0.1))" }.joined(separator: "&")
        let request = HTTPRequest(
            method: "POST",
            url: identity.tokenEndpoint,
            headers: [
                HTTPHeader("Content-Type", "application/x-www-form-urlencoded"),
                HTTPHeader("Accept", "application/json"),
            ],
            body: Array(body.utf8),
            connectTimeout: settings.connectTimeout,
            totalTimeout: settings.connectTimeout + settings.readTimeout
        )
        _ = transport.send(request) { [self] result in
            switch result {
            case .success(let response): take(response)
            case .failure(let error): fail(error.message, isTemporary: error.isTemporary)
            }
        }
    }

    private func take(_ response: HTTPResponse) {
        guard !response.holdsPage else {
            return fail(response.summary(), isTemporary: response.isPassing)
        }
        guard response.status == 200 else {
            let problem = Self.problem(response.body)
            return fail(
                "\(response.status)\(problem)\(response.throughProxy)",
                isTemporary: response.isPassing
            )
        }
        do throws(AzureTokenAnswer.Unusable) {
            let answer = try AzureTokenAnswer(parsing: response.body)
            onCredential(answer.token)
            cache.accept(answer.token, life: answer.life, now: scheduler.now)
            flight.finish(.success(answer.token))
        } catch {
            fail("the answer \(error.problem)", isTemporary: false)
        }
    }

    private func fail(_ problem: String, isTemporary: Bool) {
        if let old = cache.fallBack(now: scheduler.now) { return flight.finish(.success(old)) }
        let failure = StorageFailure(
            message: "\(identity.tokenEndpoint.withoutUserInfo) gave no token for the workload identity "
                + "\(identity.clientID): \(problem)"
        )
        flight.finish(.failure(StorageRequester.Unprepared(failure: failure, isTemporary: isTemporary)))
    }

    /// RFC 6749, section 5.2. Entra ID's descriptions name identities and request ids, no secrets.
    private static func problem(_ body: [UInt8]) -> String {
        guard let document = try? JSONDocument(parsing: body),
            let error = document.root[member: "error"]?.string
        else { return "" }
        let description = document.root[member: "error_description"]?.string ?? ""
        let line = description.firstLine.cut(toUTF8: maxQuoteLength)
        return " \(error) \"\(line)\"".escapingControlCharacters()
    }

    /// The file is read for each fetch. It is a symbolic link that Kubernetes redirects to a new file.
    private func readAssertion(in path: String) throws(StorageFailure) -> String {
        func failure(_ problem: String) -> StorageFailure {
            StorageFailure(
                message:
                    "the file \(path.escapingControlCharacters()) of AZURE_FEDERATED_TOKEN_FILE \(problem)"
            )
        }
        let bytes: [UInt8]
        do throws(CredentialFiles.Problem) {
            bytes = try files.read(path)
        } catch {
            throw failure(error.text)
        }
        let text = String(decoding: bytes, as: UTF8.self).trimmingWhitespace()
        guard !text.isEmpty else { throw failure("is empty") }
        return text
    }
}

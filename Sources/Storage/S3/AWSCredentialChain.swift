import AirbyteProtocol
import HTTP
import Text

/// Asks the sources of credentials, one after the other, until one has some.
final class AWSCredentialChain {
    /// What one source has to say.
    private enum Finding {
        case found(AWSCredentials)
        /// Not meant to be used here; says what was looked for.
        case absent(String)
        /// Meant to be used, but of no use.
        case failed(String, isTemporary: Bool)
    }

    private typealias Source = (@escaping (Finding) -> Void) -> Void

    /// Tokens and roles come from services close by, or from one that answers at once.
    private static let exchangeTimeout: Duration = .seconds(10)

    /// The metadata service is on this very machine, or there is none: no start may wait long for that.
    private static let metadataTimeout: Duration = .seconds(1)

    /// How long a session for the metadata service is good, in seconds: as long as the service allows.
    private static let metadataSession = "21600"

    private let settings: AWSCredentialSettings
    private let region: String
    private let transport: any HTTPTransport
    private let files: CredentialFiles
    private let onCredential: (String) -> Void

    /// - Parameter onCredential: gets each key and token, so that it is hidden.
    init(
        settings: AWSCredentialSettings,
        region: String,
        transport: any HTTPTransport,
        files: CredentialFiles,
        onCredential: @escaping (String) -> Void
    ) {
        self.settings = settings
        self.region = region
        self.transport = transport
        self.files = files
        self.onCredential = onCredential
    }

    /// Fetches credentials; the completion is called once, at once or later.
    func fetch(_ completion: @escaping AWSCredentialCache.Completion) {
        let sources: [Source] = [
            { [self] in keys($0) }, { [self] in webIdentity($0) }, { [self] in profile($0) },
            { [self] in container($0) }, { [self] in instance($0) },
        ]
        ask(sources[...], failures: [], absences: [], isTemporary: false, completion)
    }

    private func ask(
        _ sources: ArraySlice<Source>,
        failures: [String],
        absences: [String],
        isTemporary: Bool,
        _ completion: @escaping AWSCredentialCache.Completion
    ) {
        guard let source = sources.first else {
            let message =
                failures.isEmpty
                ? "no AWS credentials found; looked for: " + absences.joined(separator: "; ")
                : "no AWS credentials: " + failures.joined(separator: "; ")
            return completion(
                .failure(.init(failure: StorageFailure(message: message), isTemporary: isTemporary))
            )
        }
        source { [self] finding in
            var (failures, absences, isTemporary) = (failures, absences, isTemporary)
            switch finding {
            case .found(let credentials):
                onCredential(credentials.secretAccessKey)
                if let token = credentials.sessionToken { onCredential(token) }
                return completion(.success(credentials))
            case .absent(let what): absences.append(what)
            case .failed(let problem, let passes):
                failures.append(problem.escapingControlCharacters())
                isTemporary = isTemporary || passes
            }
            ask(
                sources.dropFirst(),
                failures: failures,
                absences: absences,
                isTemporary: isTemporary,
                completion
            )
        }
    }

    private func keys(_ completion: @escaping (Finding) -> Void) {
        guard let keys = settings.keys else { return completion(.absent("AWS_ACCESS_KEY_ID")) }
        completion(.found(keys))
    }

    // MARK: Profile

    private func profile(_ completion: @escaping (Finding) -> Void) {
        guard let source = settings.profile else {
            return completion(.absent("a profile in ~/.aws (HOME is not set)"))
        }
        let profile: AWSProfile
        do throws(FileProblem) {
            profile = try Self.profile(source, files)
        } catch {
            return completion(.failed(error.text, isTemporary: false))
        }
        let name = "profile \(source.name)"
        if let identity = profile.webIdentity { return assumeRole(identity, completion) }
        // Its keys, if there are any, lead to the role: they are not the ones to write with.
        guard profile["role_arn"] == nil else {
            return completion(
                .failed(
                    "\(name) assumes a role (role_arn), which is supported with web_identity_token_file only: "
                        + "give it keys, or the pod an identity of its own",
                    isTemporary: false
                )
            )
        }
        if let keys = profile.keys { return completion(.found(keys)) }
        if let setting = profile.unsupportedSetting {
            return completion(
                .failed(
                    "\(name) uses \(setting), which is not supported: "
                        + "keys, or role_arn with web_identity_token_file, are",
                    isTemporary: false
                )
            )
        }
        let places = "\(source.credentialsFile) and \(source.configFile)"
        completion(
            source.isChosen
                ? .failed("\(name) of AWS_PROFILE has no keys in \(places)", isTemporary: false)
                : .absent("\(name) in \(places)")
        )
    }

    private struct FileProblem: Error { var text: String }

    private static func profile(
        _ source: AWSCredentialSettings.Profile,
        _ files: CredentialFiles
    ) throws(FileProblem) -> AWSProfile {
        func text(_ path: String) throws(FileProblem) -> String {
            do throws(CredentialFiles.Problem) {
                let bytes = try files.read(path, limit: CredentialFiles.maxProfileLength)
                return String(decoding: bytes, as: UTF8.self)
            } catch {
                switch error {
                case .missing: return ""
                case .unreadable(let problem): throw FileProblem(text: "\(path) \(problem)")
                }
            }
        }
        return AWSProfile(
            named: source.name,
            credentialsFile: try text(source.credentialsFile),
            configFile: try text(source.configFile)
        )
    }

    /// The token file that the profile names.
    static func tokenFile(of source: AWSCredentialSettings.Profile, files: CredentialFiles) -> String? {
        (try? profile(source, files))?.webIdentity?.tokenFile
    }

    /// The region that the profile names.
    static func region(
        of source: AWSCredentialSettings.Profile?,
        files: CredentialFiles
    ) -> String? {
        guard let source, let profile = try? profile(source, files), let region = profile["region"],
            S3Settings.isRegion(region)
        else { return nil }
        return region
    }

    // MARK: Web identity

    private func webIdentity(_ completion: @escaping (Finding) -> Void) {
        guard let identity = settings.webIdentity else {
            return completion(.absent("AWS_WEB_IDENTITY_TOKEN_FILE"))
        }
        assumeRole(identity, completion)
    }

    /// `AssumeRoleWithWebIdentity` of the Security Token Service: not signed, the token speaks for itself.
    private func assumeRole(
        _ identity: AWSCredentialSettings.WebIdentity,
        _ completion: @escaping (Finding) -> Void
    ) {
        let token: String
        do throws(FileProblem) {
            token = try readToken(in: identity.tokenFile)
        } catch {
            return completion(.failed("web identity: \(error.text)", isTemporary: false))
        }
        let body = SigV4.encodedQuery([
            ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", identity.roleARN),
            ("RoleSessionName", identity.sessionName), ("WebIdentityToken", token),
        ])
        let endpoint = settings.stsEndpoint ?? AWSEndpoint(service: "sts", region: region)
        let request = HTTPRequest(
            method: "POST",
            url: "\(endpoint.url)/",
            headers: [
                HTTPHeader("Content-Type", "application/x-www-form-urlencoded"),
                HTTPHeader("Accept", "application/xml"),
            ],
            body: Array(body.utf8),
            connectTimeout: Self.exchangeTimeout,
            totalTimeout: Self.exchangeTimeout
        )
        let what = "web identity: role \(identity.roleARN) at \(endpoint.authority)"
        _ = transport.send(request) { completion(Self.assumedRole(what, $0)) }
    }

    private static func assumedRole(
        _ what: String,
        _ result: Result<HTTPResponse, HTTPTransportError>
    ) -> Finding {
        switch result {
        case .failure(let error):
            return .failed("\(what): \(error.message)", isTemporary: error.isTemporary)
        case .success(let response) where response.holdsPage:
            return .failed("\(what): answered with \(response.summary())", isTemporary: response.isPassing)
        case .success(let response):
            let fields = XMLFields(parsing: response.body)
            guard response.status == 200 else {
                let code = fields["Code"] ?? "no code"
                let text = fields["Message"].map { " \"\($0)\"" } ?? ""
                let passes =
                    response.status >= 500 || response.status == 429 || code == "IDPCommunicationError"
                return .failed(
                    "\(what) refused with \(response.status) \(code)\(text)\(response.throughProxy)",
                    isTemporary: passes
                )
            }
            guard let id = fields["AccessKeyId"], let secret = fields["SecretAccessKey"],
                let token = fields["SessionToken"]
            else { return .failed("\(what): the answer has no keys", isTemporary: false) }
            return .found(
                AWSCredentials(
                    accessKeyID: id,
                    secretAccessKey: secret,
                    sessionToken: token,
                    expiration: fields["Expiration"].flatMap(AWSTime.parse)
                )
            )
        }
    }

    private func readToken(in path: String) throws(FileProblem) -> String {
        let text: String
        do throws(CredentialFiles.Problem) {
            text = String(decoding: try files.read(path), as: UTF8.self).trimmingWhitespace()
        } catch {
            switch error {
            case .missing: throw FileProblem(text: "token file \(path) is missing")
            case .unreadable(let problem): throw FileProblem(text: "token file \(path) \(problem)")
            }
        }
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw FileProblem(text: "token file \(path) holds no token")
        }
        onCredential(text)
        return text
    }

    // MARK: Container

    /// ECS and EKS Pod Identity.
    private func container(_ completion: @escaping (Finding) -> Void) {
        guard let source = settings.container else {
            return completion(.absent("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
        }
        var headers = [HTTPHeader("Accept", "application/json")]
        do throws(FileProblem) {
            if let token = try source.tokenFile.map(readToken) ?? source.token {
                headers.append(HTTPHeader("Authorization", token))
            }
        } catch {
            return completion(.failed("container credentials: \(error.text)", isTemporary: false))
        }
        get(source.url, headers: headers, timeout: Self.exchangeTimeout) { result in
            completion(Self.keys("container credentials", result))
        }
    }

    /// The JSON that container and instance give.
    private static func keys(_ what: String, _ result: Result<HTTPResponse, HTTPTransportError>) -> Finding {
        switch result {
        case .failure(let error):
            return .failed("\(what): \(error.message)", isTemporary: error.isTemporary)
        case .success(let response) where response.status == 200:
            guard let root = (try? JSONDocument(parsing: response.body))?.root,
                let id = root[member: "AccessKeyId"]?.string,
                let secret = root[member: "SecretAccessKey"]?.string
            else { return .failed("\(what): the answer has no keys", isTemporary: false) }
            return .found(
                AWSCredentials(
                    accessKeyID: id,
                    secretAccessKey: secret,
                    sessionToken: root[member: "Token"]?.string,
                    expiration: root[member: "Expiration"]?.string.flatMap(AWSTime.parse)
                )
            )
        case .success(let response):
            let passes = response.status >= 500 || response.status == 429
            return .failed("\(what): answered with status \(response.status)", isTemporary: passes)
        }
    }

    // MARK: Instance

    /// The instance metadata service, version 2: a session first, then the role's name, then its keys.
    private func instance(_ completion: @escaping (Finding) -> Void) {
        guard let base = settings.instanceMetadata else {
            return completion(.absent("instance metadata (AWS_EC2_METADATA_DISABLED is true)"))
        }
        let request = HTTPRequest(
            method: "PUT",
            url: "\(base)/latest/api/token",
            headers: [HTTPHeader("X-aws-ec2-metadata-token-ttl-seconds", Self.metadataSession)],
            body: [],
            connectTimeout: Self.metadataTimeout,
            totalTimeout: Self.metadataTimeout
        )
        _ = transport.send(request) { [self] result in
            let token: String
            switch result {
            // Most machines have no such service.
            case .failure: return completion(.absent("instance metadata at \(base)"))
            case .success(let response):
                token = String(decoding: response.body, as: UTF8.self).trimmingWhitespace()
                // It becomes a header field's value.
                guard response.status == 200, !token.isEmpty,
                    token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
                else {
                    return completion(
                        .failed(
                            "instance metadata: the session was answered with status \(response.status)",
                            isTemporary: response.status >= 500
                        )
                    )
                }
            }
            onCredential(token)
            instanceRole(base, [HTTPHeader("X-aws-ec2-metadata-token", token)], completion)
        }
    }

    private func instanceRole(
        _ base: String,
        _ headers: [HTTPHeader],
        _ completion: @escaping (Finding) -> Void
    ) {
        let path = "\(base)/latest/meta-data/iam/security-credentials/"
        get(path, headers: headers, timeout: Self.metadataTimeout) { [self] result in
            switch result {
            case .failure(let error):
                completion(.failed("instance metadata: \(error.message)", isTemporary: true))
            case .success(let response) where response.status == 404:
                completion(.absent("a role of this instance at \(base)"))
            case .success(let response):
                let role = String(decoding: response.body, as: UTF8.self).trimmingWhitespace().firstLine
                guard response.status == 200, !role.isEmpty else {
                    return completion(
                        .failed(
                            "instance metadata: the role was answered with status \(response.status)",
                            isTemporary: response.status >= 500
                        )
                    )
                }
                get(path + SigV4.encoded(role), headers: headers, timeout: Self.metadataTimeout) {
                    completion(Self.keys("instance metadata", $0))
                }
            }
        }
    }

    private func get(
        _ url: String,
        headers: [HTTPHeader],
        timeout: Duration,
        _ completion: @escaping (Result<HTTPResponse, HTTPTransportError>) -> Void
    ) {
        let request = HTTPRequest(
            method: "GET",
            url: url,
            headers: headers,
            connectTimeout: timeout,
            totalTimeout: timeout
        )
        _ = transport.send(request, completion: completion)
    }
}

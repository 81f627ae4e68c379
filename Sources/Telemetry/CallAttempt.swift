import HTTP
import Text

/// One attempt of a request, as metrics and traces show it.
struct CallAttempt {
    typealias Answer = Result<HTTPResponse, HTTPTransportError>

    private let method: String
    /// Without user, query and fragment: those can hold secrets.
    private let url: String
    private let purpose: RequestPurpose?

    init(method: String, url: String, purpose: RequestPurpose?) {
        self.method = method
        let url = url.withoutUserInfo
        let end = url.utf8.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
        self.url = end.map { String(url[..<$0]) } ?? url
        self.purpose = purpose
    }

    /// Whether the service has accepted it.
    func isSuccess(_ answer: Answer) -> Bool {
        guard case .success(let response) = answer else { return false }
        return 200..<300 ~= response.status
    }
}

// MARK: - The platform's metrics

extension CallAttempt {
    /// The counters of the platform's own client, which repeats calls by itself: an attempt that fails counts as aborted, the
    /// last one as a failure too. The workload API's client takes any status for an answer, the server API's those below
    /// 500.
    func measurements(_ answer: Answer) -> [Measurement] {
        guard let purpose, let metrics = Self.metrics(of: purpose.service) else { return [] }
        let tags = tags(answer, purpose)
        if wasAnswered(answer, purpose) { return [Measurement(metrics.success, 1, tags)] }
        let aborted = Measurement(metrics.abort, 1, tags)
        return isLast(answer, purpose) ? [aborted, Measurement(metrics.failure, 1, tags)] : [aborted]
    }

    private static func metrics(
        of service: RequestPurpose.Service
    ) -> (success: Metric, failure: Metric, abort: Metric)? {
        switch service {
        case .workloadAPI: (.workloadAPISuccess, .workloadAPIFailure, .workloadAPIAbort)
        case .serverAPI: (.serverAPISuccess, .serverAPIFailure, .serverAPIAbort)
        case .tokenEndpoint, .storage: nil
        }
    }

    private func wasAnswered(_ answer: Answer, _ purpose: RequestPurpose) -> Bool {
        guard case .success(let response) = answer else { return false }
        return purpose.service == .workloadAPI || response.status < 500
    }

    private func isLast(_ answer: Answer, _ purpose: RequestPurpose) -> Bool {
        if case .failure(let error) = answer, !error.isTemporary { return true }
        return purpose.attempt > purpose.maxRetries
    }

    private func tags(_ answer: Answer, _ purpose: RequestPurpose) -> [Tag] {
        // Calls that are repeated for longer, such as heartbeats, do not make more and more series.
        let number = min(purpose.attempt, purpose.maxRetries + 1)
        var tags = [Tag(.maxRetries, String(purpose.maxRetries)), Tag(.retryAttempt, String(number))]
        guard case .success = answer else { return tags + [Tag(.method, "unknown")] }
        tags.append(Tag(.method, method))
        if let slash = url.utf8.lastIndex(of: UInt8(ascii: "/")), url.utf8[slash...].dropFirst().isUUID {
            let start = url.utf8.index(after: slash)
            return tags + [Tag(.url, String(url[..<start])), Tag(.workloadID, String(url[start...]))]
        }
        return tags + [Tag(.url, url)]
    }
}

// MARK: - The span

/// By OpenTelemetry's semantic conventions for HTTP clients, the stable ones.
extension CallAttempt {
    /// Paths of the platform's calls hold no ids, so that they can be names.
    var spanName: String {
        guard let purpose, purpose.service != .storage, let path = self.path else { return method }
        return "\(method) \(path)"
    }

    func attributes(_ answer: Answer) -> [Attribute] {
        var attributes = [Attribute("http.request.method", method), Attribute("url.full", url)]
        let server = self.server
        attributes.append(Attribute("server.address", server.host))
        if let port = server.port { attributes.append(Attribute("server.port", .int(port))) }
        if let purpose {
            attributes.append(Attribute("airbyte.call", purpose.call.rawValue))
            if purpose.attempt > 1 {
                attributes.append(Attribute("http.request.resend_count", .int(Int64(purpose.attempt - 1))))
            }
        }
        if case .success(let response) = answer {
            attributes.append(Attribute("http.response.status_code", .int(Int64(response.status))))
        }
        if let error = errorType(answer) { attributes.append(Attribute("error.type", error)) }
        return attributes
    }

    func status(_ answer: Answer) -> TraceSpan.Status {
        errorType(answer).map { .error($0) } ?? .unset
    }

    private func errorType(_ answer: Answer) -> String? {
        switch answer {
        case .success(let response): response.status >= 400 ? String(response.status) : nil
        case .failure(let error): error.kind.name
        }
    }

    /// What stands behind the scheme, up to the path.
    private var authority: Substring {
        let start = url.schemeSeparator?.upperBound ?? url.startIndex
        let end = url.utf8[start...].firstIndex(of: UInt8(ascii: "/")) ?? url.endIndex
        return url[start..<end]
    }

    private var path: Substring? {
        let path = url[authority.endIndex...]
        return path.isEmpty ? nil : path
    }

    private var server: (host: String, port: Int64?) {
        let authority = authority
        let standard: Int64 = url.utf8.starts(with: "https:".utf8) ? 443 : 80
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            let port = authority[end...].dropFirst(2)
            return (String(authority[..<end].dropFirst()), Int64(port) ?? standard)
        }
        guard let colon = authority.utf8.lastIndex(of: UInt8(ascii: ":")) else {
            return (String(authority), standard)
        }
        return (String(authority[..<colon]), Int64(authority[colon...].dropFirst()))
    }
}

extension HTTPTransportError.Kind {
    /// For `error.type`.
    fileprivate var name: String {
        switch self {
        case .nameResolution: "name_resolution"
        case .connect: "connect"
        case .timeout: "timeout"
        case .tls: "tls"
        case .interrupted: "interrupted"
        case .protocolViolation: "protocol_violation"
        case .refusedByProxy: "refused_by_proxy"
        case .invalidRequest: "invalid_request"
        case .bodyUnavailable: "body_unavailable"
        }
    }
}

extension Substring.UTF8View {
    /// Whether the text is a UUID in the usual form, of either letter case.
    fileprivate var isUUID: Bool {
        guard count == 36 else { return false }
        return zip(0..., self).allSatisfy { place, byte in
            switch (place, byte) {
            case (8, let byte), (13, let byte), (18, let byte), (23, let byte): byte == UInt8(ascii: "-")
            case (_, UInt8(ascii: "0")...UInt8(ascii: "9")), (_, UInt8(ascii: "a")...UInt8(ascii: "f")),
                (_, UInt8(ascii: "A")...UInt8(ascii: "F")):
                true
            default: false
            }
        }
    }
}

import CurlTransport
import HTTP
import Scheduling
import Sidecar
import Telemetry
import Workload

extension Examination {
    // MARK: Reaching a server

    /// How far a request has come: name, connection, certificate.
    ///
    /// - Parameter setting: the variable that the address is from.
    func reach(_ contact: Contact, setting: String, for check: CheckName) -> Findings {
        var findings = Findings(check)
        switch contact.result {
        case .success:
            let route = contact.inspection.proxy.map { "through the proxy \($0)" } ?? "without a proxy"
            // An address as the server's name needs no look-up.
            let address = contact.inspection.addresses.last.flatMap {
                contact.server.hasPrefix($0) ? nil : " at \($0)"
            }
            findings.ok("\(contact.server) takes connections\(address ?? ""), \(route)")
            if let certificate = contact.inspection.certificate { judge(certificate, contact, &findings) }
        case .failure(let error) where error.kind == .tls:
            refuse(contact, error, &findings)
        case .failure(let error):
            findings.problem(error.message, advice(error, contact, setting))
        }
        return findings
    }

    private func advice(_ error: HTTPTransportError, _ contact: Contact, _ setting: String) -> String {
        let proxy = contact.inspection.proxy.map { "the proxy \($0)" }
        switch error.kind {
        case .nameResolution:
            return proxy.map {
                "correct HTTP_PROXY or HTTPS_PROXY, which name \($0), or the name servers of the pod"
            }
                ?? "correct \(setting), or the name servers of the pod (/etc/resolv.conf)"
        case .connect, .timeout:
            return proxy.map { "see whether \($0) runs, or add the host to NO_PROXY" }
                ?? "see whether the service runs, whether \(setting) is right, and whether a network policy lets the pod through"
        case .refusedByProxy:
            return "have the proxy let the pod through, or add the host to NO_PROXY"
        default:
            return "see whether \(setting) has the right scheme (http or https) and port"
        }
    }

    // MARK: Certificates

    /// A certificate that ends sooner should have been renewed: its issuers renew after two thirds of its life.
    private static let shortRest: Int64 = 7 * 86_400

    private static func day(_ seconds: Int64) -> Substring {
        CalendarTime(millisecondsSince1970: seconds * 1_000).text.prefix { $0 != " " }
    }

    private func judge(
        _ certificate: ConnectionInspection.Certificate,
        _ contact: Contact,
        _ findings: inout Findings
    ) {
        let end = Self.day(certificate.notAfter)
        let text = "the certificate of \(contact.server), by \(certificate.issuer), is valid until \(end)"
        let rest = certificate.notAfter - WallClock.system.secondsSince1970
        if rest < Self.shortRest {
            findings.warning(
                "\(text): \(counted(Int((rest + 86_399) / 86_400), "day")) left",
                "renew it on the server"
            )
        } else {
            findings.ok(text)
        }
    }

    private func refuse(_ contact: Contact, _ error: HTTPTransportError, _ findings: inout Findings) {
        guard !contact.inspection.lacksAuthorities else {
            return findings.problem(error.message, "correct SSL_CERT_FILE")
        }
        guard let certificate = contact.inspection.certificate, let fault = certificate.fault else {
            return findings.problem(error.message, "see whether the server speaks TLS on this port")
        }
        let name = "the certificate of \(contact.server) (\(certificate.subject))"
        switch fault {
        case .expired:
            let day = Self.day(certificate.notAfter)
            findings.problem("\(name) has expired on \(day)", "renew it on the server")
        case .notYetValid:
            findings.problem("\(name) is valid from \(Self.day(certificate.notBefore)) on", "see the clock")
        case .unknownIssuer:
            findings.problem(
                "\(name) is signed by \(certificate.issuer), which is not trusted here: \(trust)",
                "name that authority's certificate in SSL_CERT_FILE"
            )
        case .otherName:
            findings.problem(
                "\(name) is for \(certificate.names.isEmpty ? "no name" : certificate.names), not for this host",
                "use a name that it is for, or have one made for this name"
            )
        case .other(let text):
            findings.problem("\(name) is not accepted: \(text)", "renew it on the server")
        }
    }

    private var trust: String {
        let network = configuration.process.network
        let directory = network.certificateDirectory ?? CurlTransport.Options.systemCertificateDirectory
        let file = network.certificateFile.map { " and SSL_CERT_FILE (\($0))" } ?? ""
        return "trusted is what is in \(directory)\(file)"
    }

    // MARK: The APIs

    func checkWorkloadAPI() -> Findings {
        let api = configuration.workloadAPI.baseURL
        guard !api.isEmpty else {
            var findings = Findings(.workloadAPI)
            findings.problem("not checked: WORKLOAD_API_HOST cannot be used", "see configuration")
            return findings
        }
        return checkAPI(api, path: "/health", setting: "WORKLOAD_API_HOST", .workloadAPI)
    }

    func checkServerAPI() -> Findings {
        guard let api = configuration.serverAPI else {
            var findings = Findings(.serverAPI)
            findings.ok("not called: INTERNAL_API_HOST is not set, or cannot be used")
            return findings
        }
        return checkAPI(api.baseURL, path: "/api/v1/health", setting: "INTERNAL_API_HOST", .serverAPI)
    }

    /// - Parameter path: answers with no effect. Where it does not exist, the API's 404 tells as much.
    private func checkAPI(_ base: String, path: String, setting: String, _ name: CheckName) -> Findings {
        let token = grant()?.token
        let headers =
            [HTTPHeader("X-Airbyte-Version", configuration.airbyteVersion)]
            + (token.map { [HTTPHeader("Authorization", "Bearer \($0)")] } ?? [])
        let contact = contact(base + path, headers: headers)
        var findings = reach(contact, setting: setting, for: name)
        guard case .success(let response) = contact.result else { return findings }
        let milliseconds = contact.duration.nanoseconds / 1_000_000
        let url = (base + path).withoutUserInfo
        let answer = "GET \(url) was answered with \(response.summary())"
        switch response.status {
        case 300..<400:
            findings.problem("\(answer): redirections are not followed", "set \(setting) to where it leads")
        case 407, 500...:
            findings.problem(answer, "see whether the API runs, and what stands before it")
        case 429:
            findings.warning(answer, "the API limits requests")
        case _ where response.isPage:
            findings.problem(
                "\(answer): this is a page for people, not the API",
                response.proxy == nil
                    ? "correct \(setting)" : "have the proxy let the pod through, or add the host to NO_PROXY"
            )
        case 401, 403:
            if token != nil {
                findings.problem(
                    "\(answer): the API refuses the access token",
                    "see CONTROL_PLANE_TOKEN_ENDPOINT"
                )
            } else {
                findings.warning(
                    "\(answer): calls carry no access token",
                    "set CONTROL_PLANE_TOKEN_ENDPOINT, DATAPLANE_CLIENT_ID and DATAPLANE_CLIENT_SECRET if the API asks for one"
                )
            }
        default:
            findings.ok("GET \(url) was answered with \(response.status), after \(milliseconds) ms")
        }
        return findings
    }

    // MARK: The token

    func checkToken() -> Findings {
        var findings = Findings(.token)
        guard let source = configuration.tokenSource, let grant = grant() else {
            guard settings.isSet("CONTROL_PLANE_TOKEN_ENDPOINT") else {
                findings.ok("CONTROL_PLANE_TOKEN_ENDPOINT is not set: calls carry no access token")
                return findings
            }
            let missing = ["DATAPLANE_CLIENT_ID", "DATAPLANE_CLIENT_SECRET"].filter { !settings.isSet($0) }
            if missing.isEmpty {
                findings.problem("CONTROL_PLANE_TOKEN_ENDPOINT cannot be used", "see configuration")
            } else {
                findings.problem(
                    "no access token is asked for, since \(missing.joined(separator: " and ")) \(missing.count == 1 ? "is" : "are") not set",
                    "set both, or unset CONTROL_PLANE_TOKEN_ENDPOINT"
                )
            }
            return findings
        }
        let contact = contacts.first { $0.url == source.endpoint }
        if let contact { findings.add(reach(contact, setting: "CONTROL_PLANE_TOKEN_ENDPOINT", for: .token)) }
        // Said already.
        guard !findings.hasProblem else { return findings }
        if grant.token != nil {
            let life =
                grant.life.map { "which lives for \($0.spokenDescription)" }
                ?? "which does not say how long it lives"
            findings.ok("\(Contact.server(of: source.endpoint)) gives a token, \(life)")
        } else {
            findings.problem(grant.problem ?? "the endpoint gives no access token")
        }
        return findings
    }

    // MARK: Telemetry

    func checkStatsD() -> Findings {
        var findings = Findings(.statsD)
        guard let destination = configuration.telemetry.statsD?.destination else {
            findings.ok("no metrics are sent over StatsD")
            return findings
        }
        let name =
            switch destination {
            case .udp(let host, let port): "\(host):\(port)"
            case .unix(let path): path
            }
        do throws(HTTPTransportError) {
            let resolver = try makeTransport()
            let socket = DatagramSocket(destination, reactor: reactor, resolver: resolver)
            // An empty line, which every server skips.
            let result: DatagramResult? = wait { socket.send([[UInt8(ascii: "\n")]], completion: $0) }
            if let result, result.trouble == nil {
                findings.ok(
                    "a packet was sent to \(name); over UDP, another machine does not tell whether anybody takes it"
                )
            } else {
                let trouble =
                    result?.trouble ?? "\(name): no packet could be sent within \(limit.spokenDescription)"
                findings.warning("metrics are lost: \(trouble)", "see STATSD_HOST and whether the agent runs")
            }
        } catch {
            findings.warning("metrics are lost: \(error.message)")
        }
        return findings
    }

    func checkOTLP() -> Findings {
        var findings = Findings(.otlp)
        let telemetry = configuration.telemetry
        let receivers = [
            ("metrics", telemetry.otlpMetrics), ("traces", telemetry.otlpTraces),
            ("logs", telemetry.otlpLogs),
        ]
        for case (let signal, let receiver?) in receivers {
            let contact = contact(receiver.endpoint, headers: receiver.headers)
            let setting = "OTEL_EXPORTER_OTLP_\(signal.uppercased())_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT"
            // A job goes on without telemetry.
            for finding in reach(contact, setting: setting, for: .otlp).all {
                findings.add(
                    finding.status == .problem ? .warning : finding.status,
                    "\(signal): \(finding.text)",
                    finding.advice
                )
            }
            if case .success(let response) = contact.result { judge(response, signal, contact, &findings) }
        }
        if findings.all.isEmpty { findings.ok("nothing is sent over OTLP") }
        return findings
    }

    private func judge(
        _ response: HTTPResponse,
        _ signal: String,
        _ contact: Contact,
        _ findings: inout Findings
    ) {
        let answer = "\(signal): GET was answered with \(response.summary(quotingBody: false))"
        switch response.status {
        case 401, 403:
            findings.warning("\(answer): the receiver refuses the headers", "see OTEL_EXPORTER_OTLP_HEADERS")
        case 500...: findings.warning(answer, "see whether the receiver runs")
        // A receiver takes only POST.
        default: findings.ok(answer)
        }
    }
}

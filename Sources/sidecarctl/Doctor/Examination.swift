import CurlTransport
import Glibc
import HTTP
import Reactor
import Scheduling
import Sidecar
import Storage
import Workload

/// What all checks use: the settings, the loop, the credentials, and what the servers have answered so far.
final class Examination {
    let settings: ExaminedSettings
    let reactor: Reactor
    /// The longest time for what one check asks of a server or of a file system.
    let limit: Duration
    /// Learns those that are fetched.
    let credentials: KnownCredentials
    private var knownGrant: AccessTokenGrant?

    var configuration: Configuration { settings.configuration }

    init(_ settings: ExaminedSettings, reactor: Reactor, limit: Duration) {
        self.settings = settings
        self.reactor = reactor
        self.limit = limit
        credentials = KnownCredentials(settings.configuration.credentials)
    }

    /// A text as people may see it.
    func masked(_ text: String) -> String {
        SecretMask(configurations: [], credentials: credentials.all).masked(text)
    }

    /// Time for what ends a request by itself at the limit.
    static let grace: Duration = .seconds(1)

    /// Runs the loop until the work has reported; nil where it has not within the limit.
    ///
    /// - Parameter work: starts something and hands over the result later, from the loop.
    func wait<Value>(for work: (_ done: @escaping (Value) -> Void) -> Void) -> Value? {
        var result: Value?
        var isOver = false
        let timer = reactor.schedule(after: limit + Self.grace) { isOver = true }
        work { result = $0 }
        while result == nil, !isOver {
            // A loop that cannot go on answers nothing any more.
            guard (try? reactor.tick()) != nil else { break }
        }
        reactor.cancel(timer)
        return result
    }

    /// A transport for one check, which notes what its requests meet. What it has open ends with it.
    func makeTransport() throws(HTTPTransportError) -> InspectedTransport {
        let transport = try CurlTransport(reactor: reactor, options: configuration.process.transportOptions)
        return InspectedTransport(transport) { [weak self] in self?.contacts.append($0) }
    }

    // MARK: Servers

    /// All requests that have been sent, in the order in which they ended.
    private(set) var contacts: [Contact] = []

    /// What a harmless request to an address meets. Each address is asked once.
    func contact(_ url: String, headers: [HTTPHeader] = []) -> Contact {
        if let known = contacts.first(where: { $0.url == url }) { return known }
        let request = HTTPRequest(
            method: "GET",
            url: url,
            headers: headers,
            connectTimeout: limit,
            totalTimeout: limit
        )
        func failed(_ error: HTTPTransportError) -> Contact {
            Contact(url: url, result: .failure(error), inspection: ConnectionInspection(), duration: .zero)
        }
        do throws(HTTPTransportError) {
            let transport = try makeTransport()
            let before = contacts.count
            let end: Void? = wait { done in _ = transport.send(request) { _ in done(()) } }
            guard end != nil, before < contacts.count else {
                let message = "\(Contact.server(of: url)): no answer within \(limit.spokenDescription)"
                return failed(HTTPTransportError(kind: .timeout, message: message))
            }
            return contacts[before]
        } catch {
            return failed(error)
        }
    }

    /// The access token of the platform, as the sidecar's calls get it; it is fetched once. Nil where none is configured.
    func grant() -> AccessTokenGrant? {
        if let knownGrant { return knownGrant }
        knownGrant = fetchGrant()
        return knownGrant
    }

    private func fetchGrant() -> AccessTokenGrant? {
        guard configuration.tokenSource != nil else { return nil }
        do throws(HTTPTransportError) {
            let source = configuration.accessTokenSource(
                credentials: credentials,
                transport: try makeTransport(),
                scheduler: reactor,
                wallClock: .system
            )
            guard let source else { return nil }
            let grant: AccessTokenSource.Grant? = wait {
                source.get(isRefused: false, isLastAttempt: true, $0)
            }
            switch grant {
            case .send(let token?, _, _): return AccessTokenGrant(token: token, life: source.life)
            case .send(nil, _, let failure): return AccessTokenGrant(problem: failure?.problem)
            case .wait(let failure): return AccessTokenGrant(problem: failure.problem)
            case nil: return AccessTokenGrant(problem: "no answer within \(limit.spokenDescription)")
            }
        } catch {
            return AccessTokenGrant(problem: error.message)
        }
    }
}

/// Sends requests, each on a connection of its own, and notes what they meet.
final class InspectedTransport: HTTPTransport {
    private let transport: CurlTransport
    private let onEnd: (Contact) -> Void

    /// - Parameter onEnd: called before each request's completion.
    init(_ transport: CurlTransport, onEnd: @escaping (Contact) -> Void) {
        self.transport = transport
        self.onEnd = onEnd
    }

    func send(
        _ request: HTTPRequest,
        completion: @escaping (Result<HTTPResponse, HTTPTransportError>) -> Void
    ) -> HTTPExchangeID {
        let inspection = ConnectionInspection()
        let start = Instant.monotonic()
        return transport.send(request, inspection: inspection) { [onEnd] result in
            onEnd(
                Contact(
                    url: request.url,
                    result: result,
                    inspection: inspection,
                    duration: Instant.monotonic() - start
                )
            )
            completion(result)
        }
    }

    func cancel(_ exchange: HTTPExchangeID) { transport.cancel(exchange) }
}

extension InspectedTransport: HostResolver {
    func resolve(
        _ host: String,
        port: UInt16,
        timeout: Duration,
        completion: @escaping (Result<[SocketAddress], HTTPTransportError>) -> Void
    ) -> HTTPExchangeID {
        transport.resolve(host, port: port, timeout: timeout, completion: completion)
    }
}

/// What one request has met.
struct Contact {
    let url: String
    let result: Result<HTTPResponse, HTTPTransportError>
    let inspection: ConnectionInspection
    let duration: Duration

    /// What the clock here is ahead of the server's, in seconds; nil where the server has not told its time.
    var clockOffset: Int64? {
        guard case .success(let response) = result, let date = response.secondsSince1970,
            let arrival = response.arrival
        else { return nil }
        return arrival - date
    }

    /// The server, without what may be secret in its address.
    var server: String { Self.server(of: url) }

    static func server(of url: String) -> String {
        let url = url.withoutUserInfo
        guard let start = url.schemeSeparator?.upperBound else { return url }
        return String(url[start...].prefix { $0 != "/" && $0 != "?" })
    }
}

/// What the token endpoint has given.
struct AccessTokenGrant {
    var token: String?
    /// Nil where the token does not say it.
    var life: Duration?
    /// Why there is no token.
    var problem: String?
}

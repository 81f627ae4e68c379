import CCurl
import HTTP
import Scheduling

/// One of libcurl's easy handles, with the memory that libcurl borrows from us while a transfer runs.
///
/// A handle serves many exchanges, one after the other: it keeps the sessions of its TLS connections, so
/// that new ones to the same host start faster.
final class EasyHandle {
    /// The pause before and between TCP keep-alive probes. Load balancers and NAT gateways commonly drop
    /// connections that are silent for some minutes, and some answers take that long.
    private static let keepAliveSeconds = 30

    /// How long an unused connection is kept: several heartbeats, which come every 30 seconds.
    private static let idleConnectionSeconds = 180

    let raw: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    private var fields: UnsafeMutablePointer<curl_slist>?
    private var connectTo: UnsafeMutablePointer<curl_slist>?
    private var refusedOption: CURLcode = CURLE_OK

    init() throws(HTTPTransportError) {
        guard let raw = curl_easy_init() else {
            throw HTTPTransportError(kind: .connect, message: "libcurl has no memory for another transfer")
        }
        self.raw = raw
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(raw)
        curl_slist_free_all(fields)
        curl_slist_free_all(connectTo)
        errorText.deallocate()
    }

    /// libcurl's own words about what went wrong in the last transfer; may be empty.
    var detail: String { String(cString: errorText) }

    /// A number of the last transfer, as curl_easy_getinfo(3) has it.
    func number(_ info: CURLINFO) -> Int {
        var value = 0
        return ccurl_easy_get_long(raw, info, &value) == CURLE_OK ? value : 0
    }

    /// Whether the handle can serve another exchange. libcurl never forgets a handle's last system error, so one
    /// that has seen any would show it again for a later failure of another kind.
    var isReusable: Bool { number(CURLINFO_OS_ERRNO) == 0 }

    /// Makes the handle as new, but for its TLS sessions.
    func reset() {
        curl_easy_reset(raw)
        curl_slist_free_all(fields)
        fields = nil
        curl_slist_free_all(connectTo)
        connectTo = nil
        errorText.pointee = 0
        refusedOption = CURLE_OK
    }

    /// Sets up a new or reset handle for the exchange, whose whole timeout is still `timeout`.
    func prepare(
        for exchange: Exchange,
        timeout: Duration,
        options: CurlTransport.Options
    ) throws(HTTPTransportError) {
        let request = exchange.request
        set(CURLOPT_URL, request.url)
        set(CURLOPT_CONNECTTIMEOUT_MS, EasyHandle.milliseconds(request.connectTimeout))
        set(CURLOPT_TIMEOUT_MS, EasyHandle.milliseconds(timeout))
        prepareMethod(request.method, body: exchange.bodyToSend)
        prepareFields(request.headers, userAgent: options.userAgent)
        prepareManners()
        prepareProxy(exchange.proxy)
        prepareTrust(options)
        if exchange.hasCompleteName { prepareCompleteName(exchange.origin.host) }
        if exchange.needsFreshConnection { set(CURLOPT_FRESH_CONNECT, 1) }
        if let inspection = exchange.inspection { prepareInspection(inspection) }
        exchange.attach(to: raw)
        ccurl_easy_set_pointer(raw, CURLOPT_ERRORBUFFER, errorText)
        guard refusedOption == CURLE_OK else {
            throw HTTPTransportError(
                kind: .invalidRequest,
                message: "\(exchange.route): libcurl rejected the request's settings: "
                    + String(cString: curl_easy_strerror(refusedOption))
            )
        }
    }

    private func prepareMethod(_ method: String, body: HTTPRequestBody?) {
        if let bytes = body?.shortBytes {
            prepareShortBody(bytes)
        } else if let body {
            set(CURLOPT_UPLOAD, 1)
            // A length of −1 has libcurl choose the chunked coding.
            note(ccurl_easy_set_offset(raw, CURLOPT_INFILESIZE_LARGE, curl_off_t(body.count ?? -1)))
        } else if method == "HEAD" {
            set(CURLOPT_NOBODY, 1)
        }
        set(CURLOPT_CUSTOMREQUEST, method)
    }

    private func prepareShortBody(_ bytes: [UInt8]) {
        note(ccurl_easy_set_offset(raw, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count)))
        bytes.withUnsafeBytes { note(ccurl_easy_copy_body(raw, $0.baseAddress)) }
        // libcurl would claim that it is a form; a field of the request's own takes its place.
        append("Content-Type:")
    }

    private func prepareFields(_ headers: [HTTPHeader], userAgent: String) {
        set(CURLOPT_USERAGENT, userAgent)
        // Without this libcurl holds a larger body back for a second, in the hope of a "100 Continue".
        append("Expect:")
        for header in headers where !RequestRules.ownFields.contains(header.name.lowercased()) {
            // CURLOPT_HTTPHEADER(3): a semicolon instead of the colon sends a field without a value.
            append(header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)")
        }
        note(ccurl_easy_set_list(raw, CURLOPT_HTTPHEADER, fields))
        // Our fields hold credentials, which are none of the proxy's business.
        set(CURLOPT_HEADEROPT, CURLHEADER_SEPARATE)
    }

    private func append(_ field: String) {
        guard let longer = curl_slist_append(fields, field) else { return note(CURLE_OUT_OF_MEMORY) }
        fields = longer
    }

    private func prepareManners() {
        set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        // Credentials must not follow a redirection to somewhere else; the caller sees the 3xx.
        set(CURLOPT_FOLLOWLOCATION, 0)
        // Signed requests name their path byte for byte.
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_NOSIGNAL, 1)
        // Debian's libcurl looks names up in threads: one that is given up is left alone, instead of blocking the loop.
        // What scripts/release builds has c-ares and no threads.
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_TCP_KEEPIDLE, EasyHandle.keepAliveSeconds)
        set(CURLOPT_TCP_KEEPINTVL, EasyHandle.keepAliveSeconds)
        set(CURLOPT_MAXAGE_CONN, EasyHandle.idleConnectionSeconds)
    }

    /// A dot at the end makes a name complete. It goes to the resolver alone; `Host` and TLS have the name as it was.
    private func prepareCompleteName(_ host: String) {
        connectTo = curl_slist_append(nil, "::\(host).:")
        note(connectTo == nil ? CURLE_OUT_OF_MEMORY : CURLE_OK)
        note(ccurl_easy_set_list(raw, CURLOPT_CONNECT_TO, connectTo))
    }

    private func prepareProxy(_ proxy: ProxyChoice.Proxy?) {
        // Empty strings keep libcurl from looking into the environment itself. What goes past the proxy is decided.
        set(CURLOPT_PROXY, proxy?.setting ?? "")
        set(CURLOPT_NOPROXY, "")
    }

    private func prepareTrust(_ options: CurlTransport.Options) {
        // Nil takes back what libcurl was built with.
        for option in [CURLOPT_CAINFO, CURLOPT_PROXY_CAINFO] { set(option, options.certificateFile) }
        for option in [CURLOPT_CAPATH, CURLOPT_PROXY_CAPATH] { set(option, options.certificateDirectory) }
    }

    /// The connection is for this request alone: a later handshake on it would find nobody to tell.
    private func prepareInspection(_ inspection: ConnectionInspection) {
        set(CURLOPT_FRESH_CONNECT, 1)
        set(CURLOPT_FORBID_REUSE, 1)
        // A session that is resumed shows no certificate.
        set(CURLOPT_SSL_SESSIONID_CACHE, 0)
        note(ccurl_easy_note_certificates(raw, inspection.chain))
    }

    private func set(_ option: CURLoption, _ value: Int) {
        note(ccurl_easy_set_long(raw, option, value))
    }

    private func set(_ option: CURLoption, _ value: Int32) {
        set(option, Int(value))
    }

    private func set(_ option: CURLoption, _ value: String?) {
        note(ccurl_easy_set_string(raw, option, value))
    }

    private func note(_ code: CURLcode) {
        if refusedOption == CURLE_OK { refusedOption = code }
    }

    /// Whole milliseconds, rounded up: libcurl takes zero for "no limit", and numbers up to 2^31 - 1.
    static func milliseconds(_ duration: Duration) -> Int {
        let nanoseconds = max(duration.nanoseconds, 1)
        let whole = nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 > 0 ? 1 : 0)
        return Int(min(whole, Int64(Int32.max)))
    }
}

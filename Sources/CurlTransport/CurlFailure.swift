import CCurl
import Glibc

/// What is known about a failed transfer, and how it is put to people.
struct CurlFailure {
    /// Longer words than these do not help anybody.
    private static let maximumDetailBytes = 300

    var code: CURLcode
    /// libcurl's own words; may be empty.
    var detail: String
    /// The system's error number of the last failed call, or zero.
    var osError: Int32
    /// The status with which a proxy answered CONNECT, or zero.
    var connectStatus: Int
    /// Why we ended the transfer ourselves, if we did.
    var refusal: String?
    var origin: Origin
    /// The proxy that the request went through, or was to; nil where it went directly.
    var proxy: Origin?
    var certificateFile: String?

    var error: HTTPTransportError {
        if let refusal {
            return HTTPTransportError(kind: .protocolViolation, message: "\(origin): \(refusal)")
        }
        return HTTPTransportError(kind: kind, message: message)
    }

    private var kind: HTTPTransportError.Kind {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            .nameResolution
        case CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED, CURLE_PROXY, CURLE_FAILED_INIT,
            CURLE_OUT_OF_MEMORY:
            .connect
        case CURLE_OPERATION_TIMEDOUT:
            .timeout
        // A handshake that the network cut short says nothing about the certificate.
        case CURLE_SSL_CONNECT_ERROR:
            isCutShort ? .interrupted : .tls
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_ENGINE_NOTFOUND,
            CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT,
            CURLE_USE_SSL_FAILED:
            .tls
        case CURLE_RECV_ERROR:
            isTunnelRefused ? .connect : (isMalformedChunk ? .protocolViolation : .interrupted)
        // The schemes are checked before, so an "unsupported protocol" is an answer that is not HTTP/1.
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING,
            CURLE_FILESIZE_EXCEEDED, CURLE_WRITE_ERROR,
            // The peer is known for HTTP/1.0, which has no chunked coding.
            CURLE_UPLOAD_FAILED:
            .protocolViolation
        case CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_UNKNOWN_OPTION,
            CURLE_NOT_BUILT_IN:
            .invalidRequest
        default:
            // Cut connections in all their forms (GOT_NOTHING, PARTIAL_FILE, SEND_ERROR …), and the unforeseen.
            .interrupted
        }
    }

    private var message: String {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST:
            "\(origin): no address is known for host \(origin.host)"
        case CURLE_COULDNT_RESOLVE_PROXY:
            "\(origin): no address is known for \(proxyName)"
        case CURLE_COULDNT_CONNECT:
            if isProxyUnreachable {
                "\(origin): cannot connect to \(proxyName)\(reason)"
            } else {
                "\(origin): cannot connect\(reason)"
            }
        case CURLE_OPERATION_TIMEDOUT:
            "\(origin): timed out\(reason)"
        case CURLE_PEER_FAILED_VERIFICATION:
            "\(origin): the certificate is not trusted\(reason);"
                + " if a private authority signed it, name that authority's certificate in SSL_CERT_FILE"
        case CURLE_SSL_CACERT_BADFILE:
            "\(origin): the authorities in \(certificateFile ?? "SSL_CERT_FILE") cannot be read\(reason)"
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY:
            "\(origin): the answer is not HTTP/1.1\(reason)"
        case CURLE_RECV_ERROR where isTunnelRefused:
            "\(origin): \(proxyName) refused the tunnel with status \(connectStatus)"
        case CURLE_GOT_NOTHING:
            "\(origin): the connection was closed without an answer"
        case CURLE_PARTIAL_FILE:
            "\(origin): the connection was closed in the middle of the answer\(reason)"
        default:
            "\(origin): \(String(cString: curl_easy_strerror(code)))\(reason)"
        }
    }

    /// The system's words if there are any, else libcurl's.
    private var reason: String {
        switch code {
        case CURLE_COULDNT_CONNECT, CURLE_RECV_ERROR, CURLE_SEND_ERROR:
            if osError != 0 { return " (\(String(cString: strerror(osError))))" }
        default:
            break
        }
        let text = detail.unicodeScalars.prefix { $0 != "\n" && $0 != "\r" && $0 != "\0" }
        let short = String(decoding: String(text).utf8.prefix(CurlFailure.maximumDetailBytes), as: UTF8.self)
        return short.isEmpty ? "" : " (\(short))"
    }

    private var proxyName: String {
        proxy.map { "proxy \($0)" } ?? "the proxy"
    }

    private var isTunnelRefused: Bool {
        connectStatus != 0 && !(200..<300 ~= connectStatus)
    }

    /// libcurl names the host that it could not connect to, and that is the proxy if one was used.
    private var isProxyUnreachable: Bool {
        guard let proxy else { return false }
        // There the brackets of an IPv6 address are missing.
        let host = proxy.host.drop { $0 == "[" }.prefix { $0 != "]" }
        return detail.hasPrefix("Failed to connect to \(host) port \(proxy.port) ")
    }

    /// libcurl has no code of its own for a malformed chunk.
    private var isMalformedChunk: Bool {
        detail.hasSuffix("in chunked-encoding")
    }

    private var isCutShort: Bool {
        osError == ECONNRESET || osError == EPIPE || detail.contains("SSL_ERROR_SYSCALL")
            || detail.contains("unexpected eof")
    }
}

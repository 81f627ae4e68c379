import CCurl
import Glibc
import HTTP
import Text

/// What is known about a failed transfer, and its message.
struct CurlFailure {
    /// Longer words than these do not help anybody.
    private static let maximumDetailBytes = 300

    var code: CURLcode
    /// libcurl's own words; may be empty.
    var detail: String
    /// The system's error number of the last failed call, or zero.
    var osError: Int32
    /// What a proxy has answered to CONNECT; nothing where it was not asked.
    var tunnelHead: ResponseHead
    /// Why we ended the transfer ourselves, if we did.
    var refusal: String?
    var route: Route
    var certificateFile: String?

    var error: HTTPTransportError {
        if let refusal {
            return HTTPTransportError(kind: .protocolViolation, message: "\(route): \(refusal)")
        }
        if isTunnelRefused { return tunnelRefusal }
        return HTTPTransportError(kind: kind, message: "\(route): \(problem)")
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
            isMalformedChunk ? .protocolViolation : .interrupted
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

    private var problem: String {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST:
            "no address is known for host \(route.origin.host)"
        case CURLE_COULDNT_RESOLVE_PROXY:
            "no address is known for the proxy"
        case CURLE_COULDNT_CONNECT:
            // Where there is a proxy, nothing else is connected to.
            "cannot connect\(route.proxy == nil ? "" : " to the proxy")\(reason)"
        case CURLE_OPERATION_TIMEDOUT:
            "timed out\(reason)"
        case CURLE_PEER_FAILED_VERIFICATION:
            "the certificate is not trusted\(reason);"
                + " if a private authority signed it, name that authority's certificate in SSL_CERT_FILE"
        case CURLE_SSL_CACERT_BADFILE:
            "the authorities in \(certificateFile ?? "SSL_CERT_FILE") cannot be read\(reason)"
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY:
            "the answer is not HTTP/1.1\(reason)"
        case CURLE_GOT_NOTHING:
            "the connection was closed without an answer"
        case CURLE_PARTIAL_FILE:
            "the connection was closed in the middle of the answer\(reason)"
        default:
            "\(String(cString: curl_easy_strerror(code)))\(reason)"
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
        let short = Self.short(detail)
        return short.isEmpty ? "" : " (\(short))"
    }

    /// The first line, as far as it helps.
    private static func short(_ text: String) -> String {
        let line = text.unicodeScalars.prefix { $0 != "\n" && $0 != "\r" && $0 != "\0" }
        return String(line).cut(toUTF8: maximumDetailBytes)
    }

    /// The proxy's answer to CONNECT decides, whatever has ended the transfer after it.
    private var isTunnelRefused: Bool { tunnelHead.isComplete && tunnelHead.status >= 300 }

    private var tunnelRefusal: HTTPTransportError {
        let status = tunnelHead.status
        var message = "\(route): the proxy refused the tunnel with status \(status)"
        if let cause = tunnelHead["X-Squid-Error"] { message += " (X-Squid-Error: \(Self.short(cause)))" }
        if status == 407 {
            message +=
                "; it requires authentication: HTTP_PROXY and HTTPS_PROXY can name a user and a password"
        }
        // As with an answer to the request itself: what the proxy says about the other side can pass.
        let isTemporary = status >= 500 || status == 408 || status == 429
        return HTTPTransportError(kind: isTemporary ? .connect : .refusedByProxy, message: message)
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

import CCurl
import Glibc
import HTTP
import Testing

@testable import CurlTransport

/// How libcurl's codes are called, where a real server cannot easily bring them about.
@Suite struct CurlFailureTests {
    private static func failure(
        _ code: CURLcode,
        _ detail: String = "",
        proxy: String? = nil
    ) throws -> CurlFailure {
        CurlFailure(
            code: code,
            detail: detail,
            osError: 0,
            tunnelHead: ResponseHead(),
            refusal: nil,
            route: Route(
                origin: try #require(Origin(url: "https://user:secret@api.example/path?key=secret")),
                proxy: proxy.flatMap { Origin(proxy: $0) }
            ),
            certificateFile: nil
        )
    }

    @Test(
        arguments: [
            (CURLE_SSL_CACERT_BADFILE, .tls), (CURLE_SSL_CIPHER, .tls), (CURLE_SEND_ERROR, .interrupted),
            (CURLE_SEND_FAIL_REWIND, .interrupted), (CURLE_OUT_OF_MEMORY, .connect), (CURLE_PROXY, .connect),
            (CURLE_URL_MALFORMAT, .invalidRequest), (CURLE_FILESIZE_EXCEEDED, .protocolViolation),
            (CURLE_AGAIN, .interrupted),
        ] as [(CURLcode, HTTPTransportError.Kind)]
    )
    func kinds(code: CURLcode, kind: HTTPTransportError.Kind) throws {
        let error = try Self.failure(code).error
        #expect(error.kind == kind)
        #expect(error.message.hasPrefix("api.example:443: "))
        #expect(!error.message.contains("secret"))
    }

    @Test func messagesAreOneShortLine() throws {
        let error = try Self.failure(
            CURLE_SEND_ERROR,
            "first\r\nsecond" + String(repeating: "x", count: 1000)
        ).error
        #expect(error.message.hasSuffix("(first)"))
        let long = try Self.failure(CURLE_SEND_ERROR, String(repeating: "ä", count: 1000)).error
        #expect(long.message.utf8.count < 400)
    }

    @Test func aHandshakeCutByTheNetworkIsNotTheCertificatesFault() throws {
        var failure = try Self.failure(CURLE_SSL_CONNECT_ERROR, "alert handshake failure")
        #expect(failure.error.kind == .tls)
        failure.osError = ECONNRESET
        #expect(failure.error.kind == .interrupted)
    }

    @Test(
        arguments: [
            (nil, "api.example:443: cannot connect (no luck)"),
            (
                "http://name:secret@proxy.example:3128",
                "api.example:443 through the proxy http://proxy.example:3128: cannot connect to the proxy (no luck)"
            ),
            (
                "[::1]:3128",
                "api.example:443 through the proxy http://[::1]:3128: cannot connect to the proxy (no luck)"
            ),
        ] as [(String?, String)]
    )
    func theProxyIsNamed(proxy: String?, message: String) throws {
        #expect(try Self.failure(CURLE_COULDNT_CONNECT, "no luck", proxy: proxy).error.message == message)
    }

    @Test(arguments: [
        CURLE_RECV_ERROR, CURLE_COULDNT_CONNECT, CURLE_OPERATION_TIMEDOUT, CURLE_SEND_ERROR, CURLE_OK,
    ])
    func aRefusedTunnelDecides(code: CURLcode) throws {
        var failure = try Self.failure(code, "Connection reset by peer", proxy: "http://proxy.example:3128")
        for line in ["HTTP/1.1 503 Service Unavailable\r\n", "X-Squid-Error: ERR_CONNECT_FAIL 111\r\n"] {
            let isTaken = failure.tunnelHead.append(Array(line.utf8))
            #expect(isTaken)
        }
        #expect(!failure.error.message.contains("tunnel"), "a head without its end decides nothing")
        let isTaken = failure.tunnelHead.append(Array("\r\n".utf8))
        #expect(isTaken)
        #expect(failure.error.kind == .connect)
        #expect(
            failure.error.message
                == "api.example:443 through the proxy http://proxy.example:3128: the proxy refused the tunnel with"
                + " status 503 (X-Squid-Error: ERR_CONNECT_FAIL 111)"
        )
    }
}

import CCurl
import Glibc
import Testing

@testable import CurlTransport

/// How libcurl's codes are called, where a real server cannot easily bring them about.
@Suite struct CurlFailureTests {
    private static func failure(_ code: CURLcode, _ detail: String = "") throws -> CurlFailure {
        CurlFailure(
            code: code,
            detail: detail,
            osError: 0,
            connectStatus: 0,
            refusal: nil,
            origin: try #require(Origin(url: "https://user:secret@api.example/path?key=secret")),
            proxy: Origin(proxy: "http://name:secret@proxy.example:3128"),
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

    @Test func onlyTheProxyThatWasTriedIsBlamed() throws {
        var failure = try Self.failure(
            CURLE_COULDNT_CONNECT,
            "Failed to connect to api.example port 443 after 1 ms"
        )
        #expect(failure.error.message.hasPrefix("api.example:443: cannot connect ("))
        failure.detail = "Failed to connect to proxy.example port 3128 after 1 ms"
        #expect(
            failure.error.message.hasPrefix("api.example:443: cannot connect to proxy proxy.example:3128 (")
        )
        failure.proxy = Origin(proxy: "[::1]:3128")
        failure.detail = "Failed to connect to ::1 port 3128 after 1 ms"
        #expect(failure.error.message.hasPrefix("api.example:443: cannot connect to proxy [::1]:3128 ("))
    }
}

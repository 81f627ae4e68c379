import Foundation
import HTTP
import Reactor
import Testing

@testable import CurlTransport

/// Whom the transport trusts.
@Suite struct TLSTests {
    private static func options(file: String? = nil, directory: String? = nil) -> CurlTransport.Options {
        .init(userAgent: "Test", certificateFile: file, certificateDirectory: directory)
    }

    @Test(arguments: drivers)
    func anAuthorityInAFileIsTrusted(driver: BackendChoice) throws {
        let server = try TLSServer()
        defer { server.stop() }
        let loop = try TestLoop(driver, Self.options(file: server.certificateFile))
        for path in ["/one", "/two"] {
            let response = try loop.exchange(request("GET", server.url + path)).get()
            #expect(response.body == Array(path.utf8))
        }
        #expect(loop.transport.isIdle)
    }

    /// In a process of its own, as the environment belongs to all tests.
    @Test func keysAreNotWrittenToAFile() async {
        await #expect(processExitsWith: .success) {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("keys-\(getpid())").path
            setenv("SSLKEYLOGFILE", file, 1)
            let server = try TLSServer()
            defer { server.stop() }
            let loop = try TestLoop(
                .automatic,
                .init(userAgent: "Test", certificateFile: server.certificateFile)
            )
            #expect(try loop.exchange(request("GET", server.url)).get().status == 200)
            #expect(!FileManager.default.fileExists(atPath: file))
        }
    }

    @Test func newConnectionsResumeTheSession() throws {
        let server = try TLSServer()
        defer { server.stop() }
        let loop = try TestLoop(.automatic, Self.options(file: server.certificateFile))
        let sent = request("GET", server.url, headers: [HTTPHeader("Connection", "close")])
        #expect(try loop.exchange(sent).get().header("X-Session") == "new")
        #expect(try loop.exchange(sent).get().header("X-Session") == "reused")
    }

    @Test(arguments: drivers, [1_000_003, nil] as [Int64?])
    func generatedBodiesArriveWhole(driver: BackendChoice, count: Int64?) throws {
        let server = try TLSServer()
        defer { server.stop() }
        let loop = try TestLoop(driver, Self.options(file: server.certificateFile))
        let source = PatternSource(1_000_003, piece: 70_001)
        for _ in 0..<2 {
            let sent = request("POST", server.url, body: source.body(count: count))
            #expect(try loop.exchange(sent).get().body == PatternSource.bytes(1_000_003))
        }
        #expect(source.log.all.count { $0 == .made } == 2)
    }

    /// Neither an error of our own nor a SIGPIPE, which would end the test's process.
    @Test func aPeerThatHangsUpWhileWeSendIsAnInterruption() throws {
        let server = try TLSServer()
        defer { server.stop() }
        let loop = try TestLoop(.automatic, Self.options(file: server.certificateFile))
        let body = [UInt8](repeating: 1, count: 20_000_000)
        #expect(try loop.failure(request("PUT", server.url, body: body)).kind == .interrupted)
    }

    @Test func anAuthorityInADirectoryIsTrusted() throws {
        let server = try TLSServer()
        defer { server.stop() }
        let directories = CurlTransport.Options.systemCertificateDirectory + ":" + server.certificateDirectory
        for directory in [server.certificateDirectory, directories] {
            let loop = try TestLoop(.automatic, Self.options(directory: directory))
            #expect(try loop.exchange(request("GET", server.url)).get().status == 200)
        }
    }

    @Test(arguments: drivers)
    func anUnknownAuthorityIsRefused(driver: BackendChoice) throws {
        let server = try TLSServer()
        defer { server.stop() }
        for options in [CurlTransport.Options(userAgent: "Test"), Self.options()] {
            let loop = try TestLoop(driver, options)
            let error = try loop.failure(request("GET", server.url + "/secret"))
            #expect(error.kind == .tls)
            #expect(error.message.hasPrefix("127.0.0.1:\(server.port): the certificate is not trusted ("))
            #expect(error.message.hasSuffix("SSL_CERT_FILE"))
            #expect(!error.message.contains("secret"))
            try loop.settle()
        }
    }

    @Test func aCertificateForAnotherHostIsRefused() throws {
        let server = try TLSServer(name: "elsewhere.example")
        defer { server.stop() }
        let loop = try TestLoop(.automatic, Self.options(file: server.certificateFile))
        #expect(try loop.failure(request("GET", "https://localhost:\(server.port)/")).kind == .tls)
    }

    @Test func aCertificateFileThatIsNotThereIsNamed() throws {
        let server = try TLSServer()
        defer { server.stop() }
        let loop = try TestLoop(.automatic, Self.options(file: "/nowhere/authorities.pem"))
        let error = try loop.failure(request("GET", server.url))
        #expect(error.kind == .tls)
        #expect(error.message.contains("the authorities in /nowhere/authorities.pem cannot be read"))
    }

    @Test func aServerWithoutTLSIsATLSFailure() throws {
        let server = LoopbackServer { connection in
            _ = connection.readSome(1)
            connection.answer("400 Bad Request")
            connection.waitForEnd()
        }
        defer { server.stop() }
        let loop = try TestLoop(.automatic)
        #expect(try loop.failure(request("GET", "https://127.0.0.1:\(server.port)/")).kind == .tls)
    }

    /// The first exchange leaves ECONNRESET in the handle that the second one uses.
    @Test func anEarlierFailureDoesNotColourTheNext() throws {
        let resetting = LoopbackServer { connection in
            _ = connection.readRequest()
            connection.reset()
        }
        defer { resetting.stop() }
        let plain = LoopbackServer { connection in
            _ = connection.readSome(1)
            connection.answer("400 Bad Request")
            connection.waitForEnd()
        }
        defer { plain.stop() }
        let loop = try TestLoop(.automatic)
        #expect(try loop.failure(request("GET", resetting.url)).kind == .interrupted)
        let error = try loop.failure(request("GET", "https://127.0.0.1:\(plain.port)/"))
        #expect(error.kind == .tls)
        // OpenSSL's texts are loaded with the first request that needs them.
        #expect(error.message.contains("SSL routines"), "\(error.message)")
        #expect(error.message.contains("wrong version number"), "\(error.message)")
    }

    @Test(arguments: [true, false])
    func aHandshakeThatIsCutIsAnInterruption(reset: Bool) throws {
        let server = LoopbackServer { connection in
            _ = connection.readSome(65536)
            if reset { connection.reset() }
        }
        defer { server.stop() }
        let loop = try TestLoop(.automatic)
        #expect(try loop.failure(request("GET", "https://127.0.0.1:\(server.port)/")).kind == .interrupted)
    }
}

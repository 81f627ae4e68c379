import HTTP
import Reactor
import Testing

@testable import CurlTransport

/// What a request that is inspected tells of its way.
@Suite struct ConnectionInspectionTests {
    private func inspect(
        _ url: String,
        on loop: TestLoop
    ) throws -> (outcome: Outcome, inspection: ConnectionInspection) {
        let inspection = ConnectionInspection()
        var outcome: Outcome?
        _ = loop.transport.send(request("GET", url), inspection: inspection) { outcome = $0 }
        try loop.run { outcome != nil }
        return (try #require(outcome), inspection)
    }

    @Test(arguments: drivers)
    func aTrustedCertificateIsNoted(driver: BackendChoice) throws {
        let server = try TLSServer()
        defer { server.stop() }
        let loop = try TestLoop(driver, .init(userAgent: "Test", certificateFile: server.certificateFile))
        // An ordinary request before and after: the inspected one shares no connection.
        #expect(try loop.exchange(request("GET", server.url)).get().status == 200)
        for _ in 0..<2 {
            let (outcome, inspection) = try inspect(server.url, on: loop)
            #expect(try outcome.get().status == 200)
            let certificate = try #require(inspection.certificate)
            #expect(certificate.fault == nil)
            #expect(certificate.subject.hasPrefix("CN = "))
            #expect(certificate.names.contains("localhost"))
            #expect(certificate.notBefore < certificate.notAfter)
            #expect(["127.0.0.1", "::1"].contains(inspection.addresses.last))
            #expect(inspection.proxy == nil)
        }
        #expect(try loop.exchange(request("GET", server.url)).get().status == 200)
        #expect(loop.transport.isIdle)
    }

    @Test func aCertificateOfAStrangerIsNoted() throws {
        let server = try TLSServer()
        defer { server.stop() }
        let loop = try TestLoop(.automatic, .init(userAgent: "Test", certificateDirectory: "/nonexistent"))
        let (outcome, inspection) = try inspect(server.url, on: loop)
        guard case .failure(let error) = outcome else {
            Issue.record("accepted")
            return
        }
        #expect(error.kind == .tls)
        #expect(inspection.certificate?.fault == .unknownIssuer)
    }

    @Test func aCertificateOfAnotherNameIsNoted() throws {
        let server = try TLSServer(name: "other.example")
        defer { server.stop() }
        let loop = try TestLoop(.automatic, .init(userAgent: "Test", certificateFile: server.certificateFile))
        let (outcome, inspection) = try inspect("https://localhost:\(server.port)", on: loop)
        #expect(throws: HTTPTransportError.self) { try outcome.get() }
        #expect(inspection.certificate?.fault == .otherName)
        #expect(inspection.certificate?.names.contains("DNS:other.example") == true)
        #expect(!inspection.lacksAuthorities)
    }

    @Test func withoutAnEncryptedConnectionThereIsNone() throws {
        let loop = try TestLoop(.automatic)
        let (outcome, inspection) = try inspect("http://127.0.0.1:1/", on: loop)
        #expect(throws: HTTPTransportError.self) { try outcome.get() }
        #expect(inspection.certificate == nil)
        #expect(inspection.addresses == ["127.0.0.1"])
    }
}

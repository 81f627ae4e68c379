import Glibc
import HTTP
import Reactor
import Testing

@testable import CurlTransport

@Suite struct AddressLookupTests {
    private func resolve(_ host: String, port: UInt16 = 8125, on loop: TestLoop) throws -> Result<
        [SocketAddress], HTTPTransportError
    > {
        var outcome: Result<[SocketAddress], HTTPTransportError>?
        _ = loop.transport.resolve(host, port: port, timeout: .seconds(50)) { outcome = $0 }
        #expect(outcome == nil, "the completion was called within the call")
        try loop.run { outcome != nil }
        return try #require(outcome)
    }

    @Test(arguments: drivers, ["127.0.0.1", "::1", "2001:db8::1"])
    func addressIsItself(driver: BackendChoice, host: String) throws {
        let loop = try TestLoop(driver)
        let expected = try #require(SocketAddress(host, port: 8125))
        #expect(try resolve(host, on: loop).get() == [expected])
        try loop.settle()
    }

    /// Hosts files name `localhost` for both families.
    @Test(arguments: drivers)
    func nameHasItsAddressesWithIPv4First(driver: BackendChoice) throws {
        let loop = try TestLoop(driver)
        let addresses = try resolve("localhost", on: loop).get()
        #expect(addresses.first == SocketAddress("127.0.0.1", port: 8125))
        #expect(addresses.dropFirst().allSatisfy { $0 == SocketAddress("::1", port: 8125) })
        try loop.settle()
    }

    @Test(arguments: drivers)
    func nobodyIsConnectedTo(driver: BackendChoice) throws {
        let server = LoopbackServer { _ in }
        defer { server.stop() }
        let loop = try TestLoop(driver, .init(userAgent: "Test", httpProxy: server.url))
        let port = UInt16(server.port)
        #expect(
            try resolve("127.0.0.1", port: port, on: loop).get() == [SocketAddress("127.0.0.1", port: port)]
        )
        try loop.settle()
        #expect(server.acceptedCount == 0)
    }

    @Test(arguments: drivers)
    func nameWithoutAddressFails(driver: BackendChoice) throws {
        let loop = try TestLoop(driver)
        // RFC 6761, section 6.4: no name below .invalid has an address.
        guard case .failure(let error) = try resolve("no-such-host.invalid", on: loop) else {
            Issue.record("an address was found")
            return
        }
        #expect(error.kind == .nameResolution)
        #expect(
            error.message == "no-such-host.invalid:8125: no address is known for host no-such-host.invalid"
        )
        try loop.settle()
    }

    @Test(
        arguments: drivers,
        ["user@localhost", "localhost/", "local%68ost", "a b", "", "a\nb", "localhost?x"]
    )
    func whatIsNoHostFails(driver: BackendChoice, host: String) throws {
        let loop = try TestLoop(driver)
        guard case .failure(let error) = try resolve(host, on: loop) else {
            Issue.record("an address was found")
            return
        }
        #expect(error.kind == .invalidRequest)
        try loop.settle()
    }

    @Test(arguments: drivers)
    func cancelledLookupIsNotAnswered(driver: BackendChoice) throws {
        let loop = try TestLoop(driver)
        let id = loop.transport.resolve("no-such-host.invalid", port: 1, timeout: .seconds(50)) { _ in
            Issue.record("the completion of a cancelled look-up was called")
        }
        loop.transport.cancel(id)
        try loop.settle()
        #expect(loop.transport.isIdle)
    }

    /// Look-ups and requests do not disturb each other.
    @Test(arguments: drivers)
    func requestToTheSameHostIsConnected(driver: BackendChoice) throws {
        let server = LoopbackServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write("HTTP/1.1 204 No Content\r\n\r\n")
        }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        _ = try resolve("127.0.0.1", port: UInt16(server.port), on: loop).get()
        #expect(try loop.exchange(request("GET", server.url)).get().status == 204)
        _ = try resolve("127.0.0.1", port: UInt16(server.port), on: loop).get()
        try loop.settle()
    }

    @Test func writtenFormsOfAddresses() throws {
        let four = try #require(SocketAddress("10.0.0.1", port: 8125))
        #expect(four.family == AF_INET)
        #expect(four.bytes[2..<8] == [0x1F, 0xBD, 10, 0, 0, 1])
        let six = try #require(SocketAddress("fe80::1", port: 1))
        #expect(six.family == AF_INET6)
        #expect(six.bytes.count == MemoryLayout<sockaddr_in6>.size)
        for text in ["localhost", "", "10.0.0", "10.0.0.1:8125", "[::1]"] {
            #expect(SocketAddress(text, port: 1) == nil)
        }
    }
}

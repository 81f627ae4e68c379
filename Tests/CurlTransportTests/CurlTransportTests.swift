import Testing

@testable import CurlTransport

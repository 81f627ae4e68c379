import Testing

@testable import AirbyteProtocol

import Testing

@testable import Sidecar

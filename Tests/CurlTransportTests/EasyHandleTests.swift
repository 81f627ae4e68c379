import Scheduling
import Testing

@testable import CurlTransport

@Suite struct EasyHandleTests {
    /// libcurl takes zero for "no limit".
    @Test(arguments: [
        (Duration.zero, 1), (.seconds(-1), 1), (.nanoseconds(1), 1), (.milliseconds(1), 1),
        (.microseconds(1001), 2), (.seconds(30), 30000), (.seconds(1 << 40), Int(Int32.max)),
    ])
    func timeoutsAreRoundedUp(duration: Duration, milliseconds: Int) {
        #expect(EasyHandle.milliseconds(duration) == milliseconds)
    }
}

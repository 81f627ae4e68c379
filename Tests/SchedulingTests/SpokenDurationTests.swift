import Scheduling
import Testing

@Suite struct SpokenDurationTests {
    @Test(arguments: [
        (Duration.seconds(1), "1 second"), (.seconds(2), "2 seconds"), (.seconds(59), "59 seconds"),
        (.milliseconds(1500), "1.5 seconds"), (.milliseconds(1), "0.001 seconds"), (.zero, "0 seconds"),
        (.seconds(60), "1 minute"), (.seconds(90), "1.5 minutes"), (.seconds(540), "9 minutes"),
        (.seconds(66), "1.1 minutes"), (.seconds(61), "61 seconds"), (.milliseconds(60_500), "60.5 seconds"),
        (.nanoseconds(1), "0 seconds"), (.milliseconds(1_050), "1.05 seconds"),
        (.seconds(3_600), "60 minutes"),
        (.milliseconds(999), "0.999 seconds"), (.milliseconds(59_999), "59.999 seconds"),
        (.seconds(-1), "-1 second"), (.milliseconds(-1_500), "-1.5 seconds"), (.seconds(-90), "-1.5 minutes"),
    ])
    func spoken(_ duration: Duration, _ text: String) {
        #expect(duration.spokenDescription == text)
    }
}

/// Checks what holds for every input: a function for libFuzzer, and for tests that replay its corpus.
package struct Fuzzer: Sendable {
    /// Names its corpus, too.
    package let name: String
    /// Throws a `Violation` where the input shows a fault; a trap is one as well.
    package let check: @Sendable (_ input: [UInt8]) throws -> Void

    /// Every fuzzer there is.
    package static let all: [Fuzzer] = [
        Fuzzer(name: "framer") { try FramerFuzzer.check($0) },
        Fuzzer(name: "json") { try JSONFuzzer.check($0) },
        Fuzzer(name: "decoder") { try DecoderFuzzer.check($0) },
        Fuzzer(name: "long-lines") { try LongLinesFuzzer.check($0) },
        Fuzzer(name: "transcript") { try TranscriptFuzzer.check($0) },
        Fuzzer(name: "lenient-traces") { try LenientTraceFuzzer.check($0) },
        Fuzzer(name: "catalog") { try CatalogFuzzer.check($0) },
        Fuzzer(name: "sidecar-input") { try SidecarInputFuzzer.check($0) },
        Fuzzer(name: "exit-code") { try ExitCodeFuzzer.check($0) },
        Fuzzer(name: "masking") { try MaskingFuzzer.check($0) },
        Fuzzer(name: "settings") { try SettingsFuzzer.check($0) },
        Fuzzer(name: "api-answers") { try APIAnswerFuzzer.check($0) },
        Fuzzer(name: "store-answers") { try StoreAnswerFuzzer.check($0) },
        Fuzzer(name: "heads") { try HeadFuzzer.check($0) },
        Fuzzer(name: "statsd") { try StatsDFuzzer.check($0) },
        Fuzzer(name: "otlp") { try OTLPFuzzer.check($0) },
    ]

    package static func named(_ name: String) -> Fuzzer? { all.first { $0.name == name } }
}

/// What should hold, and does not.
package struct Violation: Error, CustomStringConvertible {
    package var description: String
}

/// Throws a violation where the condition does not hold.
func require(_ condition: Bool, _ description: @autoclosure () -> String) throws(Violation) {
    guard condition else { throw Violation(description: description()) }
}

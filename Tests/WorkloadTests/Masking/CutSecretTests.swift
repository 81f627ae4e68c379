import AirbyteProtocol
import HTTP
import ProtocolTestSupport
import TestSupport
import Testing
import Text
import WorkloadTestSupport

@testable import Workload

/// Wherever a text is cut, no beginning of a secret is left, in whatever form.
@Suite struct CutSecretTests {
    /// Each form begins with four characters that no other text here has.
    private static let secrets = [
        "hunter22", "Wq7/x y&z\"9", "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhki\n-----END",
    ]

    private func mask(_ secret: String) -> SecretMask {
        SecretMask(configurations: [], credentials: [secret])
    }

    /// The first bytes of each form that are too long to stay.
    private func leaks(_ secret: String) -> Set<String> {
        Set(SecretForms.all(of: secret, minLength: 4).map { String(decoding: $0.prefix(4), as: UTF8.self) })
    }

    private func expectNoLeak(
        _ leaks: Set<String>,
        in masked: String,
        _ what: @autoclosure () -> String
    ) {
        for leak in leaks where masked.contains(leak) {
            Issue.record("\(leak) is left of \(what()): \(masked)")
        }
    }

    @Test(arguments: secrets)
    func atTheMark(_ secret: String) {
        let mask = mask(secret)
        for form in Set(SecretForms.all(of: secret, minLength: 4)) {
            let leak = String(decoding: form.prefix(4), as: UTF8.self)
            let text = "sent: " + String(decoding: form, as: UTF8.self) + ", and more"
            for limit in 0...text.utf8.count {
                let masked = mask.masked(text.cut(toUTF8: limit))
                #expect(!masked.contains(leak), "\(text) at \(limit): \(masked)")
            }
        }
    }

    @Test func whatIsNoBeginningStays() {
        let mask = mask("hunter22")
        for text in ["loading …", "hun …", "hunting …", "hunter2 more …", "…", "huntsman… and so on"] {
            #expect(mask.masked(text) == text)
        }
        #expect(
            mask.masked("hunter2 … and hunt… or hunter22 …") == "********** … and **********… or ********** …"
        )
        #expect(SecretMask().masked("hunt …") == "hunt …")
    }

    /// The quotation of a server's answer in an error.
    @Test(arguments: secrets)
    func inAnAnswer(_ secret: String) {
        let mask = mask(secret)
        let leaks = leaks(secret)
        for padding in 200...340 {
            let text = String(repeating: "z", count: padding) + " \(secret) is wrong"
            let plain = HTTPResponse(status: 400, body: Array(text.utf8))
            expectNoLeak(leaks, in: mask.masked(plain.summary()), "a text at \(padding)")
            let header = HTTPResponse(status: 503, headers: [HTTPHeader("X-Squid-Error", text)])
            expectNoLeak(leaks, in: mask.masked(header.summary()), "a header field at \(padding)")
        }
    }

    /// The texts of an error trace, which are cut at 50,000 and 100,000 UTF-16 units.
    @Test func inAFailureReason() throws {
        let note = "... Remainder truncated by the Airbyte platform.".utf16.count
        for end in [50_000, 100_000] {
            for start in (end - note - 9)...(end - note + 2) {
                let text =
                    String(repeating: "z", count: start) + "hunter22" + String(repeating: "y", count: 100)
                var reader = TranscriptReader(digestSeed: 1)
                let line =
                    #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1,"error":{"message":"\#(text)","#
                    + #""internal_message":"\#(text)","stack_trace":"\#(text)","#
                    + #""stream_descriptor":{"name":"\#(text.suffix(108))"}}}}"#
                _ = reader.read(Array((line + "\n").utf8))
                let plan = DeliveryPlan(
                    ending: .connectorExited(.code(1)),
                    transcript: reader.transcript,
                    input: try sidecarInput(.check),
                    mask: mask("hunter22")
                )
                guard case .storeOutput(let output) = plan.nextStep else {
                    Issue.record("no output")
                    return
                }
                let written = String(decoding: output.encoded(), as: UTF8.self)
                #expect(!written.contains("hun"), "\(start)")
            }
        }
    }

    /// The connector's last log lines, and the text before a result, are cut as well.
    @Test func inLastLinesAndQuotations() throws {
        for (limit, isLine) in [(4_000, true), (200, false)] {
            for start in (limit - 57)...(limit - 46) {
                let text = String(repeating: "z", count: start) + "hunter22"
                var reader = TranscriptReader(digestSeed: 1)
                let result = #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED"}}"#
                _ = reader.read(Array((isLine ? text + "\n" : text + result + "\n").utf8))
                let plan = DeliveryPlan(
                    ending: .connectorExited(.code(isLine ? 1 : 0)),
                    transcript: reader.transcript,
                    input: try sidecarInput(.check),
                    mask: mask("hunter22")
                )
                let words = "\(plan.summary?.text ?? "") \(plan.report)"
                var written = ""
                if case .storeOutput(let output) = plan.nextStep {
                    written = String(decoding: output.encoded(), as: UTF8.self)
                }
                #expect(!words.contains("hun") && !written.contains("hun"), "\(start)")
            }
        }
    }
}

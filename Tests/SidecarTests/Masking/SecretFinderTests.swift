import Testing

@testable import Sidecar

@Suite struct SecretFinderTests {
    private func finds(_ secrets: [String], in text: String) -> Bool {
        SecretFinder(secrets.map { Array($0.utf8) }).findsAny(in: text.utf8.span)
    }

    @Test func findsASecretWhereverItStands() {
        for before in 0...40 {
            for behind in 0...3 {
                let around = (String(repeating: "x", count: before), String(repeating: "y", count: behind))
                #expect(finds(["hunter2"], in: around.0 + "hunter2" + around.1))
                #expect(finds(["other secret", "hunter2", "ab"], in: around.0 + "hunter2" + around.1))
                #expect(!finds(["hunter2"], in: around.0 + "hunter" + around.1))
                #expect(!finds(["hunter2"], in: around.0 + "unter2" + around.1))
            }
        }
    }

    @Test func findsNothingWhereThereIsNothing() {
        #expect(!finds([], in: "hunter2"))
        #expect(!finds(["hunter2"], in: ""))
        #expect(!finds(["hunter2"], in: "h"))
    }

    /// Beyond what a shift can say.
    @Test func findsVeryLongSecrets() {
        let secret = (0..<1_000).map { String($0) }.joined(separator: ",")
        #expect(finds([secret], in: "key is " + secret))
        #expect(!finds([secret], in: "key is " + secret.dropLast()))
    }

    /// Against the plain way, on texts of few different letters, where nearly everything nearly matches.
    @Test(arguments: 0..<20)
    func findsWhatAPlainSearchFinds(seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        func text(_ lengths: ClosedRange<Int>) -> [UInt8] {
            (0..<Int.random(in: lengths, using: &random)).map { _ in UInt8.random(in: 97...99, using: &random)
            }
        }
        for _ in 0..<200 {
            let secrets = (0..<3).map { _ in text(2...9) }
            let line = text(0...30)
            let expected = secrets.contains { ByteSearch.first($0, in: line, from: 0) != nil }
            #expect(SecretFinder(secrets).findsAny(in: line.span) == expected, "\(secrets) in \(line)")
        }
    }
}

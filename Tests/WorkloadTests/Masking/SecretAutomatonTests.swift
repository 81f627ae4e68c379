import Scheduling
import TestSupport
import Testing

@testable import Workload

@Suite struct SecretAutomatonTests {
    private func finds(_ secrets: [String], in text: String) -> Bool {
        !SecretAutomaton(secrets.map { Array($0.utf8) }).places(in: text.utf8.span).isEmpty
    }

    @Test func findsASecretWhereverItStands() {
        for before in 0...40 {
            for behind in 0...3 {
                let around = (String(repeating: "x", count: before), String(repeating: "y", count: behind))
                #expect(finds(["hunter2"], in: around.0 + "hunter2" + around.1))
                #expect(finds(["other secret", "hunter2", "ab"], in: around.0 + "hunter2" + around.1))
                // At the end of a text, the rest may have been cut off.
                #expect(finds(["hunter2"], in: around.0 + "hunter" + around.1) == (behind == 0))
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
        #expect(!finds([secret], in: "key is " + secret.dropLast() + "!"))
    }

    /// A line that is cut off can end within a secret.
    @Test(arguments: [["hunter2-hunter2"], ["hunter2-hunter2", "ab"], ["xyzzy", "hunter2-hunter2"]])
    func findsTheBeginningOfASecretAtTheEnd(of secrets: [String]) {
        let automaton = SecretAutomaton(secrets.map { Array($0.utf8) })
        let secret = Array("hunter2-hunter2".utf8)
        for length in 1...secret.count {
            let text = Array("log in with ".utf8) + secret.prefix(length)
            let place = text.count - length..<text.count
            #expect(automaton.places(in: text.span) == (length < 4 ? [] : [place]), "\(length) bytes")
        }
    }

    @Test func aLineOfDashesIsNoBeginning() {
        let key = "-----BEGIN PRIVATE KEY-----\nMIIEvQ"
        #expect(!finds([key], in: "----- END CHECK -----"))
        #expect(finds([key], in: "the key is -----BEGIN PRIV"))
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
            let secrets = (0..<Int.random(in: 1...6, using: &random)).map { _ in text(2...9) }
            let line = text(0...60)
            let places = SecretAutomaton(secrets).places(in: line.span)
            #expect(places == Self.plainPlaces(of: secrets, in: line), "\(secrets) in \(line)")
        }
    }

    /// Every occurrence, those that overlap made one.
    private static func plainPlaces(of secrets: [[UInt8]], in text: [UInt8]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        for secret in secrets where secret.count <= text.count {
            for start in 0...(text.count - secret.count)
            where text[start..<start + secret.count].elementsEqual(secret) {
                found.append(start..<start + secret.count)
            }
        }
        let beginnings = secrets.flatMap { secret in (0...secret.count).map { secret.prefix($0) } }
        let atEnd = beginnings.filter { $0.count >= 4 && text.suffix($0.count).elementsEqual($0) }
        if let longest = atEnd.map(\.count).max() { found.append(text.count - longest..<text.count) }
        var merged: [Range<Int>] = []
        for place in found.sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }) {
            if let last = merged.last, place.lowerBound < last.upperBound {
                merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, place.upperBound)
            } else {
                merged.append(place)
            }
        }
        return merged
    }

    /// 10,000 secrets that begin alike, and a text that begins them all again and again: with a list of candidates at
    /// every place this takes hours.
    @Test func manySimilarSecretsTakeNoTimeOfTheirOwn() {
        let start = String(repeating: "a", count: 40)
        let secrets = (0..<10_000).map { Array("\(start)\($0)!".utf8) }
        let text = String(repeating: "a", count: 1_000_000) + "77!"
        let places = SecretAutomaton(secrets).places(in: text.utf8.span)
        #expect(places == [1_000_000 - 40..<1_000_003])
    }
}

import Foundation
import Testing

/// `Tests/Corpus` on the real program: outputs of real connectors, and outputs that no sane connector writes.
@Suite struct CorpusTests {
    /// So many sidecars at once: the machines that run the tests have two cores.
    private static let concurrentCases = 3

    @Test(arguments: Backend.allCases)
    func everyCaseEndsAsItsFileSays(_ backend: Backend) async throws {
        let cases = try ["adversarial", "connectors", "recordings"].flatMap { try CorpusCase.all(in: $0) }
        try await Pod.withControlPlane { controlPlane, folder in
            let run = CorpusRun(controlPlane: controlPlane, folder: folder, backend: backend)
            let failures = try await withThrowingTaskGroup(of: (name: String, differences: [String]).self) {
                group in
                var failures: [(name: String, differences: [String])] = []
                for (index, testCase) in cases.enumerated() {
                    if index >= Self.concurrentCases, let done = try await group.next() {
                        failures.append(done)
                    }
                    group.addTask { (testCase.name, try await run.differences(of: testCase)) }
                }
                for try await done in group { failures.append(done) }
                return failures.filter { !$0.differences.isEmpty }
            }
            for failure in failures.sorted(by: { $0.name < $1.name }) {
                let differences = failure.differences.map { "    \($0)" }.joined(separator: "\n")
                Issue.record("Tests/Corpus/\(failure.name) on \(backend.rawValue)\n\(differences)")
            }
        }
    }

    @Test func corpusIsThere() throws {
        let adversarial = try CorpusCase.all(in: "adversarial")
        #expect(adversarial.count >= 60)
        #expect(Set(adversarial.map(\.operation)) == ["spec", "check", "discover"])
        #expect(Set(adversarial.map(\.isDestination)) == [true, false])
        let recorded = try CorpusCase.all(in: "connectors")
        let connectors = Dictionary(grouping: recorded) { $0.name.split(separator: "/")[1] }
        #expect(connectors.count >= 5)
        for (connector, cases) in connectors {
            #expect(Set(cases.map(\.operation)) == ["spec", "check", "discover"], "\(connector)")
        }
    }
}

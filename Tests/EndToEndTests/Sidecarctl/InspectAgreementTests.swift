import Foundation
import Testing

/// `sidecarctl inspect` and the sidecar agree on every case of `Tests/Corpus`.
@Suite struct InspectAgreementTests {
    @Test func sameCallsAndSameOutputOnEveryCase() async throws {
        let cases = try ["adversarial", "connectors", "recordings"].flatMap { try CorpusCase.all(in: $0) }
        try await Pod.withControlPlane { controlPlane, folder in
            let run = CorpusRun(controlPlane: controlPlane, folder: folder, backend: .epoll)
            for testCase in cases {
                let played = try await run.play(testCase)
                let tool = Sidecarctl(folder: played.workspace.deletingLastPathComponent())
                // No body is left out.
                let result = try await tool.run([
                    "inspect", played.workspace.path, "--json", "--max-body", "1000000000",
                ])
                var differences = Differences()
                differences.compare(result, played)
                let text = differences.list.joined(separator: "\n    ")
                #expect(differences.list.isEmpty, "Tests/Corpus/\(testCase.name)\n    \(text)")
                played.remove()
            }
        }
    }
}

/// What differs between an inspection and what the sidecar did.
private struct Differences {
    private(set) var list: [String] = []

    mutating func compare(_ result: Sidecarctl.Result, _ played: CorpusRun.Played) {
        if !result.errors.isEmpty { list.append("standard error: \(result.errors)") }
        // What the server would have called the catalog.
        let text = result.output.replacing("(the catalog's id)", with: played.catalogID ?? "")
        guard let inspection = try? ExactJSON(parsing: text) else {
            return list.append("no JSON: \(result.output.prefix(400))")
        }
        compare(inspection["verdict"]["exitCode"], .number("\(played.exitCode)"), at: "exit code")
        if (result.status == 0) != (inspection["verdict"]["outcome"].text == "result") {
            list.append("ended with \(result.status): \(inspection["verdict"].json)")
        }
        compareCalls(inspection["calls"].elements, played.requests)
        let output = played.requests.last { $0["call"].text == "output" }?["body"]["output"].text
        let delivered = output.flatMap { try? ExactJSON(parsing: $0) } ?? .null
        compare(inspection["jobOutput"], delivered, at: "job output")
    }

    /// The announcement goes to another API over a connection of its own: its place among the first calls is a matter of
    /// time.
    private mutating func compareCalls(_ planned: [ExactJSON], _ requests: [ExactJSON]) {
        let isAnnouncement = { (path: String) in path.hasSuffix("/workload/running") }
        let made = requests.filter { $0["call"].text != "heartbeat" && $0["call"].text != "token" }
        let expected = made.filter { !isAnnouncement($0["path"].text ?? "") }
        let found = planned.filter { !isAnnouncement($0["path"].text ?? "") }
        if planned.count - found.count != made.count - expected.count {
            list.append("announcements: \(planned.count - found.count)")
        }
        guard found.count == expected.count else {
            let names = (found.map { $0["path"].text ?? "" }, expected.map { $0["path"].text ?? "" })
            return list.append("calls: planned \(names.0), made \(names.1)")
        }
        for (call, request) in zip(found, expected) {
            let path = call["path"].text ?? "-"
            compare(call["method"], request["method"], at: path)
            if request["path"].text?.hasSuffix(path) != true { list.append("\(path): \(request["path"])") }
            var body = request["body"]
            if path.hasSuffix("/update"), case .object(var members) = body {
                // They come from the server's answer.
                members["name"] = call["body"]["name"]
                members["resourceAllocation"] = nil
                body = .object(members)
            }
            compare(call["body"], body, at: path)
        }
    }

    /// A hidden secret stands for whatever the sidecar sent.
    private mutating func compare(_ found: ExactJSON, _ real: ExactJSON, at place: String) {
        switch (found, real) {
        case (.object(let left), .object(let right)) where Set(left.keys) == Set(right.keys):
            for (name, value) in left { compare(value, right[name] ?? .null, at: "\(place)/\(name)") }
        case (.array(let left), .array(let right)) where left.count == right.count:
            for (index, pair) in zip(left, right).enumerated() {
                compare(pair.0, pair.1, at: "\(place)/\(index)")
            }
        case (.string(let text), _) where text.description == "**********": break
        default:
            guard found != real else { return }
            list.append("\(place): inspected \(found.json.prefix(300)), sent \(real.json.prefix(300))")
        }
    }
}

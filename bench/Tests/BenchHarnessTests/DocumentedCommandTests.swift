import ArgumentParser
import Foundation
import Testing

@testable import sidecar_bench

/// The commands of bench/README.md take minutes to hours. Here their options are read.
@Suite struct DocumentedCommandTests {
    @Test func commandsAreUnderstood() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: folder.appendingPathComponent("README.md"), encoding: .utf8)
        var understood = 0
        for line in text.split(separator: "\n") where line.hasPrefix("    scripts/bench ") {
            // Two blanks separate a command from what is said of it.
            let command = line.dropFirst(4).components(separatedBy: "  ")[0]
            let words = command.matches(of: #/"([^"]*)"|[^\s"]+/#).map { match in
                match.output.1.map(String.init) ?? String(match.output.0)
            }
            // scripts/bench names the program under test.
            let options =
                Array(words.dropFirst()) + (words.contains("latency") ? ["--sidecar", "/bin/true"] : [])
            guard !options.isEmpty else { continue }
            #expect(throws: Never.self, "\(command)") { try SidecarBench.parseAsRoot(options) }
            understood += 1
        }
        #expect(understood >= 4)
    }
}

import ArgumentParser
import Foundation
import ParseSubjects

/// One measurement of `parse`, in a process that does nothing else; prints it as JSON.
struct ParseOnce: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parse-once",
        abstract: "Reads a file with one subject.",
        shouldDisplay: false
    )

    @Argument var subject: ParseSubjects
    @Argument var file: String
    @Option var minimumSeconds = 0.2

    func run() throws {
        let run = ParseRun(subject, path: file, minimumSeconds: minimumSeconds)
        let json = try JSONEncoder().encode(try run.measure())
        print(String(decoding: json, as: UTF8.self))
    }
}

extension ParseSubjects: ExpressibleByArgument {}

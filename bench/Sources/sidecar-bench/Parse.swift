import ArgumentParser
import BenchReport
import Foundation
import ParseSubjects
import SyntheticOutput

/// How fast outputs are read, and with how much memory, by the sidecar's parser and by others.
struct Parse: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Speed and memory of reading outputs, beside Foundation's JSONDecoder and simdjson's DOM.",
        discussion: """
            Every measurement is a process of its own; the readers take turns. A file is read as the sidecar does, \
            64 KiB at a time, from the page cache. Memory is by how much the process grew at most (VmHWM).

            Readers: 'ours', the sidecar's own, with everything it does but printing; 'foundation-codable', each line \
            into structs that leave schemas out; 'foundation-value', each line into a generic JSON value, which is \
            what passing schemas on takes; 'simdjson-dom', in C++; 'lines-only' finds the newlines and nothing else.

            Layouts: 'short', by turns a line of log and a catalog of --line-length; 'long', one catalog, which is \
            one line; 'messages' and 'plain', lines of log of 100 bytes.
            """
    )

    enum Layout: String, CaseIterable {
        case short, long, messages, plain
    }

    @Option(help: "The folder for the report: table, JSON and plots.")
    var results = "\(CommonOptions.repository)/bench/results"

    @Option(help: "The folder where outputs are made.")
    var folder = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"

    @Option(help: "The seed of everything that is random.")
    var seed: UInt64 = 1

    @Option(help: "Sizes of the outputs.")
    var sizes = "1KiB,64KiB,1MiB,16MiB,49287161,256MiB,1GiB"

    @Option(help: "What the outputs are, of: \(Self.names(of: Layout.self)).")
    var layouts = "short,long,messages,plain"

    @Option(help: "Who reads, of: \(Self.names(of: ParseSubjects.self)).")
    var readers = "ours,foundation-codable,foundation-value,simdjson-dom,lines-only"

    @Option(help: "Rounds, in each of which every reader has every output once.")
    var runs = 5

    @Option(help: "How long a measurement repeats its reading at least, in seconds.")
    var minimumSeconds = 0.2

    @Option(help: "Bytes of each catalog in short lines.")
    var lineLength: ByteSize = ByteSize(64 << 10)

    @Option(
        help:
            "The largest output for foundation-value, which takes minutes and a dozen times the size in memory."
    )
    var valueLimit: ByteSize = ByteSize(16 << 20)

    @Option(help: "The largest output for foundation-codable.")
    var codableLimit: ByteSize = ByteSize(256 << 20)

    enum Metric {
        static func speed(_ layout: Layout) -> String { "speed, \(layout.rawValue)" }
        static func growth(_ layout: Layout) -> String { "memory, \(layout.rawValue)" }
    }

    func validate() throws {
        guard runs > 0, minimumSeconds >= 0 else { throw ValidationError("--runs is at least 1.") }
    }

    func run() throws {
        let sizes = try list(self.sizes) { ByteSize($0) }
        let layouts = try list(self.layouts) { Layout(rawValue: $0) }
        let readers = try list(self.readers) { ParseSubjects(rawValue: $0) }
        var report = Report(
            command: "parse",
            parameters: [
                MachineFacts.Fact("sizes", self.sizes), MachineFacts.Fact("layouts", self.layouts),
                MachineFacts.Fact("line length", lineLength.description),
                MachineFacts.Fact("runs", "\(runs)"),
            ]
        )
        let progress = Progress("parse", total: layouts.count * sizes.count * runs)
        var done = 0
        for layout in layouts {
            for size in sizes {
                let taking = readers.filter { size.bytes <= limit(of: $0) }
                let path = "\(folder)/sidecar-bench-parse-\(getpid()).json"
                defer { unlink(path) }
                try SyntheticConnector(SyntheticOutput(seed: seed, [part(layout, size.bytes)]))
                    .writeOutput(toFile: path)
                var rounds: [[ParseMeasurement]] = []
                for _ in 0..<runs {
                    rounds.append(try taking.map { try measure($0, path) })
                    done += 1
                    progress.show(done)
                }
                add(rounds, of: taking, layout, size, to: &report)
            }
        }
        report.notes += Self.notes
        print(ReportText(report).text)
        for file in try ReportFiles(folder: results).write(report) { print("Written: \(file)") }
    }

    private static let notes = [
        "The page cache is warm: every output has been written just before.",
        "foundation-value pays for the errors that its decoder throws for every type that a value is not.",
    ]

    private func list<Value>(_ text: String, _ value: (String) -> Value?) throws -> [Value] {
        try text.split(separator: ",").map { item in
            guard let value = value(String(item)) else { throw ValidationError("'\(item)' is not known") }
            return value
        }
    }

    private static func names<Name: CaseIterable & RawRepresentable<String>>(of type: Name.Type) -> String {
        type.allCases.map(\.rawValue).joined(separator: ", ")
    }

    private func limit(of reader: ParseSubjects) -> Int {
        switch reader {
        case .foundationValue: valueLimit.bytes
        case .foundationCodable: codableLimit.bytes
        case .ours, .simdjsonDOM, .linesOnly: .max
        }
    }

    private func part(_ layout: Layout, _ bytes: Int) -> SyntheticOutput.Part {
        switch layout {
        case .short: .discoverLines(DiscoverLines(bytes: bytes, lineLength: lineLength.bytes))
        case .long: .catalog(CatalogShape(.source, .bytes(bytes)))
        case .messages: .logs(LogFlood(bytes: bytes, length: 99, form: .message))
        case .plain: .logs(LogFlood(bytes: bytes, length: 99, form: .plain))
        }
    }

    private func measure(_ reader: ParseSubjects, _ path: String) throws -> ParseMeasurement {
        let json = try SelfExecution.output(of: [
            "parse-once", reader.rawValue, path, "--minimum-seconds", "\(minimumSeconds)",
        ])
        return try JSONDecoder().decode(ParseMeasurement.self, from: Data(json.utf8))
    }
}

// MARK: - What is reported

extension Parse {
    private func add(
        _ rounds: [[ParseMeasurement]],
        of readers: [ParseSubjects],
        _ layout: Layout,
        _ size: ByteSize,
        to report: inout Report
    ) {
        let (speed, growth) = (Metric.speed(layout), Metric.growth(layout))
        for (index, reader) in readers.enumerated() {
            let subject = "\(reader.rawValue) \(size)"
            let measurements = rounds.map { $0[index] }
            report.add(speed, subject, .bytesPerSecond, measurements.map { Double($0.bytes) / $0.seconds })
            report.add(growth, subject, .bytes, measurements.map { Double($0.peakGrowthKiB) * 1_024 })
        }
        let ours = "\(ParseSubjects.ours.rawValue) \(size)"
        for reader in readers where reader != .ours {
            let isAim = layout == .long && size.bytes == Aims.catalogOf47MiB && reader == .simdjsonDOM
            report.compare(
                speed,
                ours,
                to: "\(reader.rawValue) \(size)",
                target: isAim ? Aims.longLine : nil
            )
        }
        for (index, reader) in readers.enumerated() where reader == .ours && layout == .long {
            if rounds[0][index].outcome.hasCatalog == false {
                report.notes.append(
                    "FAILED: \(ours) found no catalog in \(layout.rawValue), so its figures mean little"
                )
            }
        }
    }
}

import ArgumentParser
import FoundationEssentials
import Glibc
import ParseSubjects
import SyntheticOutput

/// How fast outputs are read, and with how much memory, by this parser and by others.
struct Parse: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures the speed and the memory of reading connectors' outputs.",
        discussion: """
            Every measurement is a process of its own; the subjects take turns. Files are read as the sidecar does, \
            64 KiB at a time, from the page cache. Memory is by how much the process grew at most.
            """
    )

    enum Layout: String, ExpressibleByArgument, CaseIterable {
        /// Lines of log and catalogs of 64 KiB by turns.
        case short
        /// One catalog, which is one line.
        case long
        /// `LOG` messages of 100 bytes.
        case messages
        /// Lines for people of 100 bytes.
        case plain
    }

    private static let defaultSizes: [ByteSize] = [
        1 << 10, 64 << 10, 1 << 20, 16 << 20, 49_287_161, 256 << 20, 1 << 30,
    ].map { (bytes: Int) in ByteSize(bytes) }

    @Option(parsing: .upToNextOption, help: "Sizes of the outputs.")
    var sizes: [ByteSize] = Self.defaultSizes

    @Option(
        parsing: .upToNextOption,
        help: "What the outputs are: \(Layout.allCases.map(\.rawValue).joined(separator: ", "))."
    )
    var layouts: [Layout] = Layout.allCases

    @Option(
        parsing: .upToNextOption,
        help: "Who reads: \(ParseSubjects.allCases.map(\.rawValue).joined(separator: ", "))."
    )
    var subjects: [ParseSubjects] = ParseSubjects.allCases

    @Option(help: "Rounds, in each of which every subject reads every output once.")
    var repetitions = 5

    @Option(help: "How long a measurement repeats its reading at least, in seconds.")
    var minimumSeconds = 0.2

    @Option(help: "Up to which size FoundationEssentials takes part: it needs many times the size in memory.")
    var foundationLimit: ByteSize = ByteSize(64 << 20)

    @Option(help: "Reproduces the outputs.")
    var seed: UInt64 = 1

    func validate() throws {
        if repetitions < 1 { throw ValidationError("--repetitions is at least 1.") }
    }

    func run() throws {
        print(ParseRow.head)
        for layout in layouts {
            for size in sizes {
                for row in try rows(layout, size) { print(row.line) }
            }
        }
    }

    private func rows(_ layout: Layout, _ size: ByteSize) throws -> [ParseRow] {
        let path = "\(Self.temporaryFolder)/sidecar-bench-parse-\(getpid()).json"
        defer { unlink(path) }
        let output = SyntheticOutput(seed: seed, [part(layout, size.bytes)])
        try SyntheticConnector(output).writeOutput(toFile: path)

        let subjects = subjects.filter { !$0.isFoundation || size.bytes <= foundationLimit.bytes }
        var rounds: [[ParseMeasurement]] = []
        for round in 1...repetitions {
            progress("\(layout.rawValue), \(size): round \(round) of \(repetitions)")
            rounds.append(try subjects.map { try measure($0, path) })
        }
        progress("")
        return subjects.indices.map { index in
            ParseRow(
                layout: layout.rawValue,
                size: size,
                subject: subjects[index].rawValue,
                measurements: rounds.map { $0[index] },
                reference: rounds.map { $0[subjects.firstIndex(of: .ours) ?? 0] }
            )
        }
    }

    private func measure(_ subject: ParseSubjects, _ path: String) throws -> ParseMeasurement {
        let json = try SelfExecution.output(of: [
            "parse-once", subject.rawValue, path, "--minimum-seconds", "\(minimumSeconds)",
        ])
        return try JSONDecoder().decode(ParseMeasurement.self, from: Data(json.utf8))
    }

    private func part(_ layout: Layout, _ bytes: Int) -> SyntheticOutput.Part {
        switch layout {
        case .short: .discoverLines(DiscoverLines(bytes: bytes))
        case .long: .catalog(CatalogShape(.source, .bytes(bytes)))
        case .messages: .logs(LogFlood(bytes: bytes, form: .message))
        case .plain: .logs(LogFlood(bytes: bytes, form: .plain))
        }
    }

    private static var temporaryFolder: String {
        getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    }

    /// What is under way, on one line of a terminal that is written again and again.
    private func progress(_ text: String) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        let line = Array("\r\u{1B}[K\(text)".utf8)
        _ = Glibc.write(STDERR_FILENO, line, line.count)
    }
}

extension ParseSubjects {
    fileprivate var isFoundation: Bool { self == .foundationCodable || self == .foundationValue }
}

/// A subject's measurements of one output.
struct ParseRow {
    var layout: String
    var size: ByteSize
    var subject: String
    var measurements: [ParseMeasurement]
    /// Ours, of the same rounds.
    var reference: [ParseMeasurement]

    static let head = columns([
        "layout", "size", "subject", "MB/s", "from", "to", "ours is", "from", "to", "grows KiB",
    ])

    var line: String {
        let speeds = measurements.map(\.megabytesPerSecond).sorted()
        // Round by round: what slows the machine down for a while slows both.
        let ratios = zip(reference, measurements).map { $0.megabytesPerSecond / $1.megabytesPerSecond }
            .sorted()
        let growth = measurements.map(\.peakGrowthKiB).sorted()
        let middle = measurements.count / 2
        return Self.columns([
            layout, "\(size)", subject, rounded(speeds[middle]), rounded(speeds[0]),
            rounded(speeds[speeds.count - 1]),
            times(ratios[middle]), times(ratios[0]), times(ratios[ratios.count - 1]), "\(growth[middle])",
        ])
    }

    private func rounded(_ number: Double) -> String { "\(Int(number.rounded()))" }

    private func times(_ ratio: Double) -> String { "\((ratio * 100).rounded() / 100)x" }

    private static func columns(_ cells: [String]) -> String {
        let widths = [9, 11, 19, 7, 7, 7, 8, 8, 8, 10]
        return zip(cells, widths).map { cell, width in
            let space = String(repeating: " ", count: max(0, width - cell.count))
            return width >= 9 && width != 10 ? cell + space : space + cell
        }.joined(separator: " ")
    }
}

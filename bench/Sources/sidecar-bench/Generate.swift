import ArgumentParser
import Glibc
import SyntheticOutput

/// Writes a synthetic output: to a file, to the standard output, or into a workspace as a connector would.
struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes a synthetic connector output, or plays a connector in a workspace.",
        discussion: """
            The same options and seed give the same bytes.

              sidecar-bench generate discover --size 49287161 --output catalog.json
              sidecar-bench generate discover --streams 200 --columns 80 --logs 1000
              sidecar-bench generate logs --logs 1000000 --line-length 100 --malformed 5
              sidecar-bench generate check --workspace /tmp/ws --logs 500 --pace 100lines/s --exit-code 0
            """
    )

    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case spec, check, discover, destinationDiscover = "destination-discover", discoverLines =
            "discover-lines"
        case logs, failure
    }

    @Argument(help: "What the connector brings: \(Kind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var kind: Kind

    @Option(help: "Reproduces the output.")
    var seed: UInt64 = 1

    @Option(
        help:
            "Of the whole output: 49287161, 64KiB, 1GiB. The result is made to fit (for logs, the lines are)."
    )
    var size: ByteSize?

    @Option(help: "Streams of a catalog, where no size is given.")
    var streams = 20

    @Option(help: "Columns of each stream, or properties of a specification.")
    var columns = 50

    @Option(help: "Length of a check's message or a failure's stack trace, where no size is given.")
    var messageLength: ByteSize = ByteSize(100)

    @Option(help: "Length of each catalog line of discover-lines.")
    var catalogLine: ByteSize = ByteSize(64 * 1_024)

    @Option(help: "Lines of log before the result.")
    var logs = 0

    @Option(help: "Length of each line of log.")
    var lineLength = 100

    @Option(help: "What lines of log are: plain, message, mixed.")
    var logForm: LogFlood.Form = .message

    @Option(help: "How many per cent of the lines of log are broken.")
    var malformed = 0.0

    @Option(help: "How fast to write: 10MB/s, 1000lines/s. As fast as possible without it.")
    var pace: Pace?

    @Option(help: "Bytes of each write.")
    var chunk: ByteSize = ByteSize(SyntheticOutput.defaultChunkSize)

    @Option(name: .shortAndLong, help: "The file to write; the standard output without it.")
    var output: String?

    @Option(help: "Play a connector: write jobOutput.json and then exitCode.txt into this directory.")
    var workspace: String?

    @Option(help: "What stands in exitCode.txt.")
    var exitCode = 0

    func validate() throws {
        if output != nil, workspace != nil { throw ValidationError("Either --output or --workspace.") }
        if !(0...100).contains(malformed) { throw ValidationError("--malformed is a share of 100.") }
        if logs < 0 || streams < 0 || columns < 0 {
            throw ValidationError("Numbers of things are not negative.")
        }
        if chunk.bytes < 1 { throw ValidationError("--chunk is at least one byte.") }
        if lineLength < LogFlood.minLineLength {
            throw ValidationError("--line-length is at least \(LogFlood.minLineLength).")
        }
    }

    func run() throws {
        let connector = SyntheticConnector(
            syntheticOutput,
            exitCode: exitCode,
            pace: pace ?? .unlimited,
            chunkSize: chunk.bytes
        )
        if let workspace {
            try connector.run(in: workspace)
        } else if let output {
            try connector.writeOutput(toFile: output)
        } else {
            try connector.writeOutput(to: STDOUT_FILENO)
        }
    }

    private var syntheticOutput: SyntheticOutput {
        if kind == .logs, let size {
            return SyntheticOutput(
                seed: seed,
                [
                    .logs(
                        LogFlood(
                            bytes: size.bytes,
                            length: lineLength,
                            form: logForm,
                            malformedShare: malformed / 100
                        )
                    )
                ]
            )
        }
        let flood = LogFlood(lines: logs, length: lineLength, form: logForm, malformedShare: malformed / 100)
        let bytes = size.map { max(0, $0.bytes - flood.byteCount) }
        return SyntheticOutput(seed: seed, (logs > 0 ? [.logs(flood)] : []) + result(bytes))
    }

    /// What follows the log, in so many bytes if that is given.
    private func result(_ bytes: Int?) -> [SyntheticOutput.Part] {
        switch kind {
        case .spec: [.spec(SpecShape(bytes.map { .bytes($0) } ?? .properties(columns)))]
        case .check: [message(bytes) { .check(succeeded: true, messageLength: $0) }]
        case .failure: [message(bytes) { .errorTrace(stackTraceLength: $0) }]
        case .discover: [catalog(.source, bytes)]
        case .destinationDiscover: [catalog(.destination, bytes)]
        case .discoverLines:
            [.discoverLines(DiscoverLines(bytes: bytes ?? 1 << 20, lineLength: catalogLine.bytes))]
        case .logs: []
        }
    }

    /// A message whose text makes up for what the rest of it leaves of so many bytes.
    private func message(
        _ bytes: Int?,
        _ part: (_ textLength: Int) -> SyntheticOutput.Part
    ) -> SyntheticOutput.Part {
        part(bytes.map { $0 - SyntheticOutput([part(0)]).byteCount } ?? messageLength.bytes)
    }

    private func catalog(_ kind: CatalogShape.Kind, _ bytes: Int?) -> SyntheticOutput.Part {
        .catalog(CatalogShape(kind, bytes.map { .bytes($0) } ?? .streams(streams), columns: columns))
    }
}

extension ByteSize: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension Pace: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension LogFlood.Form: ExpressibleByArgument {}

import AirbyteProtocol
import ArgumentParser
import Text

/// `sidecarctl trace`.
struct Trace: Subcommand {
    static let configuration = CommandConfiguration(
        abstract: "Renders the trace of an event loop as a time line.",
        discussion: "SIDECAR_TRACE=FILE makes the sidecar write a trace; see docs/DEBUGGING.md."
    )

    @Argument(help: "The trace; - is standard input.", completion: .file())
    var path: String

    @Option(help: "Also draws the time line into this file.", completion: .file(extensions: ["svg"]))
    var svg: String?

    @OptionGroup var options: OutputOptions

    func perform(_ screen: Screen) throws(Failure) -> Int32 {
        var summary = TraceSummary()
        var picture = svg.map { _ in TracePicture() }
        let text = TraceText(screen: screen)
        var last = 0
        let isJSON = options.json
        let skipped = try TraceFile(path: path).forEach { (entry) throws(Failure) in
            summary.note(entry)
            picture?.note(entry)
            if isJSON {
                try screen.write(TraceJSON.line(entry))
            } else {
                try text.show(entry, after: entry.time - last)
            }
            last = entry.time
        }
        if isJSON {
            try screen.write(TraceJSON.line(summary, skipped: skipped))
        } else {
            try text.show(summary, skipped: skipped)
        }
        if let svg, let picture { try OutputFileWriter.write(Array(picture.svg(summary).utf8), to: svg) }
        return Exit.success
    }
}

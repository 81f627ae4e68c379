import Foundation

/// Writes a report's files: the table, JSON with every value, and a plot for each metric.
public struct ReportFiles {
    private let folder: String

    public init(folder: String) {
        self.folder = folder
    }

    /// - Returns: the paths of what was written. Without gnuplot there are no plots, and standard error says so.
    public func write(_ report: Report) throws -> [String] {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let stem = "\(folder)/\(Self.stem(report))"
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(report).write(to: URL(fileURLWithPath: "\(stem).json"))
        try Data(ReportText(report).text.utf8).write(to: URL(fileURLWithPath: "\(stem).txt"))
        var files = ["\(stem).txt", "\(stem).json"]
        for plot in Plot.plots(of: report) {
            let path = "\(stem)-\(plot.name).svg"
            guard let image = try Self.image(of: plot) else {
                FileHandle.standardError.write(Data("no plots: gnuplot is missing or has failed\n".utf8))
                break
            }
            try Data(image.utf8).write(to: URL(fileURLWithPath: path))
            files.append(path)
        }
        return files
    }

    /// The picture; nil without a gnuplot that makes one. Its script goes through a file: a pipe to a program that is not
    /// there breaks.
    private static func image(of plot: Plot) throws -> String? {
        let script = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).gnuplot")
        try Data(plot.script.utf8).write(to: script)
        defer { try? FileManager.default.removeItem(at: script) }
        return Tool.output("gnuplot", [script.path])
    }

    /// `latency-2026-11-24T120000Z`
    static func stem(_ report: Report) -> String {
        "\(report.command)-\(report.started.filter { $0 != ":" })"
    }
}

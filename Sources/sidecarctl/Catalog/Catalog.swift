import AirbyteProtocol
import ArgumentParser
import Text

/// `sidecarctl catalog`.
struct Catalog: Subcommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows a discovered catalog as a table, or what is different in another one.",
        discussion: """
            Each argument is a workspace, or the file of a connector's output. With two, ends with 1 if the catalogs differ.
            """
    )

    @Argument(help: "Where the catalog is.", completion: .file())
    var path: String

    @Argument(help: "Where the other catalog is.", completion: .file())
    var other: String?

    @OptionGroup var options: OutputOptions

    func perform(_ screen: Screen) throws(Failure) -> Int32 {
        let catalog = try DiscoveredCatalogFile(path: path)
        guard let other else {
            if options.json {
                try CatalogJSON(screen: screen).show(catalog)
            } else {
                try CatalogText(screen: screen).show(catalog)
            }
            return Exit.success
        }
        let changes = CatalogChanges(
            from: try Self.streams(of: catalog),
            to: try Self.streams(of: DiscoveredCatalogFile(path: other))
        )
        if options.json {
            try CatalogJSON(screen: screen).show(changes)
        } else {
            try CatalogText(screen: screen).show(changes)
        }
        return changes.isEmpty ? Exit.success : Exit.negative
    }

    private static func streams(of catalog: DiscoveredCatalogFile) throws(Failure) -> [StreamSummary] {
        var streams: [StreamSummary] = []
        _ = try catalog.forEach { (stream) throws(Failure) in streams.append(stream) }
        return streams
    }
}

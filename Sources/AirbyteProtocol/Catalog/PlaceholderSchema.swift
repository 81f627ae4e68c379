/// The schema that Airbyte's file CDK (airbyte-cdk 7.39.1, `file_based`) makes for a stream for which it has found no file,
/// or whose files it is told not to look into. A host that cannot be reached ends so: with a catalog and exit code 0.
enum PlaceholderSchema {
    /// What is known of each record before any file is read.
    private static let ownColumns = ["_ab_source_file_last_modified", "_ab_source_file_url"]
    /// Where the whole record goes.
    private static let dataColumn = "data"

    /// A clause for people.
    static let description = """
        the placeholder columns of Airbyte's file CDK (\((ownColumns + [dataColumn]).joined(separator: ", "))): it found no \
        files that it could read, or the stream is schemaless
        """

    /// In bytes. Three columns take two hundred; a longer schema is not looked into.
    private static let maxLength = 4_096

    /// Whether an object is such a schema.
    static func isOne(_ schema: JSONValue) -> Bool {
        // Nearly all schemas are ruled out before they are parsed. The CDK writes the names without escapes.
        guard schema.rawJSON.count <= maxLength, schema.rawJSON.holds("_ab_source_file_url"),
            let properties = schema[member: "properties"]
        else { return false }
        var names: Set<String> = []
        for (key, _) in properties.members {
            guard let name = key.string, name == dataColumn || ownColumns.contains(name) else { return false }
            names.insert(name)
        }
        return names.isSuperset(of: ownColumns)
    }
}

import AirbyteProtocol
import Workload

extension DiscoveredCatalog {
    /// So many names are in a summary.
    private static let maxNames = 10

    /// `2 streams: users, orders`.
    ///
    /// - Parameters:
    ///   - list: the catalog's member that lists them, without the s at its end.
    ///   - name: the member of each that names it.
    func summary(list: String, name: String, _ mask: SecretMask) -> String {
        guard case .held(let value) = self, let elements = value[member: "\(list)s"]?.elements else {
            return "a large catalog: see sidecarctl catalog"
        }
        var count = 0
        var names: [String] = []
        for element in elements {
            count += 1
            if names.count < Self.maxNames, let text = element[member: name]?.string { names.append(text) }
        }
        let rest = count > names.count ? ", …" : ""
        return "\(counted(count, list)): " + mask.shown(names.joined(separator: ", ")) + rest
    }
}

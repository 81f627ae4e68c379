import Sidecar

extension Examination {
    func checkConfiguration() -> Findings {
        var findings = Findings(.configuration)
        for line in settings.problems { findings.problem("\(line); the sidecar does not start") }
        for line in settings.warnings { findings.warning(line) }
        for name in settings.unknownNames {
            let advice = similarName(to: name).map { "is \($0) meant?" } ?? "docs/SETTINGS.md lists them"
            findings.warning("\(name) is set, but there is no such setting", advice)
        }
        if !findings.hasProblem {
            let set = settings.settings.count { $0.source.map { $0 != .fallback } ?? false }
            findings.ok(
                "the sidecar starts with these settings: \(set) are set, all others have their defaults"
            )
        }
        return findings
    }

    /// So many letters may be wrong in a name.
    private static let maxTypos = 3

    private func similarName(to name: String) -> String? {
        let closest = Configuration.ownNames.sorted().map { ($0, Self.distance(name, $0)) }.min {
            $0.1 < $1.1
        }
        guard let closest, closest.1 <= Self.maxTypos else { return nil }
        return closest.0
    }

    /// How many letters have to be added, left out or replaced to get from one word to the other (Levenshtein).
    private static func distance(_ one: String, _ other: String) -> Int {
        let (one, other) = (Array(one.utf8), Array(other.utf8))
        var row = Array(0...other.count)
        for (index, byte) in one.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in other.indices {
                let replaced = diagonal + (byte == other[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[other.count]
    }
}

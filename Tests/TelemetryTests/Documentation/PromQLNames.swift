import Foundation

/// The names in a PromQL expression. It is no parser: it knows the forms that the project's rules and dashboard have.
struct PromQLNames {
    var metrics: Set<String> = []
    var labels: Set<String> = []

    init(_ expression: String) {
        let text = expression.replacing(#/"[^"]*"/#, with: "\"\"")
        for match in text.matches(of: #/[a-zA-Z_][a-zA-Z0-9_:]*/#) {
            let name = String(match.output)
            if name.hasPrefix("airbyte_") { metrics.insert(name) }
        }
        for match in text.matches(of: #/\{([^}]*)\}/#) {
            for matcher in match.output.1.split(separator: ",") {
                labels.insert(
                    String(matcher.prefix { $0 != "=" && $0 != "!" }).trimmingCharacters(in: .whitespaces)
                )
            }
        }
        for match in text.matches(of: #/\b(?:by|on|without|ignoring)\s*\(([^)]*)\)/#) {
            for label in match.output.1.split(separator: ",") {
                labels.insert(label.trimmingCharacters(in: .whitespaces))
            }
        }
        labels.remove("")
    }
}

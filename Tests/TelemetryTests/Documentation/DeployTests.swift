import Foundation
import Telemetry
import TestSupport
import Testing

/// deploy/telemetry: the rules are correct, and use what there is.
@Suite struct DeployTests {
    private static let folder = Project.root.appendingPathComponent("deploy/telemetry")

    /// By the name of a metric, its labels in Prometheus.
    private static let labels: [String: Set<String>] = Dictionary(
        uniqueKeysWithValues: Metric.allCases.flatMap { metric in
            PrometheusName.series(of: metric).map { ($0, PrometheusName.labels(of: metric)) }
        }
    )

    // MARK: - promtool

    @Test func rulesAreValid() throws { try run(["check", "rules", "alerts.yaml"], in: Self.folder) }

    @Test func rulesDoWhatTheirTestsSay() throws {
        try run(["test", "rules", "alerts.test.yaml"], in: Self.folder)
    }

    @Test func expressionsOfTheDashboardAreValid() throws {
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        var rules = "groups:\n- name: dashboard\n  rules:\n"
        for (number, expression) in try Self.dashboard().expressions.enumerated() {
            let complete = expression.replacing("$window", with: "15m")
            rules += "  - record: expression\(number)\n    expr: '\(complete)'\n"
        }
        try rules.write(to: scratch.appendingPathComponent("rules.yaml"), atomically: false, encoding: .utf8)
        try run(["check", "rules", "rules.yaml"], in: scratch)
    }

    /// Runs `promtool` of Debian's package `prometheus`.
    private func run(_ arguments: [String], in folder: URL) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/promtool")
        process.arguments = arguments
        process.currentDirectoryURL = folder
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(String(decoding: text, as: UTF8.self))")
    }

    // MARK: - Names

    private struct Rule {
        var name: String
        var expression: String
    }

    /// The rules of alerts.yaml, whose form is known.
    private static func rules() throws -> [Rule] {
        var rules: [Rule] = []
        var isWithinExpression = false
        for line in try Project.text("deploy/telemetry/alerts.yaml").split(separator: "\n") {
            let text = line.trimmingCharacters(in: .whitespaces)
            if let name = text.rest(behind: "- record: ") ?? text.rest(behind: "- alert: ") {
                rules.append(Rule(name: name, expression: ""))
            } else if let expression = text.rest(behind: "expr: ") {
                isWithinExpression = expression == "|"
                if !isWithinExpression { rules[rules.count - 1].expression = expression }
            } else if isWithinExpression {
                isWithinExpression = line.hasPrefix("          ")
                if isWithinExpression { rules[rules.count - 1].expression += text + " " }
            }
        }
        return rules
    }

    private struct Dashboard {
        var expressions: [String] = []
        var legends: [String] = []
        /// Metric and label of each variable that lists a label's values.
        var variables: [(metric: String, label: String)] = []
    }

    private static func dashboard() throws -> Dashboard {
        let data = try Data(contentsOf: folder.appendingPathComponent("dashboard.json"))
        let root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        var dashboard = Dashboard()
        for panel in try #require(root["panels"] as? [[String: Any]]) {
            for target in panel["targets"] as? [[String: Any]] ?? [] {
                dashboard.expressions.append(try #require(target["expr"] as? String))
                dashboard.legends.append(try #require(target["legendFormat"] as? String))
            }
        }
        let templating = try #require(root["templating"] as? [String: Any])
        for variable in try #require(templating["list"] as? [[String: Any]]) {
            guard let definition = variable["definition"] as? String else { continue }
            let match = try #require(
                try #/label_values\((\w+)(?:\{.*\})?, (\w+)\)/#.wholeMatch(in: definition)
            )
            dashboard.variables.append((String(match.output.1), String(match.output.2)))
        }
        return dashboard
    }

    @Test func rulesUseWhatThereIs() throws {
        let rules = try Self.rules()
        #expect(rules.count == 11)
        var labels = Self.labels
        for rule in rules {
            check(rule.expression, labels)
            guard rule.name.contains(":") else { continue }
            // What it is grouped by is left.
            let groups = PromQLNames(String(rule.expression.prefix { $0 != "{" }.prefix { $0 != "[" })).labels
            labels[rule.name] = groups
        }
    }

    @Test func dashboardUsesWhatThereIs() throws {
        let dashboard = try Self.dashboard()
        #expect(dashboard.expressions.count > 10)
        for (expression, legend) in zip(dashboard.expressions, dashboard.legends) {
            check(expression, Self.labels)
            let used = PromQLNames(expression).labels
            for match in legend.matches(of: #/\{\{(\w+)\}\}/#) {
                #expect(used.contains(String(match.output.1)))
            }
        }
        #expect(dashboard.variables.count == 3)
        for (metric, label) in dashboard.variables { #expect(Self.labels[metric]?.contains(label) == true) }
    }

    private func check(_ expression: String, _ labels: [String: Set<String>]) {
        let names = PromQLNames(expression)
        #expect(!names.metrics.isEmpty, "\(expression)")
        for metric in names.metrics {
            guard let known = labels[metric] else {
                Issue.record("no metric is \(metric)")
                continue
            }
            #expect(names.labels.isSubset(of: known), "\(metric) in \(expression)")
        }
    }

    @Test func namesAreFound() {
        let names = PromQLNames(
            #"sum by (le, phase) (rate(airbyte_a_bucket{operation=~"airbyte_x{y}", b!=""}[5m])) > 1"#
        )
        #expect(names.metrics == ["airbyte_a_bucket"])
        #expect(names.labels == ["le", "phase", "operation", "b"])
    }
}

extension String {
    fileprivate func rest(behind prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}

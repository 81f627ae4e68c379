import Sidecar
import Text

/// Findings for people, a line each.
struct DoctorText {
    let screen: Screen
    /// Whether the settings are listed that have their defaults.
    let showsDefaults: Bool

    private static let statusWidth = 8
    private static let checkWidth = 13

    func show(_ findings: [Finding]) throws(Failure) {
        for finding in findings {
            let look: Style.Look =
                switch finding.status {
                case .ok: .good
                case .warning: .warning
                case .problem: .bad
                }
            let status = screen.style.paint(finding.status.rawValue.padded(to: Self.statusWidth), look)
            let check = finding.check.rawValue.padded(to: Self.checkWidth)
            try screen.line("\(status) \(check) \(finding.line.escapingControlCharacters())")
        }
    }

    /// The settings, with where they come from.
    func show(_ settings: ExaminedSettings) throws(Failure) {
        let margin = String(repeating: " ", count: Self.statusWidth)
        for setting in settings.settings where showsDefaults || (setting.source ?? .fallback) != .fallback {
            let value = setting.value.map { "= \($0.escapingControlCharacters())" } ?? "is not set"
            let source = setting.source.map { screen.style.paint("  (\($0.rawValue))", .faint) } ?? ""
            try screen.line("\(margin)   \(setting.name) \(value)\(source)")
        }
    }

    func showSum(_ findings: [Finding]) throws(Failure) {
        let (problems, warnings) = (findings.count(.problem), findings.count(.warning))
        let problemText = problems == 0 ? "No problem" : counted(problems, "problem")
        let warningText = warnings == 0 ? "no warning" : counted(warnings, "warning")
        try screen.line()
        try screen.line(screen.style.heading("\(problemText), \(warningText)"))
    }
}

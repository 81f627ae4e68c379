import AirbyteProtocol
import Sidecar
import Text

/// Findings for programs; docs/SIDECARCTL.md describes them.
enum DoctorJSON {
    /// - Parameter settings: nil where the configuration was not checked.
    static func text(_ findings: [Finding], _ settings: ExaminedSettings?) -> [UInt8] {
        let json = JSONWriter.object { writer in
            writer.member("problems", Int64(findings.count(.problem)))
            writer.member("warnings", Int64(findings.count(.warning)))
            writer.key("findings")
            writer.beginArray()
            for finding in findings {
                writer.beginObject()
                writer.member("status", finding.status.rawValue)
                writer.member("check", finding.check.rawValue)
                writer.member("text", finding.text)
                writer.member("advice", finding.advice)
                writer.endObject()
            }
            writer.endArray()
            guard let settings else { return }
            writer.key("settings")
            writer.beginArray()
            for setting in settings.settings {
                writer.beginObject()
                writer.member("name", setting.name)
                writer.member("value", setting.value)
                writer.member("source", setting.source?.rawValue)
                writer.endObject()
            }
            writer.endArray()
        }
        return JSONLayout().text(json.escapingDisturbancesInJSON) + [UInt8(ascii: "\n")]
    }
}

import AirbyteProtocol
import Sidecar
import Workload

/// A call that the sidecar would make, with its secrets hidden.
struct PlannedCall {
    var api: String
    var method: String
    var path: String
    /// Of the body; nil where parts of it come from an answer.
    var byteCount: Int?
    /// The body's JSON, as it would be sent but for secrets.
    var body: Content

    /// What is shown of a document.
    enum Content {
        case json([UInt8])
        /// JSON in which a secret was hidden that was not a text, so that it is none any more.
        case text(String)
        /// Why it is not shown.
        case omitted(String)
    }
}

/// Makes documents as they would be sent, for people.
struct DocumentPreview {
    let output: ConnectorOutput
    let mask: SecretMask
    /// A longer document is not shown, in bytes: it is made piece by piece, and none of it is held.
    let limit: Int

    /// Made once, from its beginning to its end.
    struct Made {
        var content: PlannedCall.Content
        var byteCount: Int?
        /// What is odd about the catalog in it.
        var findings: CatalogInspection?
    }

    func make(_ document: OutputDocument) -> Made {
        let reader = DocumentReader(document, source: output.bytes(in:))
        var held: [UInt8] = []
        var count = 0
        do throws(DocumentError) {
            while let bytes = try reader.next() {
                count += bytes.count
                if count <= limit { held += bytes } else { held = [] }
            }
        } catch {
            return Made(content: .omitted("it cannot be made: \(error.message)"))
        }
        let content: PlannedCall.Content =
            if count > limit {
                .omitted("it is longer than \(limit) bytes (--max-body)")
            } else {
                Self.content(of: held, mask)
            }
        return Made(content: content, byteCount: count, findings: reader.catalogFindings)
    }

    /// A document with its secrets hidden.
    static func content(of json: [UInt8], _ mask: SecretMask) -> PlannedCall.Content {
        guard !mask.isIncomplete else { return .omitted(SecretMask.withheld) }
        let masked = mask.maskedByValue(json)
        // The sidecar's own documents are valid, even where they are nested deeper than what it reads.
        if masked == json || (try? JSONDocument(parsing: masked)) != nil { return .json(masked) }
        return .text(String(decoding: masked, as: UTF8.self))
    }

    /// - Returns: the call, and what is odd about the catalog in its body; nil where it has none, or it is held.
    func call(_ call: PlatformCall) -> (PlannedCall, CatalogInspection?) {
        // Its body holds a configuration, and what the server answers to the call before it.
        let isUpdate = call.path.hasSuffix("/update")
        let made = isUpdate ? Made(content: configuration(call.body)) : make(call.body)
        let planned = PlannedCall(
            api: call.api == .workload ? "workload" : "server",
            method: call.method,
            path: call.path,
            byteCount: made.byteCount,
            body: made.content
        )
        return (planned, made.findings)
    }

    private func configuration(_ document: OutputDocument) -> PlannedCall.Content {
        guard !mask.isIncomplete else { return .omitted(SecretMask.withheld) }
        guard let bytes = document.bytes, bytes.count <= limit, let json = try? JSONDocument(parsing: bytes)
        else {
            return .omitted("it is longer than \(limit) bytes (--max-body)")
        }
        return .json(mask.masked(configuration: json.root))
    }
}

import AirbyteProtocol
import Crypto
import Scheduling
import Text

/// Makes up what a connector writes, and how.
struct ConnectorScript {
    private(set) var lines: [[UInt8]] = []
    private(set) var results: [Scenario.Result] = []
    private(set) var salvaged: [Scenario.Result] = []
    private(set) var faults: Set<Fault> = []
    private let operation: Operation
    private var secrets: [Scenario.Secret]
    private let seed: UInt64
    private var marks: Int

    /// - Parameter firstMark: two scripts of one run must not use the same marks.
    init(_ operation: Operation, secrets: [Scenario.Secret], seed: UInt64, firstMark: Int = 0) {
        marks = firstMark
        self.operation = operation
        self.secrets = secrets
        self.seed = seed
    }

    /// All of it, lines ended.
    var bytes: [UInt8] { lines.flatMap { $0 + [UInt8(ascii: "\n")] } }

    mutating func add(_ text: String) {
        lines.append(Array(text.utf8))
    }

    /// Log messages, plain text and nonsense.
    mutating func addChatter(_ count: Int, using random: inout SplitMix64) {
        for number in 0..<count {
            switch Int.random(in: 0..<9, using: &random) {
            case 0: add("starting the \(operation.rawValue), step \(number)")
            case 1: add(#"{"type":"LOG","log":{"level":"INFO","message":"step \#(number)"}}"#)
            case 2: add(#"{"type":"LOG","log":{"level":"WARN","message":"two\nlines"}}"#)
            case 3: add(#"{"type":"LOG","log":{"level":"ERROR","message":"bad","stack_trace":"at a\nat b"}}"#)
            case 4: add(#"{"type":"LOG","log":{"level":"LOUD","message":"no such level"}}"#)
            case 5: add(#"{"type":"RECORD","record":{"stream":"s","data":{"a":1},"emitted_at":1}}"#)
            case 6: add(#"{"type":"TRACE","trace":{"type":"ESTIMATE","emitted_at":1}}"#)
            case 7: add(#"{"broken": "#)
            default: addSecret(using: &random)
            }
        }
    }

    /// A line that gives a secret away, in one of its written forms.
    private mutating func addSecret(using random: inout SplitMix64) {
        guard let secret = secrets.randomElement(using: &random)?.value else { return }
        faults.insert(.secretInLog)
        let form: String
        switch Int.random(in: 0..<4, using: &random) {
        case 0: form = Base64.encode(Array(secret.utf8))
        case 1: form = PercentEncoder.component.encode(secret)
        default: form = secret
        }
        let quoted = String(
            decoding: JSONWriter.object { $0.member("t", "could not log in with \(form)") },
            as: UTF8.self
        )
        .dropFirst(#"{"t":"#.count).dropLast()
        Bool.random(using: &random)
            ? add(#"{"type":"LOG","log":{"level":"INFO","message":\#(quoted)}}"#)
            : add("debug: \(form) was used")
    }

    mutating func addErrorTrace() {
        let line =
            #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1,"error":{"message":"the trace of \#(seed)","#
            + #""internal_message":"why","stack_trace":"at x","failure_type":"config_error"}}}"#
        add(line)
    }

    /// The connector changes its configuration; the new secret is a secret from then on.
    mutating func addControl(_ configuration: String, _ secret: Scenario.Secret) {
        faults.insert(.newConfiguration)
        secrets.append(secret)
        add(
            #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":"#
                + configuration + "}}}"
        )
    }

    /// - Parameters:
    ///   - text: stands before the result on its line.
    ///   - padding: so many bytes more in it.
    mutating func addResult(behind text: String = "", padding: Int = 0) {
        marks += 1
        let mark = "mark\(seed)x\(marks)y"
        let filler = String(repeating: "p", count: padding)
        let line: String
        switch operation {
        case .check:
            line =
                #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED","message":"\#(mark)"},"x":"\#(filler)"}"#
        case .spec:
            line =
                #"{"type":"SPEC","spec":{"connectionSpecification":{"title":"\#(mark)","d":"\#(filler)"}}}"#
        case .discover:
            line =
                #"{"type":"CATALOG","catalog":{"streams":[{"name":"\#(mark)","json_schema":{"d":"\#(filler)"},"#
                + #""supported_sync_modes":["full_refresh"]}]}}"#
        }
        let result = Scenario.Result(line: Array((text + line).utf8), mark: Array(mark.utf8))
        if text.isEmpty {
            if !results.isEmpty { faults.insert(.secondResult) }
            results.append(result)
        } else {
            faults.insert(.textBeforeResult)
            salvaged.append(result)
        }
        if padding > 0 { faults.insert(.longLine) }
        lines.append(result.line)
    }
}

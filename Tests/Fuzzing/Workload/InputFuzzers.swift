import AirbyteProtocol
import Text

@testable import Workload

/// `sidecarInput.json`: what is taken is an object with an id, by another reader too, and no error quotes the
/// connector's configuration.
enum SidecarInputFuzzer {
    static func check(
        _ bytes: [UInt8],
        parse: ([UInt8]) throws(SidecarInputError) -> SidecarInput = { (bytes) throws(SidecarInputError) in
            try SidecarInput(parsing: bytes)
        }
    ) throws {
        let peer = JSONPeer.value(bytes)
        let input: SidecarInput
        do throws(SidecarInputError) {
            input = try parse(bytes)
        } catch {
            try require(!error.problem.isEmpty, "a problem without words")
            let holders = ["checkConnectionInput", "discoverCatalogInput"]
            let root = (try? JSONDocument(parsing: bytes))?.root
            for holder in holders {
                for member in root?[member: holder]?[member: "connectionConfiguration"]?.members.map(\.value)
                    ?? []
                {
                    guard let secret = member.string, secret.utf8.count >= 12 else { continue }
                    try require(!error.problem.contains(secret), "an error quotes the configuration")
                }
            }
            return
        }
        guard let peer else {
            return try require(JSONPeer.mayTakeLess(bytes), "Foundation refuses the input")
        }
        guard let object = peer as? [String: Any] else {
            throw Violation(description: "the input is no object")
        }
        try require(!input.workloadID.isEmpty, "the input has no id")
        try require(object["operationType"] is String, "the input has no operation")
        try require(
            input.connectorConfiguration.map { $0.kind == .object } ?? true,
            "a configuration is no object"
        )
        if input.operation == .discover {
            try require(
                input.discover != nil && input.actorID?.isEmpty == false,
                "a DISCOVER without its source"
            )
        }
        _ = SecretMask(configurations: [input.connectorConfiguration]).masked("text")
    }
}

/// `exitCode.txt`: a code is the number that stands there, and what else stands there is told on one short line.
enum ExitCodeFuzzer {
    static func check(
        _ bytes: [UInt8],
        parse: ([UInt8]) -> ConnectorExit = { ConnectorExit(parsing: $0) }
    ) throws {
        let content = bytes.prefix(ConnectorExit.maxFileLength)
        switch parse(Array(content)) {
        case .code(let code):
            let text = String(decoding: content, as: UTF8.self)
            var digits = Substring(text.filter { !$0.isWhitespace })
            if digits.first == "+" || digits.first == "-" { digits.removeFirst() }
            digits = digits.drop { $0 == "0" }
            let magnitude = code.magnitude == 0 ? "" : String(code.magnitude)
            try require(digits == magnitude, "\(text) is \(code)")
        case .unusable(let problem):
            // 40 bytes, each of them perhaps spelled out.
            try require(problem.isPlainLine && problem.utf8.count < 400, "a problem is no short line")
            let words = String(decoding: content, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            let code = words.count == 1 ? Int32(words[0]) : nil
            try require(code == nil, "\(code ?? 0) is no code")
        }
    }
}

@testable import Telemetry

/// Whatever names, tags and numbers are: each packet is lines that a receiver of the flavour splits as they are meant.
enum StatsDFuzzer {
    static func check(
        _ input: [UInt8],
        write: (StatsDAggregate, StatsDLines, inout StatsDPackets) -> Int = { $0.write(with: $1, into: &$2) }
    ) throws {
        var input = FuzzInput(input)
        let flavor = input.choice(of: StatsDSettings.Flavor.allCases)
        let maxBytes = 64 + input.choice() * 8
        let hasEntity = input.choice() % 2 == 1
        let settings = StatsDSettings(
            destination: .unix(path: "/s"),
            flavor: flavor,
            entityID: hasEntity ? input.text(upTo: 0) : nil,
            externalEnvironment: hasEntity ? input.text(upTo: 0) : nil
        )
        let lines = StatsDLines(settings, commonTags: input.tags())
        var aggregate = StatsDAggregate()
        var added: [Measurement] = []
        for measurement in input.measurements(1 + input.choice() % 8) where aggregate.add(measurement) {
            added.append(measurement)
        }
        var packets = StatsDPackets(maxBytes: maxBytes)
        let leftOut = write(aggregate, lines, &packets)
        var count = 0
        for packet in packets.all {
            try require(
                packet.count <= maxBytes && packet.last == UInt8(ascii: "\n"),
                "a packet of \(packet.count) bytes"
            )
            for line in packet.dropLast().split(
                separator: UInt8(ascii: "\n"),
                omittingEmptySubsequences: false
            ) {
                count += 1
                try check(Array(line), flavor)
            }
        }
        let values = added.filter { $0.metric.kind == .timer || $0.metric.kind == .distribution }.count
        let series = Set(
            added.filter { $0.metric.kind == .counter || $0.metric.kind == .gauge }.map(Series.init)
        ).count
        try require(
            count + leftOut == values + series,
            "\(count) lines of \(values + series), \(leftOut) left out"
        )
    }

    private struct Series: Hashable {
        var metric: Metric
        var tags: [Tag]

        init(_ measurement: Measurement) {
            metric = measurement.metric
            tags = measurement.tags
        }
    }

    /// Splits a line as the flavour's receivers do.
    private static func check(_ line: [UInt8], _ flavor: StatsDSettings.Flavor) throws(Violation) {
        let shown = String(decoding: line, as: UTF8.self)
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            throw Violation(description: "no value: \(shown)")
        }
        let parts = line[(colon + 1)...].split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false)
        try require(parts.count >= 2, "no type: \(shown)")
        try require(isNumber(parts[0]), "no number: \(shown)")
        try require(
            ["c", "g", "ms", "h"].contains(String(decoding: parts[1], as: UTF8.self)),
            "no type: \(shown)"
        )
        let name = String(decoding: line[..<colon], as: UTF8.self)
        switch flavor {
        case .datadog:
            try require(isKey(line[..<colon]), "no name: \(shown)")
            for part in parts[2...] {
                try require(
                    part.first == UInt8(ascii: "#") || part.starts(with: "e:".utf8),
                    "no tags: \(shown)"
                )
                guard part.first == UInt8(ascii: "#") else { continue }
                for tag in part.dropFirst().split(
                    separator: UInt8(ascii: ","),
                    omittingEmptySubsequences: false
                ) {
                    try require(isKey(tag.prefix { $0 != UInt8(ascii: ":") }), "no key: \(shown)")
                    try require(tag.last != UInt8(ascii: ":"), "an empty value: \(shown)")
                }
            }
        case .telegraf, .sysdig:
            try require(parts.count == 2, "more than a type: \(shown)")
            let separator = UInt8(ascii: flavor == .telegraf ? "," : "#")
            let end = line[..<colon].firstIndex(of: separator) ?? colon
            try require(isKey(line[..<end]), "no name: \(shown)")
            guard end < colon else { return }
            for tag in line[(end + 1)..<colon].split(
                separator: UInt8(ascii: ","),
                omittingEmptySubsequences: false
            ) {
                guard let equals = tag.firstIndex(of: UInt8(ascii: "=")) else {
                    throw Violation(description: "no value of a tag: \(shown)")
                }
                try require(isKey(tag[..<equals]) && equals + 1 < tag.endIndex, "an empty tag: \(shown)")
                try require(!tag.contains(UInt8(ascii: " ")), "a space in a tag: \(shown)")
            }
        case .etsy:
            try require(parts.count == 2 && !name.contains(" ") && !name.isEmpty, "no name: \(shown)")
        }
    }

    private static func isKey(_ text: ArraySlice<UInt8>) -> Bool {
        !text.isEmpty
            && text.allSatisfy { byte in
                switch byte {
                case 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"): true
                default: false
                }
            }
    }

    /// Decimal, without an exponent: receivers read no more.
    private static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
        let magnitude = text.first == UInt8(ascii: "-") ? text.dropFirst() : text
        let parts = magnitude.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count <= 2 && parts[0].count <= 20
            && parts.allSatisfy { part in !part.isEmpty && part.allSatisfy { 0x30...0x39 ~= $0 } }
    }
}

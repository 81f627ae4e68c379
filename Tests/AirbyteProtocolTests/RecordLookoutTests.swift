import Testing

@testable import AirbyteProtocol

@Suite struct RecordLookoutTests {
    private static let beginning = Array(#"{"type":"record","record":"#.utf8)

    /// The rule as it reads: without white space and letter case, the beginning of a record stands in the line.
    private func isSuspicious(_ line: [UInt8]) -> Bool {
        let plain = line.filter { $0 != 0x20 && !(0x09...0x0D ~= $0) }.map {
            0x41...0x5A ~= $0 ? $0 | 0x20 : $0
        }
        return plain.indices.contains { plain[$0...].starts(with: Self.beginning) }
    }

    private func compare(_ line: [UInt8]) {
        let expected = isSuspicious(line)
        #expect(RecordLookout.suspects(line) == expected, "\(String(decoding: line, as: UTF8.self))")
        // Cut anywhere, it is the same line.
        for cut in line.indices {
            var lookout = RecordLookout()
            lookout.look(at: line.span.bytes.extracting(first: cut))
            lookout.look(at: line.span.bytes.extracting(droppingFirst: cut))
            #expect(lookout.hasFound == expected, "\(String(decoding: line, as: UTF8.self)) cut at \(cut)")
        }
    }

    @Test(arguments: [
        #"{"type":"RECORD","record":{"stream":"users"}"#, #"12:00 { "type" : "RECORD", "Record" : {}"#,
        #"{ "ty pe":"record","record":"#, #"{{"type":"record","record":1}"#,
        #"{"type":{"type":"record","record":"#,
        #"{"type":"RECORD","record""#, #"{"type":"RECORD"}"#, #"{"type":["null","string"]}"#, "", "{",
        "{{{{{{{{{{{",
        #"{"type":"record","rec{"type":"record","record":"#, "{\t\"type\":\"RECORD\",\r\"record\":",
    ])
    func findsWhatTheRuleFinds(_ line: String) {
        compare(Array(line.utf8))
    }

    /// Every byte of a record's beginning replaced by every other, and put before it.
    @Test func findsWhatTheRuleFindsWhateverIsChanged() {
        let line = Array(#"a{"type":"RECORD","record":{}"#.utf8)
        for index in line.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = line
                changed[index] = byte
                #expect(RecordLookout.suspects(changed) == isSuspicious(changed), "\(byte) at \(index)")
                changed.insert(line[index], at: index + 1)
                #expect(RecordLookout.suspects(changed) == isSuspicious(changed), "\(byte) before \(index)")
            }
        }
    }

    /// In lines that are long enough to be looked through many bytes at a time, a record anywhere in them, or nearly one.
    @Test(arguments: [
        #"{"type":"RECORD","record":"#, #"{ "type":"record","record":"#, #"{"type":"record" ,"record":"#,
        #"{"type":"string","record":"#, #"{{"type":"record","record":"#, #"{"type":"r","record":"#,
        #"{"type":{"type":"record","record":"#, "{\"ty\u{B}pe\":\"record\",\"record\":",
    ])
    func findsARecordAnywhereInALongLine(_ record: String) {
        for filling in ["x", "{", " ", "{\"type\":\""] {
            for before in 0...70 {
                let line =
                    Array(String(repeating: filling, count: before).utf8) + Array(record.utf8)
                    + Array(String(repeating: filling, count: 70).utf8)
                #expect(
                    RecordLookout.suspects(line) == isSuspicious(line),
                    "\(String(decoding: line, as: UTF8.self))"
                )
            }
        }
    }
}

extension RecordLookout {
    /// Whether the beginning of a record stands anywhere in the line.
    fileprivate static func suspects(_ line: [UInt8]) -> Bool {
        var lookout = RecordLookout()
        lookout.look(at: line.span.bytes)
        return lookout.hasFound
    }
}

/// Columns as connectors describe them: a name and a JSON schema.
enum SchemaColumns {
    /// No column takes more bytes, its comma included.
    static let longest = 1_024

    private static let types: [Text] = [
        #"{"type":["null","string"]}"#,
        #"{"type":["null","string"]}"#,
        #"{"type":["null","string"],"maxLength":255}"#,
        #"{"type":["null","integer"]}"#,
        #"{"type":["null","integer"],"airbyte_type":"big_integer"}"#,
        #"{"type":["null","number"]}"#,
        #"{"type":["null","number"],"multipleOf":0.01,"minimum":-1e-7,"maximum":12345678901234567890.5}"#,
        #"{"type":["null","boolean"]}"#,
        #"{"type":["null","boolean"],"default":false}"#,
        #"{"type":["null","string"],"format":"date"}"#,
        #"{"type":["null","string"],"format":"date-time","airbyte_type":"timestamp_with_timezone"}"#,
        #"{"type":["null","string"],"format":"date-time","airbyte_type":"timestamp_without_timezone"}"#,
        #"{"type":["null","string"],"format":"time","airbyte_type":"time_without_timezone"}"#,
        #"{"type":["null","string"],"format":"uuid","pattern":"^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$"}"#,
        #"{"type":["null","string"],"contentEncoding":"base64"}"#,
        #"{"$ref":"WellKnownTypes.json#/definitions/String"}"#,
        #"{"$ref":"WellKnownTypes.json#/definitions/Integer"}"#,
        #"{"$ref":"WellKnownTypes.json#/definitions/Date"}"#,
        #"{"$ref":"WellKnownTypes.json#/definitions/TimestampWithTimezone"}"#,
        #"{"oneOf":[{"type":"null"},{"$ref":"WellKnownTypes.json#/definitions/Number"}]}"#,
        #"{"type":["null","string"],"enum":["open","closed","\u00fcberf\u00e4llig","en cours",null]}"#,
        #"{"type":["null","array"],"items":{"type":["null","string"]}}"#,
        #"{"type":["null","array"],"items":{"type":["null","object"],"properties":{"id":{"type":["null","integer"]},"#
            + #""title":{"type":["null","string"]},"price":{"type":["null","number"]}}}}"#,
        #"{"type":["null","object"],"additionalProperties":true,"properties":{}}"#,
        #"{"type":["null","object"],"properties":{"street":{"type":["null","string"]},"zip":{"type":["null","string"]"#
            + #","pattern":"^\\d{5}$"},"geo":{"type":["null","object"],"properties":{"lat":{"type":["null","number"]},"#
            + #""lon":{"type":["null","number"]}}}}}"#,
    ]

    /// Appends `,"name":{…}`; the number makes the name one of its kind.
    static func append(_ number: Int, to buffer: inout [UInt8], _ random: inout SeededGenerator) {
        buffer.append(",\"")
        buffer.append(random.pick(Words.names))
        buffer.append("_")
        buffer.append(number)
        buffer.append("\":")
        buffer.append(random.pick(types))
        guard random.chance(percent: 20) else { return }
        // The schema is open again for one more member; where it had none, there would be a comma too many.
        buffer.removeLast()
        buffer.append(",\"description\":\"")
        Words.appendProse(20 + random.below(180), escaped: true, to: &buffer, &random)
        buffer.append("\"}")
    }

    private static let fillerHead: Text = ",\"filler\":{\"description\":\""
    private static let fillerTail: Text = "\"}"

    /// What a filler takes when its text is empty.
    static let emptyFiller = fillerHead.count + fillerTail.count

    /// Appends a column whose description has so many bytes.
    static func appendFiller(_ length: Int, to buffer: inout [UInt8], _ random: inout SeededGenerator) {
        buffer.append(fillerHead)
        Words.appendProse(length, escaped: true, to: &buffer, &random)
        buffer.append(fillerTail)
    }
}

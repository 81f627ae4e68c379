/// A named value of a span, a log record or a resource, as OpenTelemetry has them.
package struct Attribute: Hashable, Sendable {
    package enum Value: Hashable, Sendable {
        case string(String)
        case int(Int64)
        case double(Double)
        case bool(Bool)
    }

    package var key: String
    package var value: Value

    package init(_ key: String, _ value: Value) {
        self.key = key
        self.value = value
    }

    package init(_ key: String, _ text: String) {
        self.init(key, .string(text))
    }
}

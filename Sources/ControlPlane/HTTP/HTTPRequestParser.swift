/// The head of a request.
public struct HTTPRequestHead: Equatable, Sendable {
    public var method = ""
    /// Path and query as they stand in the request line.
    public var target = ""
    /// Names in lower case.
    public var fields: [String: String] = [:]

    public init() {}

    /// Up to the question mark.
    public var path: Substring { target.prefix { $0 != "?" } }

    /// The value of a query's item; empty where it has none.
    public func query(_ name: String) -> String? {
        guard let mark = target.firstIndex(of: "?") else { return nil }
        for item in target[target.index(after: mark)...].split(separator: "&") {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.first.map(String.init) == name { return parts.count > 1 ? String(parts[1]) : "" }
        }
        return nil
    }
}

/// Requests of one connection, taken apart as they come: HTTP/1.1 with a length or in chunks (RFC 9112).
///
/// Bodies are handed on piece by piece and never kept.
public struct HTTPRequestParser {
    public enum Event {
        /// A head; its body follows.
        case head(HTTPRequestHead)
        /// The next piece of the body; the buffer lives for the call only.
        case body(UnsafeRawBufferPointer)
        /// The request is complete.
        case end
    }

    public struct Malformed: Error, Equatable {
        public var problem: String
    }

    private enum State: Equatable {
        case head
        case fixed(remaining: Int)
        case chunkSize
        case chunk(remaining: Int)
        case chunkEnd
        case trailer
    }

    /// The sidecar's heads have a few hundred bytes; a signature and a token do not make them longer than this.
    public static let maxHeadLength = 64 * 1_024

    private var state = State.head
    /// A head or a line of chunked framing that has not come whole yet.
    private var partial: [UInt8] = []

    public init() {}

    /// True between two requests.
    public var isIdle: Bool { state == .head && partial.isEmpty }

    /// Takes the next bytes.
    public mutating func take(_ bytes: UnsafeRawBufferPointer, _ handle: (Event) -> Void) throws(Malformed) {
        var rest = bytes
        while !rest.isEmpty {
            switch state {
            case .head:
                guard let end = takeHead(&rest) else { break }
                try begin(HTTPRequestHead(parsing: end), handle)
            case .fixed(let remaining):
                let count = min(remaining, rest.count)
                handle(.body(UnsafeRawBufferPointer(rebasing: rest[..<count])))
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                state = .fixed(remaining: remaining - count)
                if count == remaining { end(handle) }
            case .chunkSize:
                guard let line = takeLine(&rest) else { break }
                guard let size = Int(line.prefix { $0 != ";" && $0 != " " }, radix: 16), size >= 0 else {
                    throw Malformed(problem: "a chunk's size is '\(line)'")
                }
                state = size == 0 ? .trailer : .chunk(remaining: size)
            case .chunk(let remaining):
                let count = min(remaining, rest.count)
                handle(.body(UnsafeRawBufferPointer(rebasing: rest[..<count])))
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                state = count == remaining ? .chunkEnd : .chunk(remaining: remaining - count)
            case .chunkEnd:
                guard let line = takeLine(&rest) else { break }
                guard line.isEmpty else { throw Malformed(problem: "a chunk is longer than its size") }
                state = .chunkSize
            case .trailer:
                guard let line = takeLine(&rest) else { break }
                if line.isEmpty { end(handle) }
            }
            guard partial.count <= Self.maxHeadLength else {
                throw Malformed(problem: "a head is longer than \(Self.maxHeadLength) bytes")
            }
        }
    }

    private mutating func end(_ handle: (Event) -> Void) {
        state = .head
        handle(.end)
    }

    private mutating func begin(
        _ head: HTTPRequestHead,
        _ handle: (Event) -> Void
    ) throws(Malformed) {
        handle(.head(head))
        if let coding = head.fields["transfer-encoding"] {
            guard coding.lowercased() == "chunked" else {
                throw Malformed(problem: "transfer coding \(coding) is not known")
            }
            state = .chunkSize
            return
        }
        guard let length = Int(head.fields["content-length"] ?? "0"), length >= 0 else {
            throw Malformed(problem: "a length is no number")
        }
        state = .fixed(remaining: length)
        if length == 0 { end(handle) }
    }

    /// The bytes of a head without the empty line, once it is whole.
    private mutating func takeHead(_ rest: inout UnsafeRawBufferPointer) -> [UInt8]? {
        // The end can lie across two pieces: looked for from three bytes before the new ones.
        let known = partial.count
        let limit = min(rest.count, Self.maxHeadLength + 1)
        partial.append(contentsOf: rest[..<limit])
        var index = max(3, known)
        while index < partial.count {
            if partial[index] == 0x0A, partial[index - 1] == 0x0D, partial[index - 2] == 0x0A {
                let head = Array(partial[..<(index - 3 + 1)])
                rest = UnsafeRawBufferPointer(rebasing: rest[(index + 1 - known)...])
                partial.removeAll(keepingCapacity: true)
                return head
            }
            index += 1
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[limit...])
        return nil
    }

    /// A line of the chunked framing without its end, once it is whole.
    private mutating func takeLine(_ rest: inout UnsafeRawBufferPointer) -> String? {
        guard let feed = rest.firstIndex(of: 0x0A) else {
            partial.append(contentsOf: rest)
            rest = UnsafeRawBufferPointer(rebasing: rest[rest.count...])
            return nil
        }
        partial.append(contentsOf: rest[..<feed])
        rest = UnsafeRawBufferPointer(rebasing: rest[(feed + 1)...])
        if partial.last == 0x0D { partial.removeLast() }
        defer { partial.removeAll(keepingCapacity: true) }
        return String(decoding: partial, as: UTF8.self)
    }
}

extension HTTPRequestHead {
    init(parsing bytes: [UInt8]) throws(HTTPRequestParser.Malformed) {
        let lines = bytes.split(whereSeparator: { $0 == 0x0D || $0 == 0x0A })
        guard let first = lines.first else {
            throw HTTPRequestParser.Malformed(problem: "a request is empty")
        }
        let parts = first.split(separator: 0x20)
        guard parts.count == 3, parts[2].elementsEqual("HTTP/1.1".utf8) else {
            throw HTTPRequestParser.Malformed(
                problem: "a request begins with '\(String(decoding: first.prefix(100), as: UTF8.self))'"
            )
        }
        method = String(decoding: parts[0], as: UTF8.self)
        target = String(decoding: parts[1], as: UTF8.self)
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: 0x3A) else {
                throw HTTPRequestParser.Malformed(problem: "a field has no colon")
            }
            let value = line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
            fields[String(decoding: line[..<colon], as: UTF8.self).lowercased()] =
                String(decoding: value, as: UTF8.self)
        }
    }
}

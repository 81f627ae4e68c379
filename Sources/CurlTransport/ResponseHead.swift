import HTTP

/// The status line and header fields of an answer, gathered line by line as they arrive.
///
/// An interim answer (1xx) makes room for the final one; what follows the final head's empty line, the
/// trailer of a chunked body, is left out.
struct ResponseHead {
    /// Servers and proxies commonly stop at 8 to 64 KiB themselves, so nothing legitimate is longer.
    static let maximumBytes = 64 * 1024

    /// What an exchange says that ends because of that.
    static let tooLong = "the head of the answer is longer than \(maximumBytes) bytes"

    private enum Progress { case expectsStatusLine, expectsFields, ended }

    /// The fields in the order of their arrival.
    private(set) var headers: [HTTPHeader] = []
    /// The status of the answer whose head has begun, which can be an interim one; zero before any.
    private(set) var status = 0
    private var bytes = 0
    private var progress = Progress.expectsStatusLine

    /// Whether the final answer's head has come to its empty line.
    var isComplete: Bool { progress == .ended }

    /// The value of the first field of that name, in any letter case.
    subscript(name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }

    /// Whether client and server may see the end of the answer at different places, so that nothing can be told of what
    /// comes after it on the same connection.
    ///
    /// RFC 9112, section 6: 204 and 304 have no body, whatever their fields say, yet some servers send the end of a
    /// chunked one; and a length beside a transfer coding is an error.
    var hasDoubtfulEnd: Bool {
        let (coding, length) = (self["Transfer-Encoding"], self["Content-Length"])
        switch status {
        case 204: return coding != nil || length.map { $0 != "0" } ?? false
        // The length is that of the body that is left out.
        case 304: return coding != nil
        default: return coding != nil && length != nil
        }
    }

    /// Takes one line, its line end included; false says that the head is longer than allowed.
    mutating func append(_ line: some Collection<UInt8>) -> Bool {
        bytes += line.count
        guard bytes <= ResponseHead.maximumBytes else { return false }
        switch progress {
        case .expectsStatusLine:
            status = ResponseHead.status(in: line)
            headers = []
            progress = .expectsFields
        case .expectsFields:
            if line.allSatisfy({ $0 == cr || $0 == lf }) {
                progress = 100..<200 ~= status ? .expectsStatusLine : .ended
            } else {
                appendField(line)
            }
        case .ended:
            break
        }
        return true
    }

    private mutating func appendField(_ line: some Collection<UInt8>) {
        if let first = line.first, first == space || first == tab {
            // RFC 9112, section 5.2: an obsolete line folding stands for a space within the value.
            let text = trimmed(line)
            guard let last = headers.indices.last, !text.isEmpty else { return }
            headers[last].value += headers[last].value.isEmpty ? text : " " + text
            return
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        headers.append(HTTPHeader(trimmed(line[..<colon]), trimmed(line[line.index(after: colon)...])))
    }

    /// The second word of `HTTP/1.1 200 OK`; libcurl has checked it before.
    private static func status(in line: some Collection<UInt8>) -> Int {
        let words = line.split(separator: space, maxSplits: 2, omittingEmptySubsequences: true)
        guard words.count >= 2 else { return 0 }
        return Int(trimmed(words[1])) ?? 0
    }
}

private let cr = UInt8(ascii: "\r")
private let lf = UInt8(ascii: "\n")
private let space = UInt8(ascii: " ")
private let tab = UInt8(ascii: "\t")

/// The text without the white space around it.
private func trimmed(_ bytes: some Collection<UInt8>) -> String {
    func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab || byte == cr || byte == lf }
    var rest = Array(bytes.drop(while: isBlank))
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return String(decoding: rest, as: UTF8.self)
}

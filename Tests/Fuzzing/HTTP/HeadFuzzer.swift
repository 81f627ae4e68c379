import HTTP

@testable import CurlTransport

/// A head of an answer: bounded, and without line ends in its fields.
enum HeadFuzzer {
    static func check(_ input: [UInt8]) throws {
        var head = ResponseHead()
        var input = FuzzInput(input)
        var fits = true
        while !input.rest.isEmpty, fits {
            let line = input.part(upTo: UInt8(ascii: "\n")) + [UInt8(ascii: "\n")]
            fits = head.append(line)
        }
        var length = 0
        for header in head.headers {
            length += header.name.utf8.count + header.value.utf8.count
            for text in [header.name, header.value] {
                try require(!text.utf8.contains(0x0A), "a field has a line end in it")
                try require(
                    text.utf8.first.map { ![0x20, 0x09].contains($0) } ?? true,
                    "a field begins with a blank"
                )
            }
        }
        // What is not UTF-8 becomes up to three times as long.
        try require(length <= 3 * ResponseHead.maximumBytes, "a head of \(length) bytes is held")
        _ = head.hasDoubtfulEnd
        _ = head["Content-Length"]
        if head.isComplete {
            try require(!(100..<200).contains(head.status), "an interim answer is the last one")
        }
        var response = HTTPResponse(status: head.status, headers: head.headers)
        response.arrival = 0
        _ = (response.retryAfter, response.secondsSince1970, response.mediaType)
    }
}

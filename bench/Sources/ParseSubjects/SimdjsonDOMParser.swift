import CSimdjsonDOM

/// simdjson's DOM over each line.
struct SimdjsonDOMParser: ParseSubject {
    private final class Handle {
        let dom: OpaquePointer

        init() {
            guard let dom = csimdjson_dom_create() else { fatalError("out of memory") }
            self.dom = dom
        }

        deinit { csimdjson_dom_destroy(dom) }
    }

    private let handle = Handle()

    init() {}

    mutating func read(_ chunk: RawSpan) {
        chunk.withUnsafeBytes { csimdjson_dom_read(handle.dom, $0.baseAddress, $0.count) }
    }

    mutating func finish() -> ParseOutcome {
        csimdjson_dom_finish(handle.dom)
        return ParseOutcome(
            messages: csimdjson_dom_messages(handle.dom),
            others: csimdjson_dom_others(handle.dom)
        )
    }
}

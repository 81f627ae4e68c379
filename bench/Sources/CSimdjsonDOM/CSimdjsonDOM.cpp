#include "CSimdjsonDOM.h"

#include <simdjson.h>

#include <cstring>
#include <new>
#include <vector>

static_assert(CSIMDJSON_DOM_PADDING >= simdjson::SIMDJSON_PADDING, "chunks carry the padding that simdjson reads");

struct CSimdjsonDOM {
    simdjson::dom::parser parser;
    // The beginning of a line whose end has not come yet.
    std::vector<uint8_t> pending;
    size_t messages = 0;
    size_t others = 0;

    void parse(const uint8_t *line, size_t length) {
        simdjson::dom::element root;
        std::string_view type;
        auto error = parser.parse(line, length, false).get(root);
        if (!error) error = root["type"].get(type);
        if (error) {
            others++;
        } else {
            messages++;
        }
    }

    void parse_pending() {
        size_t length = pending.size();
        pending.resize(length + CSIMDJSON_DOM_PADDING);
        parse(pending.data(), length);
        pending.clear();
    }
};

extern "C" CSimdjsonDOM *csimdjson_dom_create(void) { return new (std::nothrow) CSimdjsonDOM; }

extern "C" void csimdjson_dom_destroy(CSimdjsonDOM *dom) { delete dom; }

extern "C" void csimdjson_dom_read(CSimdjsonDOM *dom, const uint8_t *bytes, size_t count) {
    size_t start = 0;
    while (auto found = static_cast<const uint8_t *>(memchr(bytes + start, '\n', count - start))) {
        size_t end = static_cast<size_t>(found - bytes);
        if (dom->pending.empty()) {
            dom->parse(bytes + start, end - start);
        } else {
            dom->pending.insert(dom->pending.end(), bytes + start, found);
            dom->parse_pending();
        }
        start = end + 1;
    }
    dom->pending.insert(dom->pending.end(), bytes + start, bytes + count);
}

extern "C" void csimdjson_dom_finish(CSimdjsonDOM *dom) {
    if (!dom->pending.empty()) dom->parse_pending();
}

extern "C" size_t csimdjson_dom_messages(const CSimdjsonDOM *dom) { return dom->messages; }

extern "C" size_t csimdjson_dom_others(const CSimdjsonDOM *dom) { return dom->others; }

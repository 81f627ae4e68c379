#include "CSimdjson.h"

#include <simdjson.h>

#include <cstring>
#include <memory>
#include <new>
#include <vector>

static_assert(CSIMDJSON_PADDING >= simdjson::SIMDJSON_PADDING, "texts carry the padding that simdjson reads");

namespace {

// Texts up to this size leave their buffers behind for the next one; a longer one's are given back.
constexpr size_t kKeptCapacity = 1 << 20;

// What stage 1 allocates for at least, so that lines of ordinary length never make it allocate again.
constexpr size_t kLeastCapacity = 1 << 14;

bool is_white_space(uint8_t c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

bool is_hex_digit(uint8_t c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// Where the text's first value ends if its brackets and quotes are right; the text's end if they are not.
size_t find_first_value_end(const uint8_t *bytes, size_t length) {
    size_t i = 0;
    while (i < length && is_white_space(bytes[i])) i++;
    size_t depth = 0;
    for (; i < length; i++) {
        switch (bytes[i]) {
        case '{':
        case '[':
            depth++;
            break;
        case '}':
        case ']':
            if (depth <= 1) return i + 1;
            depth--;
            break;
        case '"':
            for (i++; i < length && bytes[i] != '"'; i++) {
                if (bytes[i] == '\\') i++;
            }
            if (i >= length) return length;
            if (depth == 0) return i + 1;
            break;
        default:
            if (depth == 0 && is_white_space(bytes[i])) return i;
            break;
        }
    }
    return length;
}

}  // namespace

struct CSimdjsonParser {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> indexer;
    size_t capacity = 0;
    std::vector<CSimdjsonNode> nodes;

    int run_indexer(const uint8_t *bytes, size_t length);
    void give_back_large_buffers();
};

int CSimdjsonParser::run_indexer(const uint8_t *bytes, size_t length) {
    if (length > capacity || !indexer) {
        size_t wanted = length > kLeastCapacity ? length : kLeastCapacity;
        indexer.reset();
        capacity = 0;
        // The depth is the walk's own business; simdjson's stacks are for its stage 2, which does not run
        // here.
        const auto &simd = simdjson::get_active_implementation();
        auto error = simd->create_dom_parser_implementation(wanted, 1, indexer);
        if (error) return CSIMDJSON_NO_MEMORY;
        capacity = wanted;
    }
    switch (indexer->stage1(bytes, length, simdjson::stage1_mode::regular)) {
    case simdjson::SUCCESS:
        return CSIMDJSON_OK;
    case simdjson::EMPTY:
        return CSIMDJSON_EMPTY;
    case simdjson::UNCLOSED_STRING:
        return CSIMDJSON_UNCLOSED_STRING;
    case simdjson::UNESCAPED_CHARS:
        return CSIMDJSON_CONTROL_CHARACTER;
    case simdjson::UTF8_ERROR:
        return CSIMDJSON_UTF8;
    case simdjson::MEMALLOC:
        return CSIMDJSON_NO_MEMORY;
    default:
        return CSIMDJSON_INTERNAL;
    }
}

void CSimdjsonParser::give_back_large_buffers() {
    if (capacity > kKeptCapacity) {
        indexer.reset();
        capacity = 0;
    }
    if (nodes.capacity() * sizeof(CSimdjsonNode) > kKeptCapacity) std::vector<CSimdjsonNode>().swap(nodes);
}

namespace {

// The walk over the structural index: simdjson says where brackets, commas, colons, strings and other words
// begin, and has checked UTF-8, closing quotes and control characters; everything else is checked here.
class Walk {
public:
    Walk(
        const uint8_t *bytes, size_t length, const uint32_t *index, uint32_t count, const char *opaque_keys,
        std::vector<CSimdjsonNode> &nodes)
        : bytes_(bytes),
          length_(length),
          index_(index),
          count_(count),
          opaque_keys_(opaque_keys),
          nodes_(nodes) {}

    int run(bool ignore_trailing);
    size_t offset() const { return offset_; }

private:
    // An open object or array. One that is not in the index has no node.
    struct Open {
        uint32_t node;
        bool is_object;
    };
    static constexpr uint32_t kNoNode = UINT32_MAX;

    const uint8_t *bytes_;
    size_t length_;
    const uint32_t *index_;
    uint32_t count_;
    const char *opaque_keys_;
    std::vector<CSimdjsonNode> &nodes_;
    uint32_t at_ = 0;
    size_t offset_ = 0;
    size_t depth_ = 0;
    // The depth of the opaque value that the walk is in; 0 outside of one.
    size_t opaque_depth_ = 0;
    // Whether the value that comes next stands under an opaque key.
    bool next_is_opaque_ = false;
    Open open_[CSIMDJSON_DEPTH];

    int fail(int error, size_t offset) {
        offset_ = offset;
        return error;
    }
    // The position of the structural that comes next; the text's end behind the last.
    size_t position() const { return at_ < count_ ? index_[at_] : length_; }
    // Its byte; 0, which fits nowhere, behind the last.
    uint8_t peek() const { return at_ < count_ ? bytes_[index_[at_]] : 0; }
    bool ends_a_word(size_t i) const {
        if (i >= length_) return true;
        uint8_t c = bytes_[i];
        return is_white_space(c) || c == ',' || c == ']' || c == '}' || c == ':';
    }

    int value();
    int open(uint8_t kind);
    void close();
    int key();
    int string(uint8_t *flags, size_t *start, size_t *end);
    int check_escapes(size_t start, size_t end, uint8_t *flags);
    int number();
    int literal(const char *word, size_t word_length, uint8_t kind);
    bool is_opaque_key(size_t start, size_t end) const;
    void add(size_t start, size_t end, uint8_t kind, uint8_t flags);
};

void Walk::add(size_t start, size_t end, uint8_t kind, uint8_t flags) {
    if (opaque_depth_ != 0) return;
    auto next = static_cast<uint32_t>(nodes_.size() + 1);
    nodes_.push_back({static_cast<uint32_t>(start), static_cast<uint32_t>(end), next, kind, flags, 0});
}

int Walk::open(uint8_t kind) {
    if (depth_ == CSIMDJSON_DEPTH) return fail(CSIMDJSON_TOO_DEEP, position());
    bool in_index = opaque_depth_ == 0;
    uint32_t node = in_index ? static_cast<uint32_t>(nodes_.size()) : kNoNode;
    add(position(), position(), kind, next_is_opaque_ ? CSIMDJSON_IS_OPAQUE : 0);
    open_[depth_] = {node, kind == CSIMDJSON_OBJECT};
    depth_++;
    if (in_index && next_is_opaque_) opaque_depth_ = depth_;
    next_is_opaque_ = false;
    at_++;
    return CSIMDJSON_OK;
}

// Takes the closing bracket that comes next, which fits the innermost open value.
void Walk::close() {
    if (opaque_depth_ == depth_) opaque_depth_ = 0;
    depth_--;
    uint32_t node = open_[depth_].node;
    if (node != kNoNode) {
        nodes_[node].end = static_cast<uint32_t>(position() + 1);
        nodes_[node].next = static_cast<uint32_t>(nodes_.size());
    }
    at_++;
}

int Walk::check_escapes(size_t start, size_t end, uint8_t *flags) {
    size_t i = start;
    while (true) {
        auto found = static_cast<const uint8_t *>(memchr(bytes_ + i, '\\', end - i));
        if (!found) return CSIMDJSON_OK;
        *flags = CSIMDJSON_HAS_ESCAPES;
        i = static_cast<size_t>(found - bytes_) + 1;
        switch (bytes_[i]) {
        case '"':
        case '\\':
        case '/':
        case 'b':
        case 'f':
        case 'n':
        case 'r':
        case 't':
            i++;
            break;
        case 'u':
            for (size_t digit = 1; digit <= 4; digit++) {
                if (i + digit >= end || !is_hex_digit(bytes_[i + digit])) {
                    return fail(CSIMDJSON_ESCAPE, i - 1);
                }
            }
            i += 5;
            break;
        default:
            return fail(CSIMDJSON_ESCAPE, i - 1);
        }
    }
}

int Walk::string(uint8_t *flags, size_t *start, size_t *end) {
    *start = position();
    at_++;
    // Behind a string there is only white space up to the next structural, for simdjson begins a new one with
    // any other byte there.
    size_t last = position() - 1;
    while (is_white_space(bytes_[last])) last--;
    if (last <= *start || bytes_[last] != '"') return fail(CSIMDJSON_UNCLOSED_STRING, *start);
    *end = last + 1;
    return check_escapes(*start + 1, last, flags);
}

int Walk::number() {
    size_t start = position();
    size_t i = start;
    if (bytes_[i] == '-') i++;
    if (bytes_[i] == '0') {
        i++;
    } else if (is_digit(bytes_[i])) {
        while (is_digit(bytes_[i])) i++;
    } else {
        return fail(CSIMDJSON_NUMBER, start);
    }
    if (bytes_[i] == '.') {
        i++;
        if (!is_digit(bytes_[i])) return fail(CSIMDJSON_NUMBER, start);
        while (is_digit(bytes_[i])) i++;
    }
    if (bytes_[i] == 'e' || bytes_[i] == 'E') {
        i++;
        if (bytes_[i] == '+' || bytes_[i] == '-') i++;
        if (!is_digit(bytes_[i])) return fail(CSIMDJSON_NUMBER, start);
        while (is_digit(bytes_[i])) i++;
    }
    if (!ends_a_word(i)) return fail(CSIMDJSON_NUMBER, start);
    add(start, i, CSIMDJSON_NUMBER_VALUE, 0);
    at_++;
    return CSIMDJSON_OK;
}

int Walk::literal(const char *word, size_t word_length, uint8_t kind) {
    size_t start = position();
    if (length_ - start < word_length || memcmp(bytes_ + start, word, word_length) != 0 ||
        !ends_a_word(start + word_length)) {
        return fail(CSIMDJSON_LITERAL, start);
    }
    add(start, start + word_length, kind, 0);
    at_++;
    return CSIMDJSON_OK;
}

bool Walk::is_opaque_key(size_t start, size_t end) const {
    for (const char *name = opaque_keys_; name && *name; name += strlen(name) + 1) {
        size_t name_length = strlen(name);
        if (name_length == end - start && memcmp(name, bytes_ + start, name_length) == 0) return true;
    }
    return false;
}

// A key and its colon.
int Walk::key() {
    if (peek() != '"') return fail(CSIMDJSON_STRUCTURE, position());
    uint8_t flags = 0;
    size_t start = 0, end = 0;
    if (int error = string(&flags, &start, &end)) return error;
    if (peek() != ':') return fail(CSIMDJSON_STRUCTURE, position());
    at_++;
    add(start, end, CSIMDJSON_STRING, flags);
    next_is_opaque_ = opaque_depth_ == 0 && is_opaque_key(start + 1, end - 1);
    return CSIMDJSON_OK;
}

// A whole scalar, or the opening bracket of an object or array.
int Walk::value() {
    uint8_t c = peek();
    if (c == '{') return open(CSIMDJSON_OBJECT);
    if (c == '[') return open(CSIMDJSON_ARRAY);
    next_is_opaque_ = false;
    switch (c) {
    case '"': {
        uint8_t flags = 0;
        size_t start = 0, end = 0;
        if (int error = string(&flags, &start, &end)) return error;
        add(start, end, CSIMDJSON_STRING, flags);
        return CSIMDJSON_OK;
    }
    case 't':
        return literal("true", 4, CSIMDJSON_TRUE);
    case 'f':
        return literal("false", 5, CSIMDJSON_FALSE);
    case 'n':
        return literal("null", 4, CSIMDJSON_NULL);
    case 0:
    case ',':
    case ':':
    case ']':
    case '}':
        return fail(CSIMDJSON_STRUCTURE, position());
    default:
        if (c == '-' || is_digit(c)) return number();
        return fail(CSIMDJSON_LITERAL, position());
    }
}

int Walk::run(bool ignore_trailing) {
    bool just_opened = false;
    do {
        if (depth_ > 0) {
            // The innermost open value goes on with its next member or ends.
            Open inner = open_[depth_ - 1];
            uint8_t c = peek();
            if (c == (inner.is_object ? '}' : ']')) {
                if (just_opened && inner.node != kNoNode) nodes_[inner.node].flags |= CSIMDJSON_IS_EMPTY;
                just_opened = false;
                close();
                continue;
            }
            if (!just_opened) {
                if (c != ',') return fail(CSIMDJSON_STRUCTURE, position());
                at_++;
            }
            if (inner.is_object) {
                if (int error = key()) return error;
            }
        }
        size_t depth_before = depth_;
        if (int error = value()) return error;
        just_opened = depth_ > depth_before;
    } while (depth_ > 0);
    if (!ignore_trailing && at_ < count_) return fail(CSIMDJSON_TRAILING, position());
    return CSIMDJSON_OK;
}

int parse(
    CSimdjsonParser *parser, const uint8_t *bytes, size_t length, const char *opaque_keys,
    bool ignore_trailing, size_t *error_offset) {
    parser->nodes.clear();
    *error_offset = 0;
    if (length > simdjson::SIMDJSON_MAXSIZE_BYTES - CSIMDJSON_PADDING) return CSIMDJSON_TOO_LONG;
    if (length == 0) return CSIMDJSON_EMPTY;
    int error = parser->run_indexer(bytes, length);
    std::vector<uint8_t> first;
    if (error && error != CSIMDJSON_EMPTY && ignore_trailing) {
        // Stage 1 judges the whole text. If the first value ends earlier, judge that one alone.
        size_t end = find_first_value_end(bytes, length);
        if (end < length) {
            first.assign(bytes, bytes + end);
            first.resize(end + CSIMDJSON_PADDING, 0);
            bytes = first.data();
            length = end;
            error = parser->run_indexer(bytes, length);
        }
    }
    if (error) {
        *error_offset = error == CSIMDJSON_EMPTY ? 0 : length;
        return error;
    }
    auto &indexer = *parser->indexer;
    const uint32_t *index = indexer.structural_indexes.get();
    Walk walk(bytes, length, index, indexer.n_structural_indexes, opaque_keys, parser->nodes);
    error = walk.run(ignore_trailing);
    if (error) *error_offset = walk.offset();
    return error;
}

}  // namespace

extern "C" CSimdjsonParser *csimdjson_create(void) { return new (std::nothrow) CSimdjsonParser; }

extern "C" void csimdjson_destroy(CSimdjsonParser *parser) { delete parser; }

extern "C" int csimdjson_parse(
    CSimdjsonParser *parser, const uint8_t *bytes, size_t length, const char *opaque_keys,
    bool ignore_trailing, const CSimdjsonNode **nodes, size_t *node_count, size_t *error_offset) {
    *nodes = nullptr;
    *node_count = 0;
    try {
        int error = parse(parser, bytes, length, opaque_keys, ignore_trailing, error_offset);
        if (error == CSIMDJSON_OK) {
            *nodes = parser->nodes.data();
            *node_count = parser->nodes.size();
        }
        return error;
    } catch (const std::bad_alloc &) {
        return CSIMDJSON_NO_MEMORY;
    } catch (...) {
        return CSIMDJSON_INTERNAL;
    }
}

extern "C" void csimdjson_trim(CSimdjsonParser *parser) { parser->give_back_large_buffers(); }

extern "C" bool csimdjson_is_utf8(const uint8_t *bytes, size_t length) {
    return simdjson::validate_utf8(reinterpret_cast<const char *>(bytes), length);
}

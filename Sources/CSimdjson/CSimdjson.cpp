#include "CSimdjson.h"

#include <simdjson.h>

#include <cstring>
#include <memory>
#include <new>
#include <string>
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
    std::vector<std::string> opaque_keys;
    std::unique_ptr<simdjson::internal::dom_parser_implementation> indexer;
    size_t capacity = 0;
    std::vector<CSimdjsonNode> nodes;

    int run_indexer(const uint8_t *bytes, size_t length);
    void give_back_large_index();
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

void CSimdjsonParser::give_back_large_index() {
    if (capacity <= kKeptCapacity) return;
    indexer.reset();
    capacity = 0;
}

void CSimdjsonParser::give_back_large_buffers() {
    give_back_large_index();
    if (nodes.capacity() * sizeof(CSimdjsonNode) > kKeptCapacity) std::vector<CSimdjsonNode>().swap(nodes);
}

namespace {

// The walk over the structural index: simdjson says where brackets, commas, colons, strings and other words
// begin, and has checked UTF-8, closing quotes and control characters; everything else is checked here.
class Walk {
public:
    Walk(
        const uint8_t *bytes, size_t length, const uint32_t *index, uint32_t count,
        const std::vector<std::string> &opaque_keys, std::vector<CSimdjsonNode> &nodes)
        : bytes_(bytes),
          length_(length),
          index_(index),
          count_(count),
          opaque_keys_(opaque_keys),
          nodes_(nodes) {}

    int run(bool ignore_trailing);
    size_t offset() const { return offset_; }

private:
    // An open object or array. The node is that of one that is in the index.
    struct Open {
        uint32_t node;
        bool is_object;
    };

    const uint8_t *bytes_;
    size_t length_;
    const uint32_t *index_;
    uint32_t count_;
    const std::vector<std::string> &opaque_keys_;
    std::vector<CSimdjsonNode> &nodes_;
    uint32_t at_ = 0;
    // The first backslash at or behind the last string that was looked at: in most texts there are few, and a
    // search for every string costs more than all else that strings cost.
    size_t backslash_ = 0;
    bool knows_backslash_ = false;
    size_t offset_ = 0;
    size_t depth_ = 0;
    // Whether the value that comes next stands under an opaque key.
    bool next_is_opaque_ = false;
    Open open_[CSIMDJSON_DEPTH];

    int fail(int error, size_t offset) {
        offset_ = offset;
        return error;
    }
    // The position of the structural that comes next; behind the last, the text's end, for which simdjson has
    // put in an entry too.
    size_t position() const { return index_[at_]; }
    // Its byte; 0, which fits nowhere, behind the last.
    uint8_t peek() const { return bytes_[index_[at_]]; }
    bool ends_a_word(size_t i) const {
        if (i >= length_) return true;
        uint8_t c = bytes_[i];
        return is_white_space(c) || c == ',' || c == ']' || c == '}' || c == ':';
    }

    int value();
    int opaque_value();
    int open(uint8_t kind);
    void close();
    int key();
    int string(uint8_t *flags, size_t *start, size_t *end);
    size_t next_backslash(size_t from);
    int check_escapes(size_t start, size_t end, uint8_t *flags);
    int scalar(size_t start, size_t *end, uint8_t *kind);
    int number(size_t start, size_t *end);
    int literal(const char *word, size_t word_length, size_t start, size_t *end);
    bool is_opaque_key(size_t start, size_t end) const;
    void add(size_t start, size_t end, uint8_t kind, uint8_t flags);
};

inline void Walk::add(size_t start, size_t end, uint8_t kind, uint8_t flags) {
    auto next = static_cast<uint32_t>(nodes_.size() + 1);
    nodes_.push_back({static_cast<uint32_t>(start), static_cast<uint32_t>(end), next, kind, flags, 0});
}

int Walk::open(uint8_t kind) {
    if (depth_ == CSIMDJSON_DEPTH) return fail(CSIMDJSON_TOO_DEEP, position());
    open_[depth_] = {static_cast<uint32_t>(nodes_.size()), kind == CSIMDJSON_OBJECT};
    add(position(), position(), kind, 0);
    depth_++;
    at_++;
    return CSIMDJSON_OK;
}

// Takes the closing bracket that comes next, which fits the innermost open value.
void Walk::close() {
    depth_--;
    auto &node = nodes_[open_[depth_].node];
    node.end = static_cast<uint32_t>(position() + 1);
    node.next = static_cast<uint32_t>(nodes_.size());
    at_++;
}

// The first backslash at or behind a position; the text's end if there is none.
size_t Walk::next_backslash(size_t from) {
    if (!knows_backslash_ || backslash_ < from) {
        auto found = static_cast<const uint8_t *>(memchr(bytes_ + from, '\\', length_ - from));
        backslash_ = found ? static_cast<size_t>(found - bytes_) : length_;
        knows_backslash_ = true;
    }
    return backslash_;
}

int Walk::check_escapes(size_t start, size_t end, uint8_t *flags) {
    size_t i = start;
    while (true) {
        i = next_backslash(i);
        if (i >= end) return CSIMDJSON_OK;
        i++;
        *flags = CSIMDJSON_HAS_ESCAPES;
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

int Walk::number(size_t start, size_t *end) {
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
    *end = i;
    return CSIMDJSON_OK;
}

int Walk::literal(const char *word, size_t word_length, size_t start, size_t *end) {
    if (length_ - start < word_length || memcmp(bytes_ + start, word, word_length) != 0 ||
        !ends_a_word(start + word_length)) {
        return fail(CSIMDJSON_LITERAL, start);
    }
    *end = start + word_length;
    return CSIMDJSON_OK;
}

// A number or a literal that begins there.
int Walk::scalar(size_t start, size_t *end, uint8_t *kind) {
    uint8_t c = bytes_[start];
    switch (c) {
    case 't':
        *kind = CSIMDJSON_TRUE;
        return literal("true", 4, start, end);
    case 'f':
        *kind = CSIMDJSON_FALSE;
        return literal("false", 5, start, end);
    case 'n':
        *kind = CSIMDJSON_NULL;
        return literal("null", 4, start, end);
    case 0:
    case ',':
    case ':':
    case ']':
    case '}':
        return fail(CSIMDJSON_STRUCTURE, start);
    default:
        *kind = CSIMDJSON_NUMBER_VALUE;
        if (c == '-' || is_digit(c)) return number(start, end);
        return fail(CSIMDJSON_LITERAL, start);
    }
}

bool Walk::is_opaque_key(size_t start, size_t end) const {
    for (const auto &name : opaque_keys_) {
        if (name.size() == end - start && memcmp(name.data(), bytes_ + start, end - start) == 0) return true;
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
    next_is_opaque_ = is_opaque_key(start + 1, end - 1);
    return CSIMDJSON_OK;
}

// A whole string or scalar, or the opening bracket of an object or array.
int Walk::value() {
    uint8_t c = peek();
    if (c == '{') return open(CSIMDJSON_OBJECT);
    if (c == '[') return open(CSIMDJSON_ARRAY);
    uint8_t flags = 0, kind = CSIMDJSON_STRING;
    size_t start = position(), end = 0;
    if (c == '"') {
        if (int error = string(&flags, &start, &end)) return error;
    } else {
        if (int error = scalar(start, &end, &kind)) return error;
        at_++;
    }
    add(start, end, kind, flags);
    return CSIMDJSON_OK;
}

// An object or array of which only the outside goes into the index. Nearly all of a catalog lies within such
// values, so this is the loop that counts: it knows by its place in the code what may come next, and keeps
// what it needs in variables of its own, which the compiler can leave in registers.
int Walk::opaque_value() {
    const uint8_t *const bytes = bytes_;
    const uint32_t *at = index_ + at_;
    const size_t outside = depth_;
    const size_t start = position();
    const bool is_empty = bytes[at[1]] == (bytes[start] == '{' ? '}' : ']');
    size_t depth = outside;
    size_t backslash = next_backslash(start);
    size_t last = 0;
    uint8_t kind = 0;
    auto refuse = [&](int error) { return fail(error, *at); };
    // Takes the string whose quote comes next.
    auto string = [&]() -> int {
        const size_t first = *at++;
        last = *at - 1;
        while (is_white_space(bytes[last])) last--;
        if (last <= first || bytes[last] != '"') return fail(CSIMDJSON_UNCLOSED_STRING, first);
        if (last < backslash) return CSIMDJSON_OK;
        uint8_t flags = 0;
        int error = check_escapes(first + 1, last, &flags);
        backslash = backslash_;
        return error;
    };

value:
    switch (bytes[*at]) {
    case '"':
        if (int error = string()) return error;
        goto behind;
    case '{':
    case '[': {
        if (depth == CSIMDJSON_DEPTH) return refuse(CSIMDJSON_TOO_DEEP);
        const bool is_object = bytes[*at] == '{';
        open_[depth++].is_object = is_object;
        at++;
        if (bytes[*at] == (is_object ? '}' : ']')) goto close;
        if (is_object) goto key;
        goto value;
    }
    default:
        if (int error = scalar(*at, &last, &kind)) return error;
        at++;
        goto behind;
    }
key:
    if (bytes[*at] != '"') return refuse(CSIMDJSON_STRUCTURE);
    if (int error = string()) return error;
    if (bytes[*at] != ':') return refuse(CSIMDJSON_STRUCTURE);
    at++;
    goto value;
close:
    at++;
    if (--depth == outside) goto end;
behind:
    if (open_[depth - 1].is_object) {
        if (bytes[*at] == '}') goto close;
        if (bytes[*at] != ',') return refuse(CSIMDJSON_STRUCTURE);
        at++;
        goto key;
    }
    if (bytes[*at] == ']') goto close;
    if (bytes[*at] != ',') return refuse(CSIMDJSON_STRUCTURE);
    at++;
    goto value;

end:
    at_ = static_cast<uint32_t>(at - index_);
    kind = bytes[start] == '{' ? CSIMDJSON_OBJECT : CSIMDJSON_ARRAY;
    add(start, at[-1] + 1, kind, CSIMDJSON_IS_OPAQUE | (is_empty ? CSIMDJSON_IS_EMPTY : 0));
    return CSIMDJSON_OK;
}

int Walk::run(bool ignore_trailing) {
    bool just_opened = false;
    do {
        if (depth_ > 0) {
            // The innermost open value goes on with its next member or ends.
            Open inner = open_[depth_ - 1];
            uint8_t c = peek();
            if (c == (inner.is_object ? '}' : ']')) {
                if (just_opened) nodes_[inner.node].flags |= CSIMDJSON_IS_EMPTY;
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
        bool is_opaque = next_is_opaque_ && (peek() == '{' || peek() == '[');
        next_is_opaque_ = false;
        if (int error = is_opaque ? opaque_value() : value()) return error;
        just_opened = depth_ > depth_before;
    } while (depth_ > 0);
    if (!ignore_trailing && at_ < count_) return fail(CSIMDJSON_TRAILING, position());
    return CSIMDJSON_OK;
}

int parse(
    CSimdjsonParser *parser, const uint8_t *bytes, size_t length, bool ignore_trailing, size_t *error_offset) {
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
    // The walk never looks whether there is a next structural: this entry stops it.
    if (index[indexer.n_structural_indexes] != length || bytes[length] != 0) return CSIMDJSON_INTERNAL;
    Walk walk(bytes, length, index, indexer.n_structural_indexes, parser->opaque_keys, parser->nodes);
    error = walk.run(ignore_trailing);
    if (error) *error_offset = walk.offset();
    return error;
}

}  // namespace

extern "C" CSimdjsonParser *csimdjson_create(const char *opaque_keys) {
    try {
        auto parser = std::make_unique<CSimdjsonParser>();
        for (const char *name = opaque_keys; name && *name; name += strlen(name) + 1) {
            parser->opaque_keys.emplace_back(name);
        }
        return parser.release();
    } catch (const std::bad_alloc &) {
        return nullptr;
    }
}

extern "C" void csimdjson_destroy(CSimdjsonParser *parser) { delete parser; }

extern "C" int csimdjson_parse(
    CSimdjsonParser *parser, const uint8_t *bytes, size_t length, bool ignore_trailing,
    const CSimdjsonNode **nodes, size_t *node_count, size_t *error_offset) {
    *nodes = nullptr;
    *node_count = 0;
    try {
        int error = parse(parser, bytes, length, ignore_trailing, error_offset);
        // The caller copies the nodes now, and a long text's index is as large as they are.
        parser->give_back_large_index();
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

// Loops over long lines as they pass, 32 bytes at once.
#include "CSimdjson.h"

#include <cstring>

namespace {

typedef uint8_t Bytes __attribute__((ext_vector_type(16)));
typedef bool Flags __attribute__((ext_vector_type(16)));

// How many bytes are looked at at once.
constexpr size_t kWidth = 2 * sizeof(Bytes);

Bytes load(const uint8_t *bytes) {
    Bytes loaded;
    memcpy(&loaded, bytes, sizeof loaded);
    return loaded;
}

template <typename Comparison> uint32_t bits(Comparison comparison) {
    Flags flags = __builtin_convertvector(comparison, Flags);
    uint16_t bits;
    memcpy(&bits, &flags, sizeof bits);
    return bits;
}

// Of so many bytes which ones a comparison holds for: one bit each, the lowest for the first.
template <typename Comparison> uint32_t which(const uint8_t *bytes, Comparison holds) {
    return bits(holds(load(bytes))) | bits(holds(load(bytes + sizeof(Bytes)))) << sizeof(Bytes);
}

bool is_white_space(uint8_t c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

// The text, and the marks in the block of it that was looked at last: quotation marks, backslashes and control characters,
// one bit each. Nearly all strings are far shorter than a block, so the next mark is found with hardly a step.
struct Text {
    const uint8_t *bytes;
    size_t count;
    size_t block = SIZE_MAX;
    uint64_t marks = 0;

    static uint64_t marks_of(const uint8_t *bytes) {
        auto is_mark = [](Bytes text) { return (text == '"') | (text == '\\') | (text < 0x20); };
        return which(bytes, is_mark) | static_cast<uint64_t>(which(bytes + kWidth, is_mark)) << kWidth;
    }

    // The first mark; the count if there is none.
    size_t next_mark(size_t i) {
        constexpr size_t kBlock = 2 * kWidth;
        while (i < count / kBlock * kBlock) {
            if (block != i / kBlock) {
                block = i / kBlock;
                marks = marks_of(bytes + block * kBlock);
            }
            uint64_t rest = marks >> i % kBlock;
            if (rest) return i + static_cast<size_t>(__builtin_ctzll(rest));
            i = (block + 1) * kBlock;
        }
        while (i < count && bytes[i] != '"' && bytes[i] != '\\' && bytes[i] >= 0x20) i++;
        return i;
    }

    // Each of these takes what begins at a position and returns where it ends; 0 where it is not all there, is not JSON, or
    // is more than they know.
    size_t string_end(size_t i);
    size_t number_end(size_t i) const;
    size_t word_end(const char *word, size_t length, size_t i) const;
    size_t scalar_end(size_t i) const;
    size_t skip_white_space(size_t i) const;
    size_t skip_digits(size_t i) const;
};

inline size_t Text::string_end(size_t i) {
    for (i++;; i += 2) {
        i = next_mark(i);
        if (i >= count) return 0;
        if (bytes[i] == '"') return i + 1;
        // Escapes of one character; the others can be surrogates.
        if (bytes[i] != '\\' || i + 1 >= count || !memchr("\"\\/bfnrt", bytes[i + 1], 8)) return 0;
    }
}

size_t Text::skip_white_space(size_t i) const {
    while (i < count && is_white_space(bytes[i])) i++;
    return i;
}

size_t Text::skip_digits(size_t i) const {
    while (i < count && is_digit(bytes[i])) i++;
    return i;
}

size_t Text::number_end(size_t i) const {
    size_t start = bytes[i] == '-' ? i + 1 : i;
    i = skip_digits(start);
    if (i == start || (i > start + 1 && bytes[start] == '0')) return 0;
    if (i < count && bytes[i] == '.') {
        start = i + 1;
        i = skip_digits(start);
        if (i == start) return 0;
    }
    if (i < count && (bytes[i] | 0x20) == 'e') {
        start = i + 1;
        if (start < count && (bytes[start] == '+' || bytes[start] == '-')) start++;
        i = skip_digits(start);
        if (i == start) return 0;
    }
    // More of it can follow.
    return i < count ? i : 0;
}

size_t Text::word_end(const char *word, size_t length, size_t i) const {
    return i + length <= count && memcmp(bytes + i, word, length) == 0 ? i + length : 0;
}

// A number or a literal.
size_t Text::scalar_end(size_t i) const {
    switch (bytes[i]) {
    case 't':
        return word_end("true", 4, i);
    case 'f':
        return word_end("false", 5, i);
    case 'n':
        return word_end("null", 4, i);
    default:
        return bytes[i] == '-' || is_digit(bytes[i]) ? number_end(i) : 0;
    }
}

}  // namespace

extern "C" void csimdjson_pass(
    const uint8_t *bytes, size_t count, size_t outside, bool *is_object, CSimdjsonPlace *place) {
    Text text = {bytes, count};
    size_t i = place->index, depth = place->depth, end = 0;
    uint8_t state = place->state;
    if (state == CSIMDJSON_NEXT) goto next;
    if (state == CSIMDJSON_VALUE || state == CSIMDJSON_FIRST_ELEMENT) goto value;

key:
    if (i == count) goto stop;
    if (bytes[i] == '"') {
        end = text.string_end(i);
        // Nearly always the colon is right here.
        if (end && end < count && bytes[end] != ':') end = text.skip_white_space(end);
        if (!end || end == count || bytes[end] != ':') goto stop;
        i = end + 1;
        state = CSIMDJSON_VALUE;
        goto value;
    }
    if (is_white_space(bytes[i])) {
        i = text.skip_white_space(i);
        goto key;
    }
    if (bytes[i] == '}' && state == CSIMDJSON_FIRST_KEY && depth > outside + 1) goto close;
    goto stop;

value:
    if (i == count) goto stop;
    // Most values are strings; a jump by a table, which the compiler would take, is foreseen less often.
    if (__builtin_expect(bytes[i] == '"', 1)) {
        end = text.string_end(i);
        if (!end) goto stop;
        i = end;
        state = CSIMDJSON_NEXT;
        goto next;
    }
    if (bytes[i] == '{' || bytes[i] == '[') {
        if (depth == CSIMDJSON_DEPTH) goto stop;
        is_object[depth] = bytes[i] == '{';
        i++;
        if (is_object[depth++]) {
            state = CSIMDJSON_FIRST_KEY;
            goto key;
        }
        state = CSIMDJSON_FIRST_ELEMENT;
        goto value;
    }
    if (is_white_space(bytes[i])) {
        i = text.skip_white_space(i);
        goto value;
    }
    if (bytes[i] == ']') {
        if (state == CSIMDJSON_FIRST_ELEMENT && depth > outside + 1) goto close;
        goto stop;
    }
    end = text.scalar_end(i);
    if (!end) goto stop;
    i = end;
    state = CSIMDJSON_NEXT;

next:
    if (i == count) goto stop;
    if (bytes[i] == ',') {
        i++;
        if (is_object[depth - 1]) {
            state = CSIMDJSON_KEY;
            goto key;
        }
        state = CSIMDJSON_VALUE;
        goto value;
    }
    if (is_white_space(bytes[i])) {
        i = text.skip_white_space(i);
        goto next;
    }
    if (depth == outside + 1 || bytes[i] != (is_object[depth - 1] ? '}' : ']')) goto stop;

close:
    i++;
    depth--;
    state = CSIMDJSON_NEXT;
    goto next;

stop:
    place->index = i;
    place->depth = depth;
    place->state = state;
}

// Whether nothing rules out that a record's type stands behind a brace: `"type":"r`. Nine bytes are read.
static bool can_be_record(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    // Little-endian, with bit 5 set: then letters are lower case.
    uint64_t difference = (word | 0x2020202020202020) ^ 0x223A226570797422;
    uint8_t mismatch = difference ? bytes[__builtin_ctzll(difference) / 8] : bytes[8];
    if (!difference && (mismatch | 0x20) == 'r') return true;
    return mismatch == ' ' || (mismatch >= '\t' && mismatch <= '\r');
}

extern "C" size_t csimdjson_find_record(const uint8_t *bytes, size_t start, size_t count) {
    size_t i = start;
    // As long as what follows each brace can be looked at.
    for (; i + kWidth + 9 <= count; i += kWidth) {
        uint32_t braces = which(bytes + i, [](Bytes text) { return text == '{'; });
        uint32_t letters = which(bytes + i + 9, [](Bytes text) { return (text | 0x20) == 'r'; });
        // Most texts have no white space: then the letter stands in one place.
        auto is_blank = [](Bytes text) { return text <= ' '; };
        if (!which(bytes + i, is_blank) && !which(bytes + i + 9, is_blank)) braces &= letters;
        for (; braces; braces &= braces - 1) {
            size_t brace = i + static_cast<size_t>(__builtin_ctz(braces));
            if (can_be_record(bytes + brace + 1)) return brace;
        }
    }
    auto brace = i < count ? memchr(bytes + i, '{', count - i) : nullptr;
    return brace ? static_cast<size_t>(static_cast<const uint8_t *>(brace) - bytes) : count;
}

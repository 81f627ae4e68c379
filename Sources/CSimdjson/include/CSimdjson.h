// simdjson's structural index, walked and validated, behind a small C interface.
#ifndef CSIMDJSON_H
#define CSIMDJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// How many bytes past the end of a text must be readable; they must be zero.
#define CSIMDJSON_PADDING 64

/// The deepest nesting of objects and arrays that is accepted.
#define CSIMDJSON_DEPTH 1000

enum CSimdjsonError {
    CSIMDJSON_OK = 0,
    /// Nothing but white space.
    CSIMDJSON_EMPTY = 1,
    /// A value, a comma, a colon, a key or a bracket is missing or out of place.
    CSIMDJSON_STRUCTURE = 2,
    /// A string without its closing quote.
    CSIMDJSON_UNCLOSED_STRING = 3,
    /// A control character in a string that is not escaped.
    CSIMDJSON_CONTROL_CHARACTER = 4,
    /// An escape sequence that RFC 8259 does not know.
    CSIMDJSON_ESCAPE = 5,
    /// A number outside of RFC 8259's grammar.
    CSIMDJSON_NUMBER = 6,
    /// A word other than true, false and null.
    CSIMDJSON_LITERAL = 7,
    /// Nesting deeper than CSIMDJSON_DEPTH.
    CSIMDJSON_TOO_DEEP = 8,
    /// Something other than white space behind the value.
    CSIMDJSON_TRAILING = 9,
    /// Bytes that are not UTF-8.
    CSIMDJSON_UTF8 = 10,
    /// More than 4 GiB.
    CSIMDJSON_TOO_LONG = 11,
    CSIMDJSON_NO_MEMORY = 12,
    /// simdjson failed in a way that this interface does not foresee.
    CSIMDJSON_INTERNAL = 13,
};

enum CSimdjsonKind {
    CSIMDJSON_OBJECT = 1,
    CSIMDJSON_ARRAY = 2,
    CSIMDJSON_STRING = 3,
    CSIMDJSON_NUMBER_VALUE = 4,
    CSIMDJSON_TRUE = 5,
    CSIMDJSON_FALSE = 6,
    CSIMDJSON_NULL = 7,
};

enum CSimdjsonFlag {
    /// A string with at least one escape sequence.
    CSIMDJSON_HAS_ESCAPES = 1,
    /// An object or an array without members.
    CSIMDJSON_IS_EMPTY = 2,
    /// An object or an array whose members are validated, but not in the index.
    CSIMDJSON_IS_OPAQUE = 4,
};

/// One value, or one key of an object; a key's value is the node behind it. Nodes stand in the text's order.
typedef struct CSimdjsonNode {
    /// The value's first byte; of a string, its opening quote.
    uint32_t start;
    /// One past the value's last byte.
    uint32_t end;
    /// The index of the first node that is not within this value.
    uint32_t next;
    uint8_t kind;
    uint8_t flags;
    uint16_t unused;
} CSimdjsonNode;

/// Memory that is used again from text to text. One text at a time.
typedef struct CSimdjsonParser CSimdjsonParser;

/// NULL when there is no memory.
///
/// `opaque_keys` is a list of zero-terminated names that an empty one ends, or NULL: objects and arrays under keys
/// so spelt are validated without listing their nodes.
CSimdjsonParser *csimdjson_create(const char *opaque_keys);
void csimdjson_destroy(CSimdjsonParser *parser);

/// Validates the first JSON value of a text and lists its nodes, which stay valid until the next call on the
/// parser.
///
/// `bytes` is followed by CSIMDJSON_PADDING zero bytes. With `ignore_trailing`, whatever follows the first value
/// counts as not there. Returns an enum CSimdjsonError; `error_offset` is then the byte where it was noticed.
int csimdjson_parse(
    CSimdjsonParser *parser, const uint8_t *bytes, size_t length, bool ignore_trailing,
    const CSimdjsonNode **nodes, size_t *node_count, size_t *error_offset);

/// Gives back the memory that a long text needed, its nodes included; what ordinary lines need is kept.
void csimdjson_trim(CSimdjsonParser *parser);

/// Whether the bytes are UTF-8 (no surrogates, no overlong forms).
bool csimdjson_is_utf8(const uint8_t *bytes, size_t length);

/// What may come next in a JSON text.
enum CSimdjsonState {
    /// A comma or the innermost value's end.
    CSIMDJSON_NEXT = 0,
    CSIMDJSON_KEY = 1,
    /// A key or the object's end.
    CSIMDJSON_FIRST_KEY = 2,
    CSIMDJSON_VALUE = 3,
    /// A value or the array's end.
    CSIMDJSON_FIRST_ELEMENT = 4,
};

/// Where in a text somebody is.
typedef struct CSimdjsonPlace {
    /// That of the next byte.
    size_t index;
    /// How many objects and arrays are open.
    size_t depth;
    /// An enum CSimdjsonState.
    uint8_t state;
} CSimdjsonPlace;

/// Validates a text from a place within an object or array on that stands at the depth `outside`, and moves the place up to
/// that value's end, or before the first token that is a mistake, is cut, or needs a closer look (`\u`). UTF-8 is not
/// validated.
///
/// `is_object` tells of each open object or array whether it is an object, with room for CSIMDJSON_DEPTH.
void csimdjson_pass(
    const uint8_t *bytes, size_t count, size_t outside, bool *is_object, CSimdjsonPlace *place);

/// The first brace at or behind `start` behind which `"type":"r` can follow, whatever its letters' case and with white space
/// anywhere; `count` if there is none. A brace near the end of the bytes always counts.
size_t csimdjson_find_record(const uint8_t *bytes, size_t start, size_t count);

#ifdef __cplusplus
}
#endif

#endif

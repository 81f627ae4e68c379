// simdjson's DOM over the lines of a stream: what a program does that parses every line and nothing else.
#ifndef CSIMDJSON_DOM_H
#define CSIMDJSON_DOM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// How many bytes past the end of a chunk must be readable.
#define CSIMDJSON_DOM_PADDING 64

typedef struct CSimdjsonDOM CSimdjsonDOM;

/// NULL when there is no memory.
CSimdjsonDOM *csimdjson_dom_create(void);
void csimdjson_dom_destroy(CSimdjsonDOM *dom);

/// Takes the next bytes, cut anywhere, and parses each line that they complete.
void csimdjson_dom_read(CSimdjsonDOM *dom, const uint8_t *bytes, size_t count);

/// Parses a last line that has no newline.
void csimdjson_dom_finish(CSimdjsonDOM *dom);

/// How many lines were JSON objects with a string called `type`.
size_t csimdjson_dom_messages(const CSimdjsonDOM *dom);

/// How many lines were anything else.
size_t csimdjson_dom_others(const CSimdjsonDOM *dom);

#ifdef __cplusplus
}
#endif

#endif

// zlib, for request bodies that are compressed.
#ifndef CZLIB_H
#define CZLIB_H

#include <stddef.h>

/// Writes the gzip form of `count` bytes (RFC 1952) to `output`, which has room for `capacity`.
///
/// Returns its length, or 0 where it does not fit or memory is short.
size_t czlib_gzip(const void *bytes, size_t count, void *output, size_t capacity);

#endif

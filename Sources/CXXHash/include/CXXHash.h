// XXH3 of xxHash, which is a header that is compiled in: there is no library to load.
#ifndef CXXHASH_H
#define CXXHASH_H

#include <stddef.h>
#include <stdint.h>

/// A hash that is fed in pieces.
typedef struct CXXHashState CXXHashState;

/// NULL when there is no memory.
CXXHashState *cxxhash_create(void);
void cxxhash_destroy(CXXHashState *state);

/// Begins anew.
void cxxhash_reset(CXXHashState *state, uint64_t seed);
void cxxhash_update(CXXHashState *state, const void *bytes, size_t count);
/// The XXH3-64 of what has been fed since the reset.
uint64_t cxxhash_digest(const CXXHashState *state);

#endif

#include "CXXHash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

CXXHashState *cxxhash_create(void) { return (CXXHashState *)XXH3_createState(); }

void cxxhash_destroy(CXXHashState *state) { XXH3_freeState((XXH3_state_t *)state); }

void cxxhash_reset(CXXHashState *state, uint64_t seed) {
    XXH3_64bits_reset_withSeed((XXH3_state_t *)state, seed);
}

void cxxhash_update(CXXHashState *state, const void *bytes, size_t count) {
    XXH3_64bits_update((XXH3_state_t *)state, bytes, count);
}

uint64_t cxxhash_digest(const CXXHashState *state) {
    return XXH3_64bits_digest((const XXH3_state_t *)state);
}

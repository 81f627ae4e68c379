// Overwrites memory when it is freed, whoever used it: Swift's strings and arrays, libcurl, OpenSSL. The linker puts these
// functions in place of the C library's, see scripts/release; elsewhere nothing calls them.
#define _GNU_SOURCE
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

// Larger blocks are not overwritten: no credential is that long, and a flood of output must not cost more.
static const size_t max_wiped = 64 * 1024;

// ld(1), --wrap: the C library's functions. NULL in a program that is linked without it.
extern void __real_free(void *block) __attribute__((weak));
extern void *__real_realloc(void *block, size_t size) __attribute__((weak));

void __wrap_free(void *block);
void *__wrap_realloc(void *block, size_t size);

void __wrap_free(void *block) {
    if (block == NULL)
        return;
    size_t size = malloc_usable_size(block);
    if (size <= max_wiped)
        explicit_bzero(block, size);
    __real_free(block);
}

void *__wrap_realloc(void *block, size_t size) {
    size_t old = block == NULL ? 0 : malloc_usable_size(block);
    if (old == 0 || old > max_wiped)
        return __real_realloc(block, size);
    if (size <= old) {
        // What is cut off is freed as it is.
        explicit_bzero((char *)block + size, old - size);
        return __real_realloc(block, size);
    }
    void *moved = malloc(size);
    if (moved == NULL)
        return NULL;
    memcpy(moved, block, old);
    __wrap_free(block);
    return moved;
}

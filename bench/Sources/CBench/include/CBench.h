// What Swift cannot import of C: epoll, processes that are started fast, digests.
#ifndef CBENCH_H
#define CBENCH_H

#include <stdint.h>

/// Nanoseconds of CLOCK_MONOTONIC.
uint64_t cbench_now(void);

#endif

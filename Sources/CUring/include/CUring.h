// What Swift needs of liburing and cannot import by itself.
#ifndef CURING_H
#define CURING_H

#include <poll.h>
#include <signal.h>
#include <sys/types.h>

#include <liburing.h>

// Marks an entry for the kernel's worker threads, where a file may block: IOSQE_ASYNC is an enum constant
// shifted by another one, which the importer leaves out.
static inline void curing_set_async(struct io_uring_sqe *entry) {
    io_uring_sqe_set_flags(entry, IOSQE_ASYNC);
}

#endif

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

// Restrictions of a ring: an operation that it may do, and the marking by curing_set_async. Members of an unnamed union are
// out of the importer's reach.
static inline struct io_uring_restriction curing_allow_operation(__u8 operation) {
    struct io_uring_restriction restriction = {.opcode = IORING_RESTRICTION_SQE_OP};
    restriction.sqe_op = operation;
    return restriction;
}
static inline struct io_uring_restriction curing_allow_async(void) {
    struct io_uring_restriction restriction = {.opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED};
    restriction.sqe_flags = IOSQE_ASYNC;
    return restriction;
}

#endif

// Linux system interfaces that Glibc's Swift module leaves out.
#ifndef CLINUX_H
#define CLINUX_H

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>

// The symbolic name of an errno value ("EPERM"), or NULL for a number without one.
const char *clinux_errno_name(int error);

// What an errno value means ("Operation not permitted"), untranslated, or NULL for an unknown number.
const char *clinux_errno_description(int error);

// poll(2)'s POLLRDHUP, which <poll.h> shows only to GNU sources.
static inline unsigned clinux_poll_peer_closed(void) {
    return 0x2000;
}

// epoll(7)'s flags: they are enum constants, which Swift imports with a type of their own.
static inline unsigned clinux_epoll_one_shot(void) {
    return EPOLLONESHOT;
}
static inline unsigned clinux_epoll_edge_triggered(void) {
    return (unsigned)EPOLLET;
}

// openat2(2): opens for reading, beneath the directory, no links followed, never blocking. Where a filter or an
// old kernel refuses openat2, openat(2) does the same for a name without slashes. Returns a descriptor, or -1
// with errno.
int clinux_open_beneath(int directory, const char *name);

// Whether anybody holds the file open for writing: 1 or 0; -1 where the kernel does not tell (fcntl(2), F_SETLEASE).
int clinux_is_open_for_writing(int descriptor);

// fcntl(2), F_NOTIFY: SIGIO from now on whenever something is created, deleted, renamed or written in the directory.
// Returns 0, or -1 with errno.
int clinux_notify_of_changes(int directory);

// Ends that.
void clinux_ignore_changes(int directory);

// lseek(2) with SEEK_DATA: where the next data is, at or behind the offset; -1 with errno, ENXIO where there is none.
long long clinux_seek_data(int descriptor, long long offset);

// Whether all of the file's content is in memory: tmpfs.
int clinux_is_in_memory(int descriptor);

// Reads at an offset without waiting for a disk: preadv2(2) with RWF_NOWAIT. Returns the number of bytes, 0 at the end of the
// file, or -1 with errno: EAGAIN where the kernel would have to wait, EOPNOTSUPP where the file system cannot tell.
long clinux_read_without_waiting(int descriptor, void *bytes, unsigned long count, long long offset);

// Writes to a pipe what it takes at once, whoever opened it and however: pwritev2(2) with RWF_NOWAIT. Returns the number of
// bytes, or -1 with errno: EAGAIN where the pipe is full, EOPNOTSUPP where an older kernel cannot.
long clinux_write_to_pipe(int descriptor, const void *bytes, unsigned long count);

// Whether the descriptor is a pipe.
int clinux_is_pipe(int descriptor);

// A pipe that no other program inherits; its reading end does not block. Returns 0, or -1 with errno.
int clinux_pipe(int ends[2]);

// accept4(2): the next connection, not blocking, inherited by no other program. Returns a descriptor, or -1 with errno.
int clinux_accept(int listener);

// Makes this process the parent of all its descendants whose own parents end (prctl(2), PR_SET_CHILD_SUBREAPER). Returns 0, or
// -1 with errno.
int clinux_adopt_orphans(void);

// fork(2). The child has this thread only; malloc(3) works in it.
int clinux_fork(void);

// For a forked child: it dies with its parent and closes all descriptors but the kept ones (in rising order), standard
// input and output included, which become /dev/null. Signals stay blocked and ignored as they are.
void clinux_isolate_child(int parent, const int *kept, int count);

#endif

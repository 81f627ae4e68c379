// What Swift cannot import of C, or what has to happen between fork and exec.
//
// Functions that can fail return a negative errno where nothing else is said.
#ifndef CBENCH_H
#define CBENCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// --- Waiting

/// A descriptor that is readable once SIGINT, SIGTERM or SIGHUP has come; blocks these signals for the process.
int cbench_stop_signals(void);
/// Waits up to `nanoseconds` (negative: for ever) for any of the descriptors to be readable, sets `ready[i]`.
int cbench_wait_readable(const int *descriptors, uint8_t *ready, int count, int64_t nanoseconds);
int cbench_pidfd(pid_t pid);

// --- Sockets

/// A TCP socket on a free port of 127.0.0.1 that refuses connections.
int cbench_refuse(uint16_t *port);
/// A UDP socket on a free port of 127.0.0.1, not blocking.
int cbench_datagrams(uint16_t *port);

// --- Processes

struct cbench_child {
    const char *path;
    char *const *arguments;
    char *const *environment;
    const char *directory;
    int standard_output;
    int standard_error;
    /// Refuses inotify (EMFILE) and fcntl(F_NOTIFY) (EINVAL), so that the program has to poll its files.
    int without_notifications;
};

/// Starts a program; it gets SIGKILL should the thread that called this end. `started` is the moment before, in nanoseconds of
/// CLOCK_MONOTONIC.
pid_t cbench_spawn(const struct cbench_child *child, uint64_t *started);

struct cbench_exit {
    /// The exit code, or 128 + the signal that ended the process.
    int status;
    double cpu_seconds;
    int64_t voluntary_switches;
    int64_t involuntary_switches;
};

/// Reaps an ended process; 0 while it is still running, 1 when it has ended.
int cbench_reap(pid_t pid, struct cbench_exit *result);

/// An anonymous file in memory.
int cbench_memory_file(const char *name);

/// Lets the process have as many descriptors as it may; returns how many those are.
int64_t cbench_raise_descriptor_limit(void);

// --- Bytes

/// How often the byte is there.
size_t cbench_count(const void *bytes, size_t count, uint8_t byte);
int cbench_contains(const void *bytes, size_t count, const void *text, size_t length);

#endif

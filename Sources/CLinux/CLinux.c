// strerrorname_np and strerrordesc_np are GNU extensions; the public header stays free of the macro.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "CLinux.h"

const char *clinux_errno_name(int error) {
    return strerrorname_np(error);
}

const char *clinux_errno_description(int error) {
    return strerrordesc_np(error);
}

int clinux_open_beneath(int directory, const char *name) {
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
    struct open_how how = {
        .flags = flags,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
    };
    long descriptor = syscall(SYS_openat2, directory, name, &how, sizeof how);
    if (descriptor < 0 && (errno == ENOSYS || errno == EPERM) && strchr(name, '/') == NULL)
        return openat(directory, name, flags);
    return (int)descriptor;
}

int clinux_is_open_for_writing(int descriptor) {
    // A read lease is only given on a file that nobody can write to. It is given back at once.
    if (fcntl(descriptor, F_SETLEASE, F_RDLCK) == 0) {
        fcntl(descriptor, F_SETLEASE, F_UNLCK);
        return 0;
    }
    return errno == EAGAIN ? 1 : -1;
}

int clinux_notify_of_changes(int directory) {
    // 0: SIGIO itself, of which one stays pending. A real-time signal would queue with each change.
    if (fcntl(directory, F_SETSIG, 0) != 0)
        return -1;
    return fcntl(directory, F_NOTIFY, (long)(DN_MULTISHOT | DN_CREATE | DN_DELETE | DN_RENAME | DN_MODIFY));
}

void clinux_ignore_changes(int directory) {
    fcntl(directory, F_NOTIFY, 0L);
}

long long clinux_seek_data(int descriptor, long long offset) {
    return lseek(descriptor, offset, SEEK_DATA);
}

int clinux_is_in_memory(int descriptor) {
    struct statfs status;
    return fstatfs(descriptor, &status) == 0 && status.f_type == TMPFS_MAGIC;
}

long clinux_read_without_waiting(int descriptor, void *bytes, unsigned long count, long long offset) {
    struct iovec piece = {bytes, count};
    return preadv2(descriptor, &piece, 1, offset, RWF_NOWAIT);
}

long clinux_write_to_pipe(int descriptor, const void *bytes, unsigned long count) {
    struct iovec piece = {(void *)bytes, count};
    return pwritev2(descriptor, &piece, 1, -1, RWF_NOWAIT);
}

int clinux_is_pipe(int descriptor) {
    struct stat status;
    return fstat(descriptor, &status) == 0 && S_ISFIFO(status.st_mode);
}

int clinux_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return 0;
}

int clinux_accept(int listener) {
    return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int clinux_adopt_orphans(void) {
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

int clinux_fork(void) {
    return fork();
}

// Where a filter or an old kernel refuses close_range(2), descriptors are closed one by one, up to this many.
#define MAX_CLOSED_SINGLY 65536

static void close_descriptors(unsigned first, unsigned last) {
    if (first > last || close_range(first, last, 0) == 0)
        return;
    struct rlimit limit = {.rlim_cur = MAX_CLOSED_SINGLY};
    getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t end = limit.rlim_cur < MAX_CLOSED_SINGLY ? limit.rlim_cur : MAX_CLOSED_SINGLY;
    for (unsigned descriptor = first; descriptor <= last && descriptor < end; descriptor++)
        close((int)descriptor);
}

void clinux_isolate_child(int parent, const int *kept, int count) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have died before.
    if (getppid() != parent)
        _exit(1);
    unsigned next = 0;
    for (int index = 0; index < count; index++) {
        if ((unsigned)kept[index] > next)
            close_descriptors(next, (unsigned)kept[index] - 1);
        next = (unsigned)kept[index] + 1;
    }
    close_descriptors(next, ~0U);
    // No file of ours may get the number of a standard descriptor: a message of the runtime would be written into it.
    for (int descriptor = 0; descriptor <= STDERR_FILENO;) {
        descriptor = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (descriptor < 0)
            return;
        if (descriptor > STDERR_FILENO)
            close(descriptor);
    }
}

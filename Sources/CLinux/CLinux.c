// strerrorname_np and strerrordesc_np are GNU extensions; the public header stays free of the macro.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
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

long long clinux_seek_data(int descriptor, long long offset) {
    return lseek(descriptor, offset, SEEK_DATA);
}

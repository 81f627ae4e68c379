#define _GNU_SOURCE
#include "CBench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// --- Waiting

int cbench_stop_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) return -errno;
    // A pipe whose reader has gone is an error of one write, not the end of the harness.
    signal(SIGPIPE, SIG_IGN);
    int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}

int cbench_wait_readable(const int *descriptors, uint8_t *ready, int count, int64_t nanoseconds) {
    struct pollfd local[64];
    struct pollfd *polled = local;
    if (count > 64) {
        polled = malloc(sizeof(struct pollfd) * (size_t)count);
        if (polled == NULL) return -ENOMEM;
    }
    for (int i = 0; i < count; i++) polled[i] = (struct pollfd){.fd = descriptors[i], .events = POLLIN};
    struct timespec timeout = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    int result = ppoll(polled, (nfds_t)count, nanoseconds < 0 ? NULL : &timeout, NULL);
    if (result < 0) result = errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) ready[i] = result > 0 && polled[i].revents != 0;
    if (polled != local) free(polled);
    return result;
}

int cbench_pidfd(pid_t pid) {
    long descriptor = syscall(SYS_pidfd_open, pid, 0);
    return descriptor < 0 ? -errno : (int)descriptor;
}

// --- Sockets

static int bound_socket(int type, uint16_t *port) {
    int descriptor = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return -errno;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0 ||
        getsockname(descriptor, (struct sockaddr *)&address, &length) < 0) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    *port = ntohs(address.sin_port);
    return descriptor;
}

int cbench_refuse(uint16_t *port) { return bound_socket(SOCK_STREAM, port); }

int cbench_datagrams(uint16_t *port) { return bound_socket(SOCK_DGRAM, port); }

// --- Processes

/// Lets calls that ask for news of files fail as they do on a node that has none left, see seccomp(2).
static int refuse_notifications(void) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef SYS_inotify_init
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_inotify_init, 1, 0),
#endif
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_inotify_init1, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EMFILE),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, 3),
        // The lower half of the command, on a little-endian machine.
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_NOTIFY, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/// What the child does before its program; runs in the parent's memory, so nothing here may allocate.
static void become(const struct cbench_child *child, int null) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // A group of its own: Ctrl-C is for the harness, which then ends its children.
    setpgid(0, 0);
    if (dup2(null, 0) < 0 || dup2(child->standard_output, 1) < 0 || dup2(child->standard_error, 2) < 0) return;
    if (chdir(child->directory) < 0) return;
    if (child->without_notifications && refuse_notifications() < 0) return;
    execve(child->path, child->arguments, child->environment);
}

pid_t cbench_spawn(const struct cbench_child *child, uint64_t *started) {
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0) return -errno;
    volatile int error = 0;
    *started = now_nanoseconds();
    pid_t pid = vfork();
    if (pid == 0) {
        become(child, null);
        error = errno;
        _exit(127);
    }
    if (pid < 0) error = errno;
    close(null);
    if (error != 0 && pid > 0) waitpid(pid, NULL, 0);
    return error != 0 ? -error : pid;
}

int cbench_reap(pid_t pid, struct cbench_exit *result) {
    int status = 0;
    struct rusage usage;
    pid_t reaped = wait4(pid, &status, WNOHANG, &usage);
    if (reaped < 0) return -errno;
    if (reaped == 0) return 0;
    result->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    result->cpu_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                          (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    result->voluntary_switches = usage.ru_nvcsw;
    result->involuntary_switches = usage.ru_nivcsw;
    return 1;
}

int cbench_memory_file(const char *name) {
    int descriptor = memfd_create(name, MFD_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int64_t cbench_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
    return (int64_t)limit.rlim_cur;
}

// --- Bytes

size_t cbench_count(const void *bytes, size_t count, uint8_t byte) {
    const uint8_t *all = bytes;
    size_t found = 0;
    for (size_t i = 0; i < count; i++) found += all[i] == byte;
    return found;
}

int cbench_contains(const void *bytes, size_t count, const void *text, size_t length) {
    return memmem(bytes, count, text, length) != NULL;
}

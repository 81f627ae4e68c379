#define _GNU_SOURCE
#include "CConfinement.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>

uint32_t cconfinement_architecture(void) {
#if defined(__x86_64__)
    return AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
    return AUDIT_ARCH_AARCH64;
#else
#error "the value of seccomp_data.arch is not known here"
#endif
}

int cconfinement_forbid_new_privileges(void) {
    return prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL);
}

int cconfinement_forbid_dumps(void) {
    return prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL);
}

int cconfinement_install_filter(const struct sock_filter *instructions, size_t count) {
    struct sock_fprog program = {(unsigned short)count, (struct sock_filter *)instructions};
    return (int)syscall(SYS_seccomp, (unsigned long)SECCOMP_SET_MODE_FILTER, 0UL, &program);
}

// Refused calls, a bit for each number; what is beyond shares the last bit.
enum { NUMBERS = 1024, BITS = 64 };
static _Atomic uint64_t refused[NUMBERS / BITS];
static uint64_t told[NUMBERS / BITS];
static _Atomic int anyRefused;

static void refuse(int signal, siginfo_t *information, void *context) {
    (void)signal;
    unsigned number = (unsigned)information->si_syscall;
    if (number >= NUMBERS)
        number = NUMBERS - 1;
    atomic_fetch_or(&refused[number / BITS], UINT64_C(1) << number % BITS);
    atomic_store(&anyRefused, 1);
    // The call was not made. This is what it returns.
    ucontext_t *state = context;
#if defined(__x86_64__)
    state->uc_mcontext.gregs[REG_RAX] = -EPERM;
#else
    state->uc_mcontext.regs[0] = (unsigned long long)-EPERM;
#endif
}

int cconfinement_note_refusals(void) {
    struct sigaction action = {.sa_sigaction = refuse, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGSYS, &action, NULL) != 0)
        return -1;
    // The kernel ends a process for which the signal is blocked, and whoever started this one can have blocked it.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGSYS);
    return sigprocmask(SIG_UNBLOCK, &signals, NULL);
}

int cconfinement_next_refusal(void) {
    if (!atomic_load_explicit(&anyRefused, memory_order_relaxed))
        return -1;
    for (unsigned index = 0; index < NUMBERS / BITS; index++) {
        uint64_t news = atomic_load(&refused[index]) & ~told[index];
        if (news == 0)
            continue;
        int bit = __builtin_ctzll(news);
        told[index] |= UINT64_C(1) << bit;
        return (int)index * BITS + bit;
    }
    atomic_store(&anyRefused, 0);
    return -1;
}

const char *cconfinement_system_call_name(int number) {
    switch (number) {
#define NAME(name) \
    case SYS_##name: return #name;
    NAME(accept) NAME(accept4) NAME(bind) NAME(bpf) NAME(capset) NAME(chdir) NAME(chroot) NAME(clone) NAME(clone3)
    NAME(close_range) NAME(dup) NAME(dup3) NAME(epoll_create1) NAME(eventfd2) NAME(execve) NAME(execveat) NAME(faccessat)
    NAME(fallocate) NAME(fanotify_init) NAME(fchmodat) NAME(fchown) NAME(fchownat) NAME(flock) NAME(fstatfs) NAME(getcwd)
    NAME(getdents64) NAME(getegid) NAME(geteuid) NAME(getgid) NAME(getppid) NAME(getpriority) NAME(getrlimit) NAME(getuid) NAME(inotify_init1)
    NAME(io_uring_register) NAME(io_uring_setup) NAME(ioctl) NAME(kill) NAME(linkat) NAME(listen) NAME(membarrier)
    NAME(memfd_create) NAME(mincore) NAME(mkdirat) NAME(mlock) NAME(mmap) NAME(mount) NAME(mprotect) NAME(openat)
    NAME(pidfd_open) NAME(pipe2) NAME(pivot_root) NAME(prctl) NAME(prlimit64) NAME(process_vm_readv) NAME(process_vm_writev)
    NAME(ptrace) NAME(readlinkat) NAME(renameat2) NAME(rseq) NAME(sched_getaffinity) NAME(sched_yield) NAME(seccomp)
    NAME(set_robust_list) NAME(setgid) NAME(setns) NAME(setpriority) NAME(setrlimit) NAME(setsid) NAME(setuid)
    NAME(sigaltstack) NAME(signalfd4) NAME(socket) NAME(socketpair) NAME(splice) NAME(statfs) NAME(symlinkat) NAME(sysinfo)
    NAME(tgkill) NAME(timerfd_create) NAME(tkill) NAME(truncate) NAME(umask) NAME(unshare) NAME(userfaultfd) NAME(utimensat)
    NAME(wait4) NAME(waitid)
#if defined(__x86_64__)
    NAME(access) NAME(chmod) NAME(chown) NAME(creat) NAME(dup2) NAME(fork) NAME(link) NAME(mkdir) NAME(mknod) NAME(open)
    NAME(pipe) NAME(readlink) NAME(rename) NAME(rmdir) NAME(symlink) NAME(unlink) NAME(vfork)
#endif
#undef NAME
    default: return NULL;
    }
}

// What the kernel reads of a `landlock_ruleset_attr`. Debian 12's header ends with the first member; the kernel takes as many
// bytes as it is given. Source: linux/landlock.h of Linux 6.12.
struct rules_attributes {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};
enum {
    BIND_TCP = 1 << 0, // LANDLOCK_ACCESS_NET_BIND_TCP
    SCOPES = 1 << 0 | 1 << 1, // LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET, LANDLOCK_SCOPE_SIGNAL
    NETWORK_VERSION = 4,
    SCOPE_VERSION = 6,
};

int cconfinement_landlock_version(void) {
    return (int)syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
}

int cconfinement_make_rules(int version, uint64_t handled) {
    struct rules_attributes attributes = {.handled_access_fs = handled};
    size_t size = sizeof attributes.handled_access_fs;
    if (version >= NETWORK_VERSION) {
        attributes.handled_access_net = BIND_TCP;
        size = offsetof(struct rules_attributes, scoped);
    }
    if (version >= SCOPE_VERSION) {
        attributes.scoped = SCOPES;
        size = sizeof attributes;
    }
    return (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0U);
}

int cconfinement_open_path(const char *path) {
    return open(path, O_PATH | O_CLOEXEC);
}

int cconfinement_allow(int rules, int parent, uint64_t access) {
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = parent};
    return (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0U);
}

int cconfinement_restrict(int rules) {
    return (int)syscall(SYS_landlock_restrict_self, rules, 0U);
}

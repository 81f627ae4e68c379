#include "CSeal.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define KILL_ON(number)                                  \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

int cseal_install(void) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef SYS_open
        KILL_ON(SYS_open),
        KILL_ON(SYS_creat),
        KILL_ON(SYS_epoll_create),
        KILL_ON(SYS_inotify_init),
#endif
        KILL_ON(SYS_openat),
        KILL_ON(SYS_openat2),
        KILL_ON(SYS_socket),
        KILL_ON(SYS_socketpair),
        KILL_ON(SYS_connect),
        KILL_ON(SYS_timerfd_create),
        KILL_ON(SYS_timerfd_settime),
        KILL_ON(SYS_timer_create),
        KILL_ON(SYS_clock_gettime),
        KILL_ON(SYS_clock_nanosleep),
        KILL_ON(SYS_nanosleep),
        KILL_ON(SYS_epoll_create1),
        KILL_ON(SYS_inotify_init1),
        KILL_ON(SYS_eventfd2),
        KILL_ON(SYS_signalfd4),
        KILL_ON(SYS_io_uring_setup),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {
        .len = sizeof filter / sizeof filter[0],
        .filter = filter,
    };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

#!/usr/bin/env bash
# An error that strace injects into an allowed call raises SIGSYS where the program's seccomp filter traps what it does
# not list.
#
# Guess:    `strace -e inject=openat:error=ENOSPC` lets openat fail with ENOSPC, since the filter allows openat.
# Instead:  strace makes the kernel skip the call by setting its number to -1, and the filter runs after that: it sees
#           -1, which no list of calls holds, so its default action decides. With SECCOMP_RET_TRAP the program gets SIGSYS
#           for a call that it may make; with SECCOMP_RET_ERRNO, strace's error replaces the filter's. A filter that
#           allows -1 as well lets the injected error through. (strace 6.1, Linux 6.18.)
# Matters:  tests that inject faults, and people who debug so, meet the sandbox in place of the fault.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
needs cc strace

say "kernel: $(uname -r), $(strace --version | sed -n '1s/ -- / /p')"
cat >"$work/filtered.c" <<'EOF2'
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALLOW(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

int main(int count, char **values) {
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(SYS_openat), ALLOW(SYS_write), ALLOW(SYS_exit_group), ALLOW(SYS_newfstatat),
        ALLOW(count > 2 ? 0xFFFFFFFFU : SYS_openat),
        BPF_STMT(BPF_RET | BPF_K, strcmp(values[1], "errno") == 0 ? SECCOMP_RET_ERRNO | EACCES : SECCOMP_RET_TRAP),
    };
    struct sock_fprog filter = {sizeof program / sizeof *program, program};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) return 2;
    const char *result = open("/dev/null", O_RDONLY) < 0 ? strerrorname_np(errno) : "opened";
    write(1, result, strlen(result));
    _exit(0);
}
EOF2
cc -O1 -Wall -D_GNU_SOURCE -o "$work/filtered" "$work/filtered.c"
run() { "$@" 2>/dev/null || echo "exit code $?"; }
inject() { run strace -o /dev/null -P /dev/null -e trace=openat -e inject=openat:error=ENOSPC "$work/filtered" "$@"; }
expect "openat, allowed by the filter, without strace" opened "$(run "$work/filtered" trap)"
expect "with ENOSPC injected, and a filter that traps" "exit code $((128 + 31))" "$(inject trap)"
expect "with a filter that answers EACCES" ENOSPC "$(inject errno)"
expect "with a filter that traps, and allows -1" ENOSPC "$(inject trap skipped)"
as_described

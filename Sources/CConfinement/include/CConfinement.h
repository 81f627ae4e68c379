// What confines a process: seccomp(2), landlock(7) and prctl(2), of which Glibc's Swift module has nothing.
#ifndef CCONFINEMENT_H
#define CCONFINEMENT_H

#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

// The value of `seccomp_data.arch` for this program.
uint32_t cconfinement_architecture(void);

// prctl(2), PR_SET_NO_NEW_PRIVS: no program that this process starts has more rights than it. Cannot be undone. Returns 0,
// or -1 with errno.
int cconfinement_forbid_new_privileges(void);

// prctl(2), PR_SET_DUMPABLE: no core dump, and no process without CAP_SYS_PTRACE reads the memory or attaches to it. Returns
// 0, or -1 with errno.
int cconfinement_forbid_dumps(void);

// seccomp(2): installs a filter for this thread and its children. Returns 0, or -1 with errno.
int cconfinement_install_filter(const struct sock_filter *instructions, size_t count);

// From now on, a system call that a filter answers with SECCOMP_RET_TRAP fails with EPERM, and its number is noted. Returns 0,
// or -1 with errno.
int cconfinement_note_refusals(void);

// The number of a system call that was refused since the last question; -1 where there is none. Each number comes up once.
int cconfinement_next_refusal(void);

// The name of a system call; NULL for one that is not known here.
const char *cconfinement_system_call_name(int number);

// Landlock's version in this kernel (landlock_create_ruleset(2)); -1 with errno: ENOSYS or EOPNOTSUPP where it has none.
int cconfinement_landlock_version(void);

// A set of rules, as a descriptor, that refuses what it handles: access to files (LANDLOCK_ACCESS_FS_*), listening on TCP
// ports (version 4), and signals to other processes and abstract sockets of theirs (version 6). -1 with errno.
int cconfinement_make_rules(int version, uint64_t handled);

// open(2) with O_PATH: names a file or directory without opening it. -1 with errno.
int cconfinement_open_path(const char *path);

// Allows access to what is at or below an open file or directory. Returns 0, or -1 with errno.
int cconfinement_allow(int rules, int parent, uint64_t access);

// Puts the rules in force for this thread and its children. Returns 0, or -1 with errno.
int cconfinement_restrict(int rules);

#endif

#!/usr/bin/env bash
# Debian's shared liburing cannot restrict a ring: two functions of its header are in the static library only.
#
# Guess:    what <liburing.h> declares, -luring has, whichever way a program is linked.
# Instead:  liburing 2.3-3 declares io_uring_register_restrictions and io_uring_enable_rings, and its man pages describe
#           them, but the shared library does not export them. Linking fails; with liburing.a, or through the general
#           io_uring_register, the same program works.
# Matters:  a ring that is to be sandboxed has to be made with IORING_SETUP_R_DISABLED and needs both calls. A program that
#           links statically for production and dynamically for its tests builds in one mode only.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
needs cc readelf
debian liburing2=2.3-3 liburing-dev=2.3-3

cat >"$work/restrict.c" <<'EOF2'
#include <liburing.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    struct io_uring ring;
    struct io_uring_params parameters = {.flags = IORING_SETUP_R_DISABLED};
    int result = io_uring_queue_init_params(4, &ring, &parameters);
    if (result != 0) {
        printf("no ring: %s\n", strerror(-result));
        return 2;
    }
    struct io_uring_restriction nop = {.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_NOP};
#ifdef GENERAL
    result = io_uring_register(ring.ring_fd, IORING_REGISTER_RESTRICTIONS, &nop, 1);
    if (result == 0) result = io_uring_register(ring.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
#else
    result = io_uring_register_restrictions(&ring, &nop, 1);
    if (result == 0) result = io_uring_enable_rings(&ring);
#endif
    printf("%s\n", result == 0 ? "restricted" : strerror(-result));
    return 0;
}
EOF2
build() { cc -O1 -Wall -I"$root/usr/include" -o "$work/restrict" "$work/restrict.c" "$@"; }
declared() { grep -cE '^int io_uring_(register_restrictions|enable_rings)\(' "$root/usr/include/liburing.h"; }
exported() { readelf --wide --dyn-syms "$libraries/liburing.so.2" | grep -cE 'io_uring_(register_restrictions|enable_rings)@' || true; }

expect "of the two functions, declared" 2 "$(declared)"
expect "exported by the shared library" 0 "$(exported)"
if build "$libraries/liburing.so.2" 2>"$work/errors"; then linked=yes; else linked=no; fi
expect "a program that calls them links with the shared library" no "$linked"
build "$libraries/liburing.a"
expect "with the static library" restricted "$("$work/restrict")"
build -DGENERAL "$libraries/liburing.so.2"
expect "through io_uring_register, with the shared library" restricted "$(env LD_LIBRARY_PATH="$libraries" "$work/restrict")"
as_described

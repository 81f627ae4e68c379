#!/usr/bin/env bash
# A TCP connection that is closed while a poll on it waits in io_uring stays open for its peer.
#
# Guess:    close() of the last descriptor ends the connection, as it does with epoll: the peer reads the end.
# Instead:  a poll request in the ring holds the open file. The peer sees nothing; the connection goes on until the
#           poll completes or is cancelled. When the peer sends something the poll fires, for a descriptor that no
#           longer exists, and only then does the kernel close, with a reset because of the unread byte.
#           (Seen with liburing 2.3 on Linux 6.18.)
# Matters:  a sidecar on io_uring that forgets to cancel before close() keeps servers waiting until their own
#           timeout, and gets a completion for a descriptor number that may be somebody else's by then.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
needs cc
debian liburing-dev=2.3-3 liburing2=2.3-3

say "kernel: $(uname -r)"
cat >"$work/look.c" <<'EOF'
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <liburing.h>

static void connect_pair(int pair[2]) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr *)&address, size);
    listen(listener, 1);
    getsockname(listener, (struct sockaddr *)&address, &size);
    pair[0] = socket(AF_INET, SOCK_STREAM, 0);
    connect(pair[0], (struct sockaddr *)&address, size);
    pair[1] = accept(listener, NULL, NULL);
    close(listener);
}

static const char *seen_by(int peer) {
    struct pollfd wait = {.fd = peer, .events = POLLIN};
    char byte;
    if (poll(&wait, 1, 1000) == 0) return "nothing";
    ssize_t got = recv(peer, &byte, 1, 0);
    return got == 0 ? "the end" : got > 0 ? "data" : errno == ECONNRESET ? "a reset" : "another error";
}

int main(void) {
    int pair[2], queue = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    connect_pair(pair);
    epoll_ctl(queue, EPOLL_CTL_ADD, pair[0], &event);
    close(pair[0]);
    printf("epoll %s\n", seen_by(pair[1]));

    struct io_uring ring;
    if (io_uring_queue_init(8, &ring, 0) != 0) return 3;
    connect_pair(pair);
    struct io_uring_sqe *request = io_uring_get_sqe(&ring);
    io_uring_prep_poll_add(request, pair[0], POLLIN);
    io_uring_submit(&ring);
    close(pair[0]);
    printf("io_uring %s\n", seen_by(pair[1]));

    send(pair[1], "x", 1, MSG_NOSIGNAL);
    struct io_uring_cqe *completion;
    struct __kernel_timespec limit = {.tv_sec = 2};
    int failed = io_uring_wait_cqe_timeout(&ring, &completion, &limit);
    printf("completion %s\n", failed ? "none" : completion->res == POLLIN ? "POLLIN" : "another");
    if (!failed) io_uring_cqe_seen(&ring, completion);
    printf("afterwards %s\n", seen_by(pair[1]));
    return 0;
}
EOF
cc -O1 -Wall -I"$root/usr/include" -o "$work/look" "$work/look.c" "$libraries/liburing.so.2"
seen=$(env LD_LIBRARY_PATH="$libraries" timeout 20 "$work/look") || cannot_look "io_uring is not allowed here"

expect "epoll: after close() the peer sees" "the end" "$(sed -n 's/^epoll //p' <<<"$seen")"
expect "io_uring: after close() the peer sees" "nothing" "$(sed -n 's/^io_uring //p' <<<"$seen")"
expect "a byte from the peer completes the poll with" "POLLIN" "$(sed -n 's/^completion //p' <<<"$seen")"
expect "then the peer sees" "a reset" "$(sed -n 's/^afterwards //p' <<<"$seen")"
as_described

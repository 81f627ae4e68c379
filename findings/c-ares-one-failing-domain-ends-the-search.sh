#!/usr/bin/env bash
# c-ares gives up a name's search list at the first SERVFAIL, and says that it could not reach the DNS server.
#
# Guess:    a search domain whose server fails is skipped as one without the name is; the next domain is asked.
# Instead:  SERVFAIL for the first domain ends the look-up with ARES_ECONNREFUSED, "Could not contact DNS servers",
#           although the server answered at once, and though the second domain has the name. NXDOMAIN for the first
#           leads to the second. (c-ares 1.18.1-3.)
# Matters:  a pod has several search domains and `ndots:5`. With a broken upstream resolver for one of them, short
#           names of in-cluster services are not found, and the error blames the network.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
needs cc python3
debian libc-ares2=1.18.1-3 libc-ares-dev=1.18.1-3

cat >"$work/server.py" <<'EOF'
import socket, struct, sys

failure = int(sys.argv[1])
listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
listener.bind(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    query, client = listener.recvfrom(2048)
    labels, position = [], 12
    while query[position]:
        labels.append(query[position + 1:position + 1 + query[position]].decode())
        position += query[position] + 1
    kind = struct.unpack_from(">H", query, position + 1)[0]
    name = ".".join(labels)
    print("asked for", name, flush=True)
    code = 0 if name == "api.second.example" else failure
    address = struct.pack(">HHHIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton("192.0.2.1")
    found = code == 0 and kind == 1
    listener.sendto(query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, found, 0, 0) + query[12:position + 5] +
                    (address if found else b""), client)
EOF
cat >"$work/look.c" <<'EOF'
#include <ares.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/select.h>

static int done;

static void answer(void *context, int status, int timeouts, struct ares_addrinfo *found) {
    (void)context, (void)timeouts;
    printf("%s\n", ares_strerror(status));
    if (found) ares_freeaddrinfo(found);
    done = 1;
}

int main(int count, char **values) {
    (void)count;
    char *domains[] = {"first.example", "second.example"};
    struct ares_options options = {.domains = domains, .ndomains = 2, .ndots = 5};
    struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC};
    ares_channel channel;
    ares_library_init(ARES_LIB_INIT_ALL);
    if (ares_init_options(&channel, &options, ARES_OPT_DOMAINS | ARES_OPT_NDOTS) != ARES_SUCCESS) return 3;
    if (ares_set_servers_ports_csv(channel, values[1]) != ARES_SUCCESS) return 3;
    ares_getaddrinfo(channel, "api", "80", &hints, answer, NULL);
    while (!done) {
        fd_set readable, writable;
        struct timeval limit;
        FD_ZERO(&readable);
        FD_ZERO(&writable);
        int highest = ares_fds(channel, &readable, &writable);
        select(highest, &readable, &writable, NULL, ares_timeout(channel, NULL, &limit));
        ares_process(channel, &readable, &writable);
    }
    return 0;
}
EOF
cc -O1 -Wall -I"$root/usr/include" -o "$work/look" "$work/look.c" "$libraries/libcares.so.2"
look() {
    background "$work/$1" python3 "$work/server.py" "$2"
    wait_until 20 test -s "$work/$1"
    result=$(env LD_LIBRARY_PATH="$libraries" timeout 60 "$work/look" "127.0.0.1:$(head -n 1 "$work/$1")")
    domains=$(sed -n 's/^asked for //p' "$work/$1" | sort -u | paste -s -d ' ')
}
look nxdomain 3
expect "NXDOMAIN for the first domain" "Successful completion" "$result"
expect "names that the server was asked for" "api.first.example api.second.example" "$domains"
look servfail 2
expect "SERVFAIL for the first domain" "Could not contact DNS servers" "$result"
expect "names that the server was asked for" "api.first.example" "$domains"
as_described

#!/usr/bin/env bash
# libcurl 7.88.1 gives what a server sends on an idle connection to the next request as its answer.
#
# Guess:    before an idle connection is used again libcurl sees that bytes wait on it that no request asked for, and
#           takes a new connection, as it does when the server has closed it.
# Instead:  the connection counts as alive because there is something to read. A server's farewell (408 and close
#           after a keep-alive timeout) becomes the answer to the next request, whose bytes the server never reads;
#           the result is CURLE_OK. Without waiting bytes, the closed connection is noticed.
#           (Debian's libcurl 7.88.1-10+deb12u15.)
# Matters:  a heartbeat or a final report ends with a status that belongs to nothing. Look whether the idle
#           connection is readable before a request, and take a fresh one if it is.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/libcurl.bash"

cat >"$work/server.py" <<'EOF'
import socket, sys, threading, time

farewell = sys.argv[1].encode().decode("unicode_escape").encode()
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)

def serve(connection, first):
    stream = connection.makefile("rb")
    while line := stream.readline():
        while stream.readline() not in (b"\r\n", b""):
            pass
        print("read", line.decode().split()[1], flush=True)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        if first:
            time.sleep(0.2)
            connection.sendall(farewell)
            connection.shutdown(socket.SHUT_RDWR)
            print("farewell", flush=True)
            return

first = True
while True:
    threading.Thread(target=serve, args=(listener.accept()[0], first), daemon=True).start()
    first = False
EOF
build <<'EOF'
#include <stdlib.h>
#include <unistd.h>
#include "curl_loop.h"

static void request(CURLM *multi, const char *origin, const char *path) {
    char url[200];
    long status = 0;
    CURL *easy = curl_easy_init();
    snprintf(url, sizeof url, "%s%s", origin, path);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_multi_add_handle(multi, easy);
    int result = run(multi, 10);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    printf("%s result %d status %ld\n", path, result, status);
    fflush(stdout);
    curl_multi_remove_handle(multi, easy);
    curl_easy_cleanup(easy);
}

int main(int count, char **values) {
    (void)count;
    CURLM *multi = new_multi();
    request(multi, values[1], "/first");
    /* The server says farewell now, and the file named says when it has. */
    for (int tries = 0; tries < 100 && access(values[2], F_OK) != 0; tries++) usleep(100000);
    request(multi, values[1], "/second");
    return 0;
}
EOF

# look NAME FAREWELL: one client and one server; sets `answer` and `reached`.
look() {
    serve "$1.server" "$2"
    "$work/look" "$origin" "$work/$1.said" >"$work/$1.client" &
    local client=$!
    children+=("$client")
    wait_until 20 grep -q farewell "$work/$1.server"
    touch "$work/$1.said"
    wait "$client"
    answer=$(grep '^/second' "$work/$1.client")
    reached=$(grep -c '^read /second' "$work/$1.server" || true)
}

look silent ''
expect "after a silent close, the second request" "/second result 0 status 200" "$answer"
expect "times that the server read it" "1" "$reached"
look farewell 'HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
expect "after a 408 on the idle connection, the second request" "/second result 0 status 408" "$answer"
expect "times that the server read it" "0" "$reached"
as_described

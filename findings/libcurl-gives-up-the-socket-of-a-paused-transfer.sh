#!/usr/bin/env bash
# CURL_POLL_REMOVE does not mean that a connection is finished: libcurl says it for every pause, too.
#
# Guess:    CURL_POLL_REMOVE for a descriptor means that libcurl is done with it: the connection has been closed or
#           lies idle, and what the program keeps for it can go.
# Instead:  a write callback that returns CURL_WRITEFUNC_PAUSE makes libcurl report REMOVE while the connection is in
#           the middle of an answer and open. From then on nothing watches it: when the server breaks off, the
#           program is not told before it continues. After CURLPAUSE_CONT the same descriptor number comes back.
#           (Debian's libcurl 7.88.1-10+deb12u15.)
# Matters:  a reactor must not take REMOVE for the end of a transfer, and a paused transfer to a dead server lasts
#           until a timeout of one's own.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/libcurl.bash"

cat >"$work/server.py" <<'EOF'
import socket, time

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    connection = listener.accept()[0]
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    time.sleep(0.5)
    connection.shutdown(socket.SHUT_RDWR)
    connection.close()
EOF
build <<'EOF'
#include <fcntl.h>
#include "curl_loop.h"

static int paused;

static size_t take(char *bytes, size_t size, size_t count, void *context) {
    (void)bytes, (void)context;
    if (paused++ == 0) return CURL_WRITEFUNC_PAUSE;
    return size * count;
}

int main(int count, char **values) {
    (void)count;
    CURLM *multi = new_multi();
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, values[1]);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    curl_multi_add_handle(multi, easy);
    /* The server closes after half a second; there are two to notice it. */
    int result = run(multi, 2);
    int descriptor = removed_descriptor;
    printf("paused result %d removed %s descriptor %s\n", result, descriptor >= 0 ? "yes" : "no",
           descriptor >= 0 && fcntl(descriptor, F_GETFD) >= 0 ? "open" : "closed");
    curl_easy_pause(easy, CURLPAUSE_CONT);
    printf("continued %s\n", wanted[descriptor] ? "same descriptor" : "not yet");
    result = run(multi, 2);
    printf("end result %d\n", result);
    return 0;
}
EOF
serve server
seen=$("$work/look" "$origin/")

expect "paused, 2 s, the server has closed" \
    "result -1 removed yes descriptor open" "$(sed -n 's/^paused //p' <<<"$seen")"
say "right after CURLPAUSE_CONT: $(sed -n 's/^continued //p' <<<"$seen")"
expect "after that the transfer ends with (18: partial file)" "result 18" "$(sed -n 's/^end //p' <<<"$seen")"
as_described

#!/usr/bin/env bash
# libcurl sends a POST a second time when a reused connection breaks after the server has read the whole request.
#
# Guess:    a POST that was sent to its end and got no answer is an error for the program to judge; only what is
#           known not to have been processed is repeated.
# Instead:  on a connection that was used before, libcurl opens another and sends the POST again by itself. The
#           result is CURLE_OK; only CURLINFO_REQUEST_SIZE, which adds up both heads, gives it away, while
#           CURLINFO_SIZE_UPLOAD_T counts one body. On a fresh connection the same break is CURLE_GOT_NOTHING.
#           (Debian's libcurl 7.88.1-10+deb12u15.)
# Matters:  a catalog or a configuration is written twice, and the log of attempts says once. Where a second POST
#           matters, use a fresh connection (CURLOPT_FRESH_CONNECT) and count by CURLINFO_REQUEST_SIZE.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/libcurl.bash"

cat >"$work/server.py" <<'EOF'
import socket, threading

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
posts = 0

def serve(connection):
    global posts
    stream = connection.makefile("rb")
    while line := stream.readline():
        length = 0
        while (header := stream.readline()) not in (b"\r\n", b""):
            name, _, value = header.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        body = stream.read(length)
        if line.startswith(b"POST"):
            posts += 1
            print("read POST with", body.decode(), flush=True)
            if posts == 1:
                connection.shutdown(socket.SHUT_RDWR)
                return
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
EOF
build <<'EOF'
#include "curl_loop.h"

static void request(CURLM *multi, const char *url, const char *body) {
    long status = 0, heads = 0;
    curl_off_t sent = 0;
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    if (body) curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_multi_add_handle(multi, easy);
    int result = run(multi, 10);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &heads);
    curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    printf("%s result %d status %ld body %ld %s\n", body ? "POST" : "GET", result, status, (long)sent,
           heads > 250 ? "heads 2" : "heads 1");
    curl_multi_remove_handle(multi, easy);
    curl_easy_cleanup(easy);
}

int main(int count, char **values) {
    CURLM *multi = new_multi();
    if (count > 2) request(multi, values[1], NULL); /* so that the connection is a reused one */
    request(multi, values[1], "data=1");
    return 0;
}
EOF

look() {
    serve "$1.server"
    answer=$("$work/look" "$origin/" ${2:+"$2"} | grep POST)
    reached=$(grep -c 'read POST with data=1' "$work/$1.server")
}

look fresh
expect "on a fresh connection" "POST result 52 status 0 body 6 heads 1" "$answer"
expect "POSTs that the server read" "1" "$reached"
look reused first-a-get
expect "on a reused connection" "POST result 0 status 204 body 6 heads 2" "$answer"
expect "POSTs that the server read" "2" "$reached"
as_described

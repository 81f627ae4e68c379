#!/usr/bin/env bash
# gcp-storage-emulator says of an upload that has just begun that its first byte has arrived.
#
# Guess:    asked for the state of a resumable upload with nothing in it, a server answers 308 without Range.
# Instead:  it answers 308 with `Range: bytes=0-0`, which means one byte. A client that goes on with the second byte
#           gets 400, "expected 0, got 1"; one that starts over is accepted. (gcp-storage-emulator 2026.7.19.)
# Matters:  after a first request that never arrived, a client that trusts Range loses the upload or, with another
#           server, the first byte of its document. Range must be checked against what was sent.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
python_with --constraint "$(dirname "$0")/../Tests/StoragePeers/servers/requirements.txt" gcp-storage-emulator==2026.7.19
port=$(free_port)
background "$work/server" "$bin/gcp-storage-emulator" start --host 127.0.0.1 --port "$port" --in-memory
wait_until 30 listens "$port"
cat >"$work/look.py" <<'EOF'
import sys, urllib.error, urllib.request

def ask(method, url, body, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=10) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()

base = sys.argv[1]
json_type = {"Content_Type": "application/json"}
ask("POST", base + "/storage/v1/b?project=p", b'{"name": "bucket"}', **json_type)
session = ask("POST", base + "/upload/storage/v1/b/bucket/o?uploadType=resumable&name=output", b"{}",
              **json_type)[1]["Location"]
status, headers, _ = ask("PUT", session, b"", Content_Range="bytes */*")
print("state", status, headers["Range"])
status, _, text = ask("PUT", session, b"ontent", Content_Range="bytes 1-6/7")
print("second", status, "expected 0, got 1" if "expected 0, got 1" in text else text)
print("first", ask("PUT", session, b"content", Content_Range="bytes 0-6/7")[0])
EOF
seen=$(timeout 60 "$python" "$work/look.py" "http://127.0.0.1:$port")
expect "state of an upload without a byte" "308 bytes=0-0" "$(sed -n 's/^state //p' <<<"$seen")"
expect "going on with the second byte" "400 expected 0, got 1" "$(sed -n 's/^second //p' <<<"$seen")"
expect "starting over" "200" "$(sed -n 's/^first //p' <<<"$seen")"
as_described

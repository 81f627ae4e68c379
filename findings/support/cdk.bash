# For findings about the Python CDK: installs it, pinned with all that it needs, and runs sources of a few lines.

python_with --constraint "$(dirname "$0")/pins/airbyte-cdk-7.39.1.txt" airbyte-cdk==7.39.1
support=$(cd "$(dirname "$0")/support" && pwd)
printf '{"host": "h"}' >"$work/config.json"

# connector ARGUMENT…: runs $work/main.py; sets `code`, and the files `$work/out` and `$work/err`.
connector() {
    code=0
    (cd "$work" && PYTHONPATH=$support timeout 120 "$python" main.py "$@" >out 2>err) || code=$?
    [ "$code" != 124 ] || cannot_look "the source did not end within two minutes"
}

# lines TYPE: how many messages of that type stand on lines of their own.
lines() {
    "$python" - "$1" "$work/out" <<'EOF'
import json, sys
count = 0
for line in open(sys.argv[2]):
    try:
        count += json.loads(line).get("type") == sys.argv[1]
    except ValueError:
        pass
print(count)
EOF
}

# member TYPE PATH: that member (names joined by dots) of the first message of that type, as JSON.
member() {
    "$python" - "$1" "$2" "$work/out" <<'EOF'
import json, sys
for line in open(sys.argv[3]):
    try:
        message = json.loads(line)
    except ValueError:
        continue
    if message.get("type") == sys.argv[1]:
        for name in sys.argv[2].split("."):
            message = message[name]
        print(json.dumps(message))
        break
else:
    print("absent")
EOF
}

# low_code_check PATH: CHECK of a low-code source that reads http://127.0.0.1:$port/PATH; sets `code` as above.
low_code_check() {
    "$python" "$support/low_code_source.py" "http://127.0.0.1:$port" "$1" >"$work/config.json"
    code=0
    (cd "$work" && timeout 200 "$bin/source-declarative-manifest" check --config config.json >out 2>err) || code=$?
    [ "$code" != 124 ] || cannot_look "the source did not end"
}

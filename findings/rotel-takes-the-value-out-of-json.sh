#!/usr/bin/env bash
# rotel accepts an OTLP metric in JSON whose integer is a string, as the specification wants it, and loses the value.
#
# Guess:    `"asInt": "7"` is how protobuf's JSON mapping writes a 64-bit integer; a receiver takes it or answers 400.
# Instead:  the answer is 200 with no partial success, and what rotel passes on is a data point without a value.
#           `"asInt": 7` and `"asDouble": 7` arrive. A time as a number is worse: the whole sum is gone, again with
#           200, while the same in a trace is refused with 400. (rotel 0.0.1a15.)
# Matters:  a correct sender's counters are all empty, and it cannot know. `asDouble` with times as strings, or
#           protobuf, is what every receiver understands.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
python_with rotel==0.0.1a15 opentelemetry-proto==1.45.2 protobuf==7.36.2 typing_extensions==4.16.0

cat >"$work/sink.py" <<'EOF'
from http_server import serve
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

def take(_, body):
    for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                points = metric.sum.data_points
                kind = points[0].WhichOneof("value") if points else None
                value = getattr(points[0], kind) if kind else "a point without a value" if points else "no point"
                print(metric.name, value, flush=True)
    return 200, {}, b""

serve(take)
EOF
background "$work/sink" env PYTHONPATH="$(dirname "$0")/support" "$python" "$work/sink.py"
wait_until 20 test -s "$work/sink"
port=$(free_port)
grpc_port=$(free_port)
background "$work/rotel" "$(find "$(dirname "$bin")" -path '*rotel/rotel-agent')" start \
    --otlp-http-endpoint "127.0.0.1:$port" --otlp-grpc-endpoint "127.0.0.1:$grpc_port" --exporter otlp \
    --otlp-exporter-endpoint "http://127.0.0.1:$(head -n 1 "$work/sink")" --otlp-exporter-protocol http \
    --disable-batching
wait_until 30 listens "$port"

# point NAME JSON: sends a sum with that point; prints the status and what the sink behind rotel got of it.
point() {
    local status
    status=$("$python" - "$port" "$1" "$2" <<'EOF'
import json, sys, urllib.request
metric = {"name": sys.argv[2], "sum": {"aggregationTemporality": 2, "isMonotonic": True,
                                       "dataPoints": [json.loads(sys.argv[3])]}}
body = json.dumps({"resourceMetrics": [{"resource": {}, "scopeMetrics": [{"scope": {}, "metrics": [metric]}]}]})
request = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}/v1/metrics", body.encode(),
                                 {"Content-Type": "application/json"})
print(urllib.request.urlopen(request, timeout=10).status)
EOF
)
    wait_until 10 grep -q "^$1 " "$work/sink"
    echo "$status, arrives as $(sed -n "s/^$1 //p" "$work/sink")"
}
time='"timeUnixNano": "1700000000000000000"'
expect "asInt as a string" "200, arrives as a point without a value" "$(point text "{$time, \"asInt\": \"7\"}")"
expect "asInt as a number" "200, arrives as 7" "$(point number "{$time, \"asInt\": 7}")"
expect "asDouble" "200, arrives as 7.0" "$(point double "{$time, \"asDouble\": 7}")"
expect "asDouble, time as a number" "200, arrives as no point" \
    "$(point time '{"timeUnixNano": 1700000000000000000, "asDouble": 7}')"
as_described

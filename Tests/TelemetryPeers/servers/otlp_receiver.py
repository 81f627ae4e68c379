"""Receives OTLP/HTTP on a free port of the loopback, and tells what has come: `otlp_receiver.py [FAULT ...]`.

Prints one line of JSON with its port, `{"port": 4711}`, then one for each request. Ends with SIGTERM. Needs
opentelemetry-proto.

Each fault is for one request, the last one for all that follow; without faults every request is taken:

    ok            takes the request
    partial       takes it but for one item, and says why
    partial-null  takes it; the answer is `{"partialSuccess":null}`
    empty         takes it; the answer has no body
    retry-date    429, with a date in Retry-After that is two seconds ahead
    retry-seconds 503, with one second in Retry-After
    later         503, with an hour in Retry-After
    unavailable   503
    error         500
    bad           400, with a reason
    unauthorized  401; repeats the header `Authorization`, as some gateways do
    page          200, with a page for people
    close         reads the request, and closes the connection
    hang          reads the request, and never answers
    refuse        is not there: no connection is accepted (must be the only one)

A line holds what a request was and, where it could be decoded, its items as `items` says:

    {"path": "/v1/logs", "headers": {"content-type": "application/json"}, "gzip": false, "fault": "ok", "items": [...]}

An attribute's value is a JSON value; times are in nanoseconds. What is no valid request gets a 400 and
`"problem"` in its line.
"""

import base64
import email.utils
import gzip
import json
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
TEMPORALITY = {0: None, 1: "delta", 2: "cumulative"}
PATHS = {
    "/v1/metrics": (metrics.ExportMetricsServiceRequest, metrics.ExportMetricsServiceResponse, "rejected_data_points"),
    "/v1/traces": (traces.ExportTraceServiceRequest, traces.ExportTraceServiceResponse, "rejected_spans"),
    "/v1/logs": (logs.ExportLogsServiceRequest, logs.ExportLogsServiceResponse, "rejected_log_records"),
}
IDS = {"traceId", "spanId", "parentSpanId"}


def with_binary_ids(value):
    """JSON with the ids as protobuf's own JSON has them: OTLP has hexadecimal digits in place of Base64."""
    if isinstance(value, list):
        return [with_binary_ids(element) for element in value]
    if not isinstance(value, dict):
        return value
    return {
        name: base64.b64encode(bytes.fromhex(member)).decode() if name in IDS else with_binary_ids(member)
        for name, member in value.items()
    }


def check_numbers(value):
    """64-bit integers have to be strings, and enumerations numbers, which protobuf's own reader leaves open."""
    if isinstance(value, list):
        for element in value:
            check_numbers(element)
    elif isinstance(value, dict):
        for name, member in value.items():
            if name.endswith("UnixNano") or name in ("intValue", "count"):
                assert isinstance(member, str), f"{name} is no string"
            if name in ("kind", "severityNumber", "aggregationTemporality", "code"):
                assert isinstance(member, int), f"{name} is no number"
            if name == "bucketCounts":
                assert all(isinstance(count, str) for count in member), f"{name} are no strings"
            check_numbers(member)


def decode(message, content_type, body):
    if content_type == PROTOBUF:
        message.ParseFromString(body)
    elif content_type == JSON:
        value = json.loads(body)
        check_numbers(value)
        json_format.ParseDict(with_binary_ids(value), message)
    else:
        raise ValueError(f"content type {content_type}")
    return message


def attributes(pairs):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def metric_items(request):
    for group in request.resource_metrics:
        for scope in group.scope_metrics:
            for metric in scope.metrics:
                kind = metric.WhichOneof("data")
                data = getattr(metric, kind)
                for point in data.data_points:
                    yield {
                        "resource": attributes(group.resource.attributes),
                        "name": metric.name,
                        "description": metric.description,
                        "unit": metric.unit,
                        "kind": kind,
                        "temporality": TEMPORALITY[getattr(data, "aggregation_temporality", 0)],
                        "monotonic": getattr(data, "is_monotonic", False),
                        "attributes": attributes(point.attributes),
                        "start": point.start_time_unix_nano,
                        "time": point.time_unix_nano,
                    } | (histogram(point) if kind == "histogram" else {"value": point.as_double})


def histogram(point):
    assert len(point.bucket_counts) == len(point.explicit_bounds) + 1, "buckets and bounds do not fit"
    assert sum(point.bucket_counts) == point.count, "the buckets have another count"
    return {
        "count": point.count,
        "value": point.sum,
        "buckets": list(point.bucket_counts),
        "bounds": list(point.explicit_bounds),
        "min": point.min,
        "max": point.max,
    }


def span_items(request):
    for group in request.resource_spans:
        for scope in group.scope_spans:
            for span in scope.spans:
                yield {
                    "resource": attributes(group.resource.attributes),
                    "trace": span.trace_id.hex(),
                    "span": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(),
                    "name": span.name,
                    "kind": span.kind,
                    "start": span.start_time_unix_nano,
                    "end": span.end_time_unix_nano,
                    "attributes": attributes(span.attributes),
                    "status": span.status.code,
                    "message": span.status.message,
                }


def log_items(request):
    for group in request.resource_logs:
        for scope in group.scope_logs:
            for record in scope.log_records:
                yield {
                    "resource": attributes(group.resource.attributes),
                    "time": record.time_unix_nano,
                    "observed": record.observed_time_unix_nano,
                    "severity": record.severity_number,
                    "level": record.severity_text,
                    "body": record.body.string_value,
                    "attributes": attributes(record.attributes),
                    "trace": record.trace_id.hex(),
                    "span": record.span_id.hex(),
                }


ITEMS = {"/v1/metrics": metric_items, "/v1/traces": span_items, "/v1/logs": log_items}


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lock = threading.Lock()
    faults = []

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        line = {"path": self.path, "headers": headers, "gzip": headers.get("content-encoding") == "gzip"}
        with self.lock:
            fault = self.faults.pop(0) if len(self.faults) > 1 else self.faults[0]
        try:
            if line["gzip"]:
                body = gzip.decompress(body)
            content_type = headers["content-type"]
            message, response, rejected = PATHS[self.path]
            request = decode(message(), content_type, body)
            line["items"] = list(ITEMS[self.path](request))
            assert line["items"], "an empty export"
        except Exception as problem:
            line["problem"] = f"{type(problem).__name__}: {problem}"
            fault, content_type, response, rejected = "bad", JSON, None, None
        line["fault"] = fault
        with self.lock:
            print(json.dumps(line), flush=True)
        self.answer(fault, content_type, response, rejected)

    def answer(self, fault, content_type, response, rejected):
        if fault == "hang":
            threading.Event().wait()
        if fault == "close":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif fault in ("ok", "partial"):
            answer = response()
            if fault == "partial":
                setattr(answer.partial_success, rejected, 1)
                answer.partial_success.error_message = "one is too old"
            is_json = content_type == JSON
            body = json_format.MessageToJson(answer).encode() if is_json else answer.SerializeToString()
            self.send(200, content_type, body)
        elif fault == "partial-null":
            self.send(200, JSON, b'{"partialSuccess":null}')
        elif fault == "empty":
            self.send(200, content_type, b"")
        elif fault == "retry-date":
            date = email.utils.formatdate(time.time() + 2, usegmt=True)
            self.send(429, "text/plain", b"slow down", {"Retry-After": date})
        elif fault == "retry-seconds":
            self.send(503, "text/plain", b"busy", {"Retry-After": "1"})
        elif fault == "later":
            self.send(503, "text/plain", b"busy", {"Retry-After": "3600"})
        elif fault == "unavailable":
            self.send(503, "text/plain", b"busy")
        elif fault == "error":
            self.send(500, "text/plain", b"broken")
        elif fault == "bad":
            self.send(400, "text/plain", b"not understood")
        elif fault == "unauthorized":
            given = self.headers.get("Authorization", "nothing")
            self.send(401, "text/plain", f"unknown: {given}".encode())
        elif fault == "page":
            self.send(200, "text/html", b"<!DOCTYPE html><html><title>Welcome</title></html>")

    def send(self, status, content_type, body, headers={}):
        self.send_response_only(status)
        self.send_header("Date", self.date_time_string())
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # connections that were broken off


def main():
    faults = sys.argv[1:] or ["ok"]
    if faults == ["refuse"]:
        # Bound, so that nobody else gets the port, but not listening.
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
        signal.pause()
    Receiver.faults = faults
    server = Server(("127.0.0.1", 0), Receiver)
    print(json.dumps({"port": server.server_port}), flush=True)
    server.serve_forever()


main()

"""Stands between a client and an HTTP server, on a free port of the loopback: `fault_proxy.py PORT_OF_THE_SERVER`.

Passes requests and answers on as they are, but for the faults that it is told of. Prints one line of JSON with its
port; ends when its standard input does.

`POST /faults` takes a list of rules, in place of the former ones:

    {"match": "PUT .*partNumber=2", "after": 1, "times": 2, "fault": "answer", "status": 503, "headers": {}, "body": ""}

A rule is for `times` requests (1) whose method and target the expression is found in; the first `after` (0) are left
alone. With `"chunked": true` it is only for those whose body comes in chunks. The first rule that fits is taken. Its
fault is one of

    answer   reads the request, and answers itself
    early    answers itself once it has the head, reads no body, and closes the connection, as nginx does
    reset    resets the connection in the middle of the body
    lost     passes the request on, and resets the connection in place of the answer
    torn     passes the request on, and resets the connection in the middle of the answer's body
    replace  passes the request on, and answers itself in place of the server

`GET /faults` tells what has been asked: method, target, status or fault.
"""

import http.client
import json
import os
import re
import socket
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}
RESET_AFTER = 512 * 1024  # bytes; the middle of a body in chunks, whose length nobody knows
LONGEST_DRAIN = 2  # seconds; a client that was answered early stops sending soon


class State:
    def __init__(self, upstream):
        self.upstream = upstream
        self.lock = threading.Lock()
        self.rules = []
        self.seen = []

    def rule(self, call, is_chunked):
        with self.lock:
            for rule in self.rules:
                if rule["times"] == 0 or not re.search(rule["match"], call):
                    continue
                if rule["chunked"] and not is_chunked:
                    continue
                if rule["after"] > 0:
                    rule["after"] -= 1
                    return None
                rule["times"] -= 1
                return rule
        return None

    def saw(self, call, end):
        with self.lock:
            self.seen.append(f"{call} {end}")


class Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: State

    def log_message(self, *arguments):
        pass

    def handle_expect_100(self):
        return True  # said when the body is wanted

    @property
    def is_chunked(self):
        return self.headers.get("Transfer-Encoding", "").lower() == "chunked"

    def body(self, count):
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        return b"".join(self.chunks()) if self.is_chunked else self.rfile.read(count)

    def chunks(self):
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers

    def read_half(self, count):
        if not self.is_chunked:
            return self.body(count // 2)
        have = 0
        for chunk in self.chunks():
            have += len(chunk)
            if have >= RESET_AFTER:
                return

    def reset(self):
        self.close_connection = True
        self.wfile.flush()
        # Closed without lingering, a connection is reset.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RD)

    def answer(self, status, headers, body, length=None):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name.lower() == "date" for name, _ in headers):
            self.send_header("Date", self.date_time_string())
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_request(self):
        length = int(self.headers.get("Content-Length") or 0)
        if self.path == "/faults":
            return self.control(length)
        call = f"{self.command} {self.path}"
        rule = self.state.rule(call, self.is_chunked) or {"fault": None}
        fault = rule["fault"]
        if fault == "reset":
            self.read_half(length)
            self.state.saw(call, fault)
            return self.reset()
        if fault == "early":
            self.state.saw(call, rule["status"])
            return self.answer_early(rule)
        body = self.body(length)
        if fault != "answer":
            status, headers, content = self.pass_on(body)
        if fault in ("lost", "torn"):
            self.state.saw(call, fault)
            if fault == "torn":
                self.answer(status, headers, content[: len(content) // 2], len(content))
            return self.reset()
        if fault in ("answer", "replace"):
            status, headers, content = rule["status"], list(rule["headers"].items()), rule["body"].encode()
        self.state.saw(call, status)
        # A HEAD's length is that of what it did not send.
        length = next((value for name, value in headers if name.lower() == "content-length"), None)
        headers = [pair for pair in headers if pair[0].lower() != "content-length"]
        self.answer(status, headers, content, length if self.command == "HEAD" else None)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = handle_request

    def answer_early(self, rule):
        self.close_connection = True
        self.answer(rule["status"], [*rule["headers"].items(), ("Connection", "close")], rule["body"].encode())
        # Until the client has noticed: unread bytes would make the end of the connection a reset.
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(LONGEST_DRAIN)
        try:
            while self.connection.recv(65536):
                pass
        except OSError:
            pass

    def pass_on(self, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.state.upstream, timeout=60)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("expect", "connection"):
                connection.putheader(name, value)
        connection.endheaders(body, encode_chunked=self.is_chunked)
        answer = connection.getresponse()
        content = answer.read()
        kept = [pair for pair in answer.getheaders() if pair[0].lower() not in HOP_BY_HOP - {"date"}]
        # What leads back to the server leads through here.
        ports = f"//127.0.0.1:{self.state.upstream}/", f"//127.0.0.1:{self.server.server_port}/"
        kept = [(name, value.replace(*ports) if name == "Location" else value) for name, value in kept]
        if self.command == "HEAD" and answer.getheader("Content-Length"):
            kept.append(("Content-Length", answer.getheader("Content-Length")))
        connection.close()
        return answer.status, kept, content

    def control(self, length):
        if self.command == "POST":
            usual = {"after": 0, "times": 1, "chunked": False, "headers": {}, "body": ""}
            rules = [usual | rule for rule in json.loads(self.body(length))]
            with self.state.lock:
                self.state.rules = rules
        with self.state.lock:
            content = json.dumps(self.state.seen).encode()
        self.answer(200, [("Content-Type", "application/json")], content)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # connections that were broken off


def main():
    Proxy.state = State(int(sys.argv[1]))
    server = Server(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_port}), flush=True)
    sys.stdin.read()
    os._exit(0)


main()

#!/usr/bin/python3
"""A hostile server before a good one: passes requests on, except those that its rules name.

usage: hostile_proxy.py PORT QUOTED [ATTACK PATH TIMES]…

QUOTED is a file with texts, one a line, that `quote` quotes as well. PATH is a regular expression for the request's path; TIMES 0 means always. The program prints its port first. Attacks:

  quote          400; quotes the request's head and body, and all credentials that any request held
  drip-head      one byte of the head a second
  drip-body      a head of 200, then one byte of the body a second
  endless-body   200 and a body without an end
  endless-head   200 and header fields without an end
  redirect       a redirection to the same place
  short-length   200 whose Content-Length is shorter than its body
  long-length    200 whose Content-Length is longer than its body; the connection is closed
  huge-length    200 whose Content-Length is 9 exabytes
  garbage        bytes that are no HTTP
  page           200 and a page
  reset-before   reset before the request is read
  reset-after    reset after the request is read; the good server does not see it
  reset-done     reset after the good server has answered
"""

import base64
import json
import re
import socket
import struct
import sys
import threading
import time
import urllib.parse

PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Welcome</body></html>"

_seen = []  # what requests held of credentials


def read_request(connection):
    """The head and the body; empty where the client has closed the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b"", b""
        data += piece
        if b"Expect: 100-continue" in data and b"\r\n\r\n" in data:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    head, body = data.split(b"\r\n\r\n", 1)
    length = re.search(rb"(?im)^content-length: *(\d+)", head)
    chunked = re.search(rb"(?im)^transfer-encoding: *chunked", head)
    while (length and len(body) < int(length[1])) or (chunked and not body.endswith(b"0\r\n\r\n")):
        piece = connection.recv(65536)
        if not piece:
            break
        body += piece
    return head, body


def forward(port, head, body):
    """The good server's answer."""
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"connection:", b"expect:"))]
    with socket.create_connection(("127.0.0.1", port)) as upstream:
        upstream.sendall(b"\r\n".join(lines + [b"Connection: close"]) + b"\r\n\r\n" + body)
        answer = b""
        while piece := upstream.recv(65536):
            answer += piece
    return answer


def note(head, body):
    for line in head.split(b"\r\n"):
        if re.match(rb"(?i)(proxy-)?authorization:|x-amz-security-token:|x-.*token:", line):
            _seen.append(line.split(b":", 1)[1].strip().decode("latin-1"))
    # A report can hold that word too.
    if b'"client_secret":' in body and "client_secret" in json.loads(body):
        _seen.append(json.loads(body)["client_secret"])


def quotation(head, body):
    """The request and the credentials, each in several forms, behind more and more text."""
    texts = []
    for number, text in enumerate(dict.fromkeys(_seen)):
        value = text.split(" ", 1)[-1]
        texts += ["%s%s is wrong" % ("x" * number, value), json.dumps({"token": value}),
                  urllib.parse.quote(value), base64.b64encode(b"a:" + value.encode()).decode()]
    return ("%s | %s" % (" | ".join(texts), (head + b"\n" + body).decode("latin-1"))).encode()


_turn = [0]


def quote(head, body):
    text = quotation(head, body)
    # A quotation that begins elsewhere each time is cut elsewhere.
    _turn[0] += 1
    start = _turn[0] * 37 % max(1, len(text) - 300)
    text = text[text.find(b" ", start) + 1:]
    # The head is quoted as well, where it is a header field's value.
    field = re.sub(rb"[\r\n]+", b" ", text)[:400]
    return (b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nX-Squid-Error: " + field
            + b"\r\nContent-Length: %d\r\n\r\n" % len(text) + text)


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def drip(connection, data):
    for index in range(len(data)):
        connection.sendall(data[index:index + 1])
        time.sleep(1)


def flood(connection, head, piece):
    connection.sendall(head)
    while True:
        connection.sendall(piece)


def attack(name, connection, head, body, port):
    ok = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    if name == "quote":
        connection.sendall(quote(head, body))
        return True
    if name == "drip-head":
        drip(connection, ok)
    elif name == "drip-body":
        connection.sendall(ok + b"Content-Length: 1000\r\n\r\n")
        drip(connection, b" " * 1000)
    elif name == "endless-body":
        flood(connection, ok + b"\r\n", b" " * 65536)
    elif name == "endless-head":
        flood(connection, ok, b"X-Filler: " + b"x" * 1000 + b"\r\n")
    elif name == "redirect":
        path = head.split(b" ")[1]
        connection.sendall(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: " + path + b"\r\nContent-Length: 0\r\n\r\n")
        return True
    elif name == "short-length":
        connection.sendall(ok + b"Content-Length: 2\r\n\r\n{}" + b"HTTP/1.1 410 Gone\r\n\r\n" * 3)
        return True
    elif name == "long-length":
        connection.sendall(ok + b"Content-Length: 1000\r\n\r\n{}")
    elif name == "huge-length":
        connection.sendall(ok + b"Content-Length: 9223372036854775807\r\n\r\n{}")
    elif name == "garbage":
        connection.sendall(b"\x00\x01\x02 this is no HTTP \xff\xfe\x1b[2J\r\n\r\n")
    elif name == "page":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(PAGE) + PAGE)
        return True
    elif name == "reset-after":
        reset(connection)
    elif name == "reset-done":
        forward(port, head, body)
        reset(connection)
    else:
        raise ValueError(name)
    return False


def serve(connection, port, rules):
    try:
        while True:
            if any(rule["name"] == "reset-before" and rule["path"] == "" for rule in rules):
                return reset(connection)
            head, body = read_request(connection)
            if not head:
                return None
            note(head, body)
            path = head.split(b" ")[1].decode("latin-1")
            rule = next((r for r in rules if re.search(r["path"], path) and r["left"] != 0), None)
            if rule is None:
                connection.sendall(forward(port, head, body))
                return connection.close()
            rule["left"] -= 1
            if rule["name"] == "reset-before":
                return reset(connection)
            if not attack(rule["name"], connection, head, body, port):
                return connection.close()
    except OSError:
        return connection.close()


def main(arguments):
    port = int(arguments[0])
    with open(arguments[1], encoding="utf-8") as file:
        _seen.extend(file.read().splitlines())
    groups = [arguments[i:i + 3] for i in range(2, len(arguments), 3)]
    rules = [{"name": name, "path": path, "left": int(times) or -1} for name, path, times in groups]
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(connection, port, rules), daemon=True).start()


main(sys.argv[1:])

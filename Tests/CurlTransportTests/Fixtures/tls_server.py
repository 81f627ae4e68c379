"""An HTTPS server on a free port of the loopback; answers every GET with its own path,
and every POST with the body that it brought. After some answers come bytes that nobody has asked for:

GET /late    in a record of their own
GET /excess  in the record of the answer's last bytes
GET /sent    waits until those of /late are sent

Usage: tls_server.py CERTIFICATE KEY. Prints its port on one line, and ends when its standard input does.
"""

import http.server
import itertools
import os
import ssl
import sys
import threading

STRAY = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    numbers = itertools.count(1)
    is_sent = threading.Event()

    def setup(self):
        super().setup()
        self.number = next(self.numbers)

    def do_GET(self):
        body = self.path.encode()
        if self.path == "/excess":
            # More than a client reads at once together with the head.
            body = body.ljust(20_000)
        if self.path == "/sent":
            self.is_sent.wait()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        session = "reused" if self.connection.session_reused else "new"
        self.send_header("X-Session", session)
        self.send_header("X-Protocol", self.connection.version())
        self.send_header("X-Connection", str(self.number))
        self.end_headers()
        self.wfile.write(body + (STRAY if self.path == "/excess" else b""))
        if self.path == "/late":
            self.wfile.write(STRAY)
            self.is_sent.set()

    def do_POST(self):
        body = b""
        if self.headers["Transfer-Encoding"] == "chunked":
            while length := int(self.rfile.readline(), 16):
                body += self.rfile.read(length)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        """Hangs up without having read the body."""
        self.close_connection = True
        self.connection.close()

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A client that refuses the certificate is what some tests are about."""


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    server = Server(("127.0.0.1", 0), Handler)
    # The handshake belongs to the connection's thread, not to the one that accepts.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)


main()

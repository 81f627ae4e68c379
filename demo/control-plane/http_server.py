"""A small HTTP/1.1 server: a thread per connection, keep-alive, and full control over the socket.

The standard library's http.server takes too long to import, and it hides the socket that failure injection
needs.
"""

import socket
import struct
import threading
import time

MAX_HEAD_BYTES = 64 * 1024  # what common servers and proxies accept for the request line and the headers
MAX_BODY_BYTES = 512 * 1024 * 1024  # ten times the largest catalog heard of
READ_BYTES = 256 * 1024

REASONS = {
    200: "OK", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
    404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout", 409: "Conflict", 410: "Gone",
    411: "Length Required", 413: "Content Too Large", 415: "Unsupported Media Type",
    422: "Unprocessable Entity", 429: "Too Many Requests", 500: "Internal Server Error",
    502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}


class BadRequest(Exception):
    """The bytes received are no HTTP request; the connection is answered with `status` and closed."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class Request:
    """One request, complete with its body."""

    def __init__(self, method, target, version, headers):
        self.method = method
        self.target = target
        self.version = version
        self.headers = headers  # list of (name as sent, value)
        path, _, query = target.partition("?")
        self.path = path
        self.query = query
        self.body = b""
        self.received_at = time.time()
        self.connection_number = 0
        self.number_on_connection = 0

    def header(self, name):
        """The value of a header, several joined by a comma as RFC 9110 has it; None where absent."""
        values = [value for key, value in self.headers if key.lower() == name]
        return ", ".join(values) if values else None

    @property
    def keeps_alive(self):
        wish = (self.header("connection") or "").lower()
        return "close" not in wish and (self.version == "HTTP/1.1" or "keep-alive" in wish)


class Reply:
    """A status, headers and a body, ready to be written."""

    def __init__(self, status, body=b"", headers=(), content_type="application/json"):
        self.status = status
        self.body = body
        self.headers = list(headers)
        self.content_type = content_type

    def encoded(self, close=False):
        lines = ["HTTP/1.1 %d %s" % (self.status, REASONS.get(self.status, "Status"))]
        lines.append("Date: " + time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()))
        if self.status != 204:
            lines.append("Content-Type: " + self.content_type)
            lines.append("Content-Length: %d" % len(self.body))
        lines.extend("%s: %s" % pair for pair in self.headers)
        if close:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        return head if self.status == 204 else head + self.body


class Connection:
    """One accepted connection. Only its own thread reads and writes; `reset` may come from any thread."""

    def __init__(self, sock, number):
        self.socket = sock
        self.number = number
        self.requests = 0
        self.carried_admin = False
        self.open = True
        self._pending = b""

    def read_request(self):
        """The next request, or None when the client has closed. Raises BadRequest."""
        head = self._read_head()
        if head is None:
            return None
        lines = head.split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            raise BadRequest(400, "not a request line: %r" % lines[0][:80])
        headers = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                raise BadRequest(400, "not a header line: %r" % line[:80])
            headers.append((name, value.strip()))
        request = Request(parts[0], parts[1], parts[2], headers)
        self.requests += 1
        request.connection_number = self.number
        request.number_on_connection = self.requests
        request.body = self._read_body(request)
        return request

    def _more(self):
        chunk = self.socket.recv(READ_BYTES)
        self._pending += chunk
        return bool(chunk)

    def _read_head(self):
        while b"\r\n\r\n" not in self._pending:
            if len(self._pending) > MAX_HEAD_BYTES:
                raise BadRequest(400, "the headers are longer than %d bytes" % MAX_HEAD_BYTES)
            if not self._more():
                if self._pending:
                    raise BadRequest(400, "the connection ended within the headers")
                return None
        head, _, self._pending = self._pending.partition(b"\r\n\r\n")
        return head.decode("latin-1")

    def _read_body(self, request):
        coding = request.header("transfer-encoding")
        length = request.header("content-length")
        if coding is None and length is None:
            return b""
        if coding is not None and (coding.lower() != "chunked" or length is not None):
            raise BadRequest(400, "transfer-encoding %s together with content-length %s" % (coding, length))
        if length is not None and not length.isdigit():
            raise BadRequest(400, "content-length %r" % length)
        if (request.header("expect") or "").lower() == "100-continue":
            self.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if length is not None:
            return self._read_exactly(int(length))
        pieces, total = [], 0
        while True:
            size = int(self._read_line().split(b";")[0], 16)
            total += size
            if total > MAX_BODY_BYTES:
                raise BadRequest(413, "the body is longer than %d bytes" % MAX_BODY_BYTES)
            if size == 0:
                while self._read_line():
                    pass
                return b"".join(pieces)
            pieces.append(self._read_exactly(size))
            if self._read_line():
                raise BadRequest(400, "a chunk longer than it says")

    def _read_line(self):
        while b"\r\n" not in self._pending:
            if len(self._pending) > MAX_HEAD_BYTES or not self._more():
                raise BadRequest(400, "the connection ended within the body")
        line, _, self._pending = self._pending.partition(b"\r\n")
        return line

    def _read_exactly(self, count):
        if count > MAX_BODY_BYTES:
            raise BadRequest(413, "the body is longer than %d bytes" % MAX_BODY_BYTES)
        pieces, have = [self._pending[:count]], min(count, len(self._pending))
        self._pending = self._pending[count:]
        while have < count:
            chunk = self.socket.recv(min(READ_BYTES, count - have))
            if not chunk:
                raise BadRequest(400, "the connection ended after %d of %d bytes of the body" % (have, count))
            pieces.append(chunk)
            have += len(chunk)
        return b"".join(pieces)

    def send(self, data):
        self.socket.sendall(data)

    def reset(self):
        """Ends the connection with an RST instead of a FIN."""
        self.open = False
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.socket.shutdown(socket.SHUT_RD)  # wakes a thread that sits in recv; sends nothing
        except OSError:
            pass
        self._close()

    def close(self):
        if not self.open:
            return  # or a FIN could overtake the RST of a reset under way
        self.open = False
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        self._close()

    def _close(self):
        try:
            self.socket.close()
        except OSError:
            pass

    def wait_until_client_leaves(self):
        """Blocks until the client closes; whatever it still sends is thrown away."""
        try:
            while self.socket.recv(READ_BYTES):
                pass
        except OSError:
            pass


class Server:
    """Listens on one loopback port and hands every request to `handler(request, connection) -> keep open?`.

    `refuse()` closes the listener so that new connections are refused by the kernel, while a second
    socket that is bound but never listens keeps the port from being given to anybody else.
    """

    def __init__(self, handler, port=0, on_bad_request=None, numbers=None):
        self._handler = handler
        self._on_bad_request = on_bad_request
        self._numbers = numbers if numbers is not None else iter(range(1, 1 << 62)).__next__
        self._lock = threading.Lock()
        self._connections = set()
        self._listener = None
        self._guard = self._bound(port)
        self.port = self._guard.getsockname()[1]
        self.listen()

    @staticmethod
    def _bound(port):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(("127.0.0.1", port))
        return sock

    def listen(self):
        """Starts to listen, where it does not yet."""
        with self._lock:
            if self._listener is not None:
                return
            self._listener = self._bound(self.port)
            self._listener.listen(128)
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def refuse(self):
        """Stops listening and resets every connection that has not carried an admin request."""
        with self._lock:
            listener, self._listener = self._listener, None
            victims = [c for c in self._connections if not c.carried_admin]
        if listener is not None:
            # shutdown wakes the thread in accept(), which a plain close would leave asleep on the open file
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()
        for connection in victims:
            connection.reset()

    def stop(self):
        """Ends everything and gives the port back."""
        self.refuse()
        self._guard.close()
        with self._lock:
            rest = list(self._connections)
        for connection in rest:
            connection.reset()

    @property
    def listening(self):
        return self._listener is not None

    def _accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(sock, self._numbers())
            with self._lock:
                self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            while connection.open:
                request = connection.read_request()
                if request is None or not self._handler(request, connection):
                    break
        except BadRequest as problem:
            if self._on_bad_request is not None:
                self._on_bad_request(connection, str(problem))
            try:
                connection.send(Reply(problem.status, str(problem).encode(), (), "text/plain").encoded(True))
                # Closing with bytes unread would send an RST, and the answer might be lost on its way.
                connection.socket.shutdown(socket.SHUT_WR)
                connection.wait_until_client_leaves()
            except OSError:
                pass
        except (OSError, ValueError):
            pass  # the client left, or the connection was reset by another thread
        finally:
            connection.close()
            with self._lock:
                self._connections.discard(connection)

"""An HTTP/1.1 server that prints its port, then each request as "METHOD TARGET body LENGTH", and answers 200."""

import socket
import threading


def serve(connection):
    stream = connection.makefile("rb")
    while line := stream.readline():
        length, chunked = 0, False
        while (header := stream.readline()) not in (b"\r\n", b""):
            name, _, value = header.lower().partition(b":")
            length = int(value) if name == b"content-length" else length
            chunked = chunked or name == b"transfer-encoding"
        body = stream.read(length)
        while chunked and (size := int(stream.readline().split(b";")[0] or b"0", 16)):
            body += stream.read(size)
            stream.readline()
        if chunked:
            stream.readline()
        method, target, _ = line.decode().split()
        print(method, target, "body", len(body), flush=True)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

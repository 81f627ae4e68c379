"""S3 and STS on a free port of the loopback, played by moto with its checks of signatures and policies on.

Prints one line of JSON: the port, and the key and secret of a user who may do everything and of one who may do
nothing. Ends when its standard input does.
"""

import json
import os
import sys
import urllib.request

import boto3
from moto.server import ThreadedMotoServer


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


def main():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    port = server.get_host_and_port()[1]
    endpoint = f"http://127.0.0.1:{port}"
    iam = client("iam", endpoint)
    facts = {"port": port, "owner": make_user(iam, "owner", "Allow"), "stranger": make_user(iam, "stranger", "Deny")}
    client("s3", endpoint).create_bucket(Bucket="output")
    # From here on, every request needs a signature and a policy that allows it.
    checks = urllib.request.Request(f"{endpoint}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})
    urllib.request.urlopen(checks).read()
    print(json.dumps(facts), flush=True)
    sys.stdin.read()
    os._exit(0)


main()

#!/usr/bin/env bash
# OpenStack Swift's S3 interface refuses headers it does not support with 501, for good.
#
# Guess:    an unknown feature in a request is a client's error: 400, or the header is ignored. 5xx means: try later.
# Instead:  server-side encryption, tags and If-Match answer 501 NotImplemented, each time. If-None-Match: * is
#           supported (412 where the object exists). An upload without the header works. (swift 2.38.3 with s3api.)
# Matters:  a rule that retries every 5xx repeats such a request to its limit before anybody reads the reason. 501 is
#           final; the error should name the setting that asked for the header.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
needs python3
python_with --constraint "$(dirname "$0")/pins/swift-2.38.3.txt" swift==2.38.3 pyeclib==1.8.0 boto3==1.44.5
folder=$work/swift
mkdir -p "$folder/node/d1"
cat >"$folder/swift.conf" <<'EOF'
[swift-hash]
swift_hash_path_suffix = s
[storage-policy:0]
name = only
default = yes
EOF
for kind in account container object; do
    kind_port=$(free_port)
    cat >"$folder/$kind.conf" <<EOF
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $kind_port
workers = 0
mount_check = false
devices = $folder/node
swift_dir = $folder
user = $(id -un)
disable_fallocate = true
[pipeline:main]
pipeline = $kind-server
[app:$kind-server]
use = egg:swift#$kind
EOF
    (
        cd "$folder"
        "$bin/swift-ring-builder" $kind.builder create 1 1 1
        "$bin/swift-ring-builder" $kind.builder add "r1z1-127.0.0.1:$kind_port/d1" 1
        "$bin/swift-ring-builder" $kind.builder rebalance
    ) >"$folder/ring.log" 2>&1 || true # a warning about balance counts as a failure
    background "$folder/$kind.out" env SWIFT_DIR="$folder" "$bin/swift-$kind-server" "$folder/$kind.conf"
    wait_until 60 listens "$kind_port"
done
port=$(free_port)
cat >"$folder/proxy.conf" <<EOF
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $port
workers = 0
user = $(id -un)
swift_dir = $folder
[pipeline:main]
pipeline = catch_errors listing_formats s3api tempauth slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:slo]
use = egg:swift#slo
EOF
background "$folder/proxy.out" env SWIFT_DIR="$folder" "$bin/swift-proxy-server" "$folder/proxy.conf"
wait_until 60 listens "$port"
cat >"$work/look.py" <<'EOF'
import sys
import boto3, botocore
from botocore.config import Config

client = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="test:tester",
                      aws_secret_access_key="testing",
                      config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}))
client.create_bucket(Bucket="bucket")
for name, extra in (("plain", {}), ("encrypted", {"ServerSideEncryption": "AES256"}), ("tagged", {"Tagging": "a=b"}),
                    ("if-match", {"IfMatch": '"0"'}), ("if-none-match", {"IfNoneMatch": "*"})):
    try:
        answer = client.put_object(Bucket="bucket", Key="key", Body=b"x", **extra)
        print(name, answer["ResponseMetadata"]["HTTPStatusCode"])
    except botocore.exceptions.ClientError as error:
        print(name, error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"])
EOF
seen=$(timeout 100 "$python" "$work/look.py" "http://127.0.0.1:$port")
expect "PUT" "200" "$(sed -n 's/^plain //p' <<<"$seen")"
expect "PUT with x-amz-server-side-encryption" "501 NotImplemented" "$(sed -n 's/^encrypted //p' <<<"$seen")"
expect "PUT with x-amz-tagging" "501 NotImplemented" "$(sed -n 's/^tagged //p' <<<"$seen")"
expect "PUT with If-Match" "501 NotImplemented" "$(sed -n 's/^if-match //p' <<<"$seen")"
expect "PUT with If-None-Match: *" "412 PreconditionFailed" "$(sed -n 's/^if-none-match //p' <<<"$seen")"
as_described

#!/usr/bin/env bash
# moto's S3 stores an object whose Content-MD5 or checksum does not fit, and answers 200.
#
# Guess:    like S3, it answers 400 BadDigest and stores nothing; the header is there for that.
# Instead:  PUT with the MD5 or the CRC32 of other bytes succeeds, and the object is there.
#           (moto 5.2.5; OpenStack Swift 2.38.3 answers 400 BadDigest to both.)
# Matters:  a test of upload integrity against moto passes whatever the sidecar sends. Such tests need Swift or a
#           server of one's own.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
python_with --constraint "$(dirname "$0")/../Tests/StoragePeers/servers/requirements.txt" \
    moto==5.2.5 boto3==1.44.5 Flask==3.1.3 flask-cors==6.0.5 cryptography==50.0.2 py-partiql-parser==0.6.3
port=$(free_port)
background "$work/moto" "$bin/moto_server" --host 127.0.0.1 --port "$port"
wait_until 60 listens "$port"
cat >"$work/look.py" <<'EOF'
import base64, hashlib, sys, zlib
import boto3, botocore

client = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="id",
                      aws_secret_access_key="secret")
client.create_bucket(Bucket="bucket")
other = b"other bytes"
md5 = base64.b64encode(hashlib.md5(other).digest()).decode()
crc32 = base64.b64encode(zlib.crc32(other).to_bytes(4, "big")).decode()
for name, digest in (("md5", {"ContentMD5": md5}), ("crc32", {"ChecksumCRC32": crc32})):
    try:
        client.put_object(Bucket="bucket", Key=name, Body=b"the bytes", **digest)
        print(name, "stored", client.get_object(Bucket="bucket", Key=name)["Body"].read().decode())
    except botocore.exceptions.ClientError as error:
        print(name, error.response["Error"]["Code"])
EOF
seen=$(timeout 60 "$python" "$work/look.py" "http://127.0.0.1:$port")
expect "with the MD5 of other bytes" "stored the bytes" "$(sed -n 's/^md5 //p' <<<"$seen")"
expect "with the CRC32 of other bytes" "stored the bytes" "$(sed -n 's/^crc32 //p' <<<"$seen")"
as_described

#!/usr/bin/env python3
"""Reads a blob with Azure's own client: azure_read.py ENDPOINT ACCOUNT KEY CONTAINER NAME

Prints one line of JSON with its properties, then its bytes. Exits with 3 where there is no such blob.
"""
import json
import sys

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

NOT_THERE = 3


def main():
    endpoint, account, key, container, name = sys.argv[1:]
    credential = {"account_name": account, "account_key": key}
    service = BlobServiceClient(endpoint, credential=credential, retry_total=0)
    blob = service.get_blob_client(container, name)
    try:
        properties = blob.get_blob_properties()
    except ResourceNotFoundError:
        sys.exit(NOT_THERE)
    md5 = properties.content_settings.content_md5
    described = {
        "size": properties.size,
        "type": properties.content_settings.content_type,
        "md5": bytes(md5).hex() if md5 else None,
        "blocks": int(properties.metadata["blocks"]),
    }
    sys.stdout.buffer.write(json.dumps(described).encode() + b"\n")
    if properties.size:
        sys.stdout.buffer.write(blob.download_blob().readall())


if __name__ == "__main__":
    main()

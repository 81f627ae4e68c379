"""Writes the configuration of a low-code source with one stream: low_code_source.py URL_BASE PATH."""

import json
import sys

url_base, path = sys.argv[1:]
stream = {
    "type": "DeclarativeStream", "name": "s", "primary_key": ["id"],
    "schema_loader": {"type": "InlineSchemaLoader",
                      "schema": {"type": "object", "properties": {"id": {"type": "integer"}}}},
    "retriever": {
        "type": "SimpleRetriever",
        "requester": {"type": "HttpRequester", "url_base": url_base, "path": path, "http_method": "GET"},
        "record_selector": {"type": "RecordSelector",
                            "extractor": {"type": "DpathExtractor", "field_path": ["items"]}}}}
json.dump({"__injected_declarative_manifest": {
    "version": "6.0.0", "type": "DeclarativeSource", "streams": [stream],
    "check": {"type": "CheckStream", "stream_names": ["s"]},
    "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}}}}, sys.stdout)

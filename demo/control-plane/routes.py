"""The calls of Airbyte's APIs that a sidecar makes, and their short names."""

from openapi import Document

CALLS = {
    "/api/v1/workload/running": "running",
    "/api/v1/workload/heartbeat": "heartbeat",
    "/api/v1/workload/success": "success",
    "/api/v1/workload/failure": "failure",
    "/api/v1/dataplanes/token": "token",
    "/api/v1/workload_output/write": "output",
    "/api/v1/sources/get": "sources/get",
    "/api/v1/sources/update": "sources/update",
    "/api/v1/sources/write_discover_catalog_result": "sources/catalog",
    "/api/v1/destinations/get": "destinations/get",
    "/api/v1/destinations/update": "destinations/update",
    "/api/v1/destinations/write_discover_catalog_result": "destinations/catalog",
}

# Answered to whoever asks, with no effect: the probes of the platform's own pods ask for them.
HEALTH_PATHS = ("/health", "/api/v1/health")

WORKLOAD_API = Document("workload_api_schema.json")
SERVER_API = Document("server_api_schema.json")


def operation(path):
    """(operation, document) of a path; (None, None) where the APIs have no such path."""
    for document in (WORKLOAD_API, SERVER_API):
        if path in document.operations:
            return document.operations[path], document
    return None, None

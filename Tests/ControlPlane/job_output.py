"""Checks the job output document that a sidecar delivers."""

from openapi import Document, parse_json

_SCHEMA = Document("job_output_schema.json")
_RESULTS = {"checkConnection": "checkConnection", "discoverCatalogId": "discoverCatalogId", "spec": "spec"}


def findings(text):
    """What is wrong with the document: a list of (JSON pointer, what). Also returns the parsed document."""
    try:
        output = parse_json(text)
    except ValueError as problem:
        return [("", "is no JSON: %s" % problem)], None
    found = _SCHEMA.findings(output, "ConnectorJobOutput")
    if found:
        return found, output
    kind = output["outputType"]
    for name in _RESULTS:
        if name != kind and name in output:
            found.append(("/" + name, "does not belong into the output of a %s" % kind))
    if kind not in output and "failureReason" not in output:
        found.append(("", "has neither a result nor a failureReason"))
    if kind == "checkConnection" and kind not in output:
        found.append(("/checkConnection", "is missing: a failed check still has a status"))
    return found, output

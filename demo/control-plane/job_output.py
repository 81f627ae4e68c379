"""Checks the job output document that a sidecar delivers."""

from openapi import Document, parse_json

SCHEMA = Document("job_output_schema.json")
PROTOCOL = Document("protocol_schema.json")
_RESULTS = {"checkConnection": "checkConnection", "discoverCatalogId": "discoverCatalogId", "spec": "spec"}


def findings(text):
    """What is wrong with the document: a list of (JSON pointer, what). Also returns the parsed document."""
    try:
        output = parse_json(text)
    except ValueError as problem:
        return [("", "is no JSON: %s" % problem)], None
    found = SCHEMA.findings(output, "ConnectorJobOutput")
    if not found and "spec" in output:
        found = [("/spec" + where, what)
                 for where, what in PROTOCOL.findings(output["spec"], "ConnectorSpecification")]
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

"""Checks JSON values against the part of JSON Schema that the stored API documents use."""

import json
import os
import re
import sys
import threading

# A connector's schema may be 1,000 levels deep, and requests add some of their own; a level takes some
# hundred bytes of stack in Python's reader.
sys.setrecursionlimit(20_000)
threading.stack_size(64 << 20)
# JSON sets no limit to the digits of an integer, and no denial of service is to be feared here.
sys.set_int_max_str_digits(0)

MAX_FINDINGS = 20  # enough to see what is wrong; a bad catalog would give thousands

_UUID = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_TYPES = {
    "object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float),
}
_CHECKED_MEMBERS = {
    "type", "properties", "required", "additionalProperties", "items", "enum", "format", "$ref", "oneOf",
    "minItems", "maxLength",
}


class Document:
    """A stored document: operations by path, schemas by name, corrections already applied."""

    def __init__(self, file_name):
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), file_name)
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        self.schemas = content["schemas"]
        self.operations = content.get("operations", {})
        self.corrections = content.get("corrections", [])
        # Whether a member that is null counts as one that is not there; elsewhere null is never welcome.
        self.null_is_absent = content.get("nullIsAbsent", False)
        for correction in self.corrections:
            target = self.schemas[correction["schema"]]
            *way, last = correction["member"].split("/")
            for step in way:
                target = target[step]
            target[last] = correction["value"]

    def findings(self, value, schema_name):
        """What is wrong with `value`: a list of (JSON pointer, what), empty when nothing is."""
        found = []
        self._check(value, {"$ref": schema_name}, "", found)
        return found

    def _check(self, value, schema, where, found):
        if len(found) >= MAX_FINDINGS:
            return
        unknown = set(schema) - _CHECKED_MEMBERS
        if unknown:
            raise ValueError("the schema at %s uses %s, unchecked here" % (where or "/", sorted(unknown)))
        if "$ref" in schema:
            self._check(value, self.schemas[schema["$ref"]], where, found)
            return
        kind = schema.get("type")
        if kind is not None and not _is_a(value, kind):
            found.append((where, "is %s, must be %s" % (_name(value), kind)))
            return
        if "enum" in schema and value not in schema["enum"]:
            found.append((where, "is %s, must be one of %s" % (_shown(value), ", ".join(schema["enum"]))))
        if "oneOf" in schema:
            self._check_one_of(value, schema["oneOf"], where, found)
        self._check_format(value, schema.get("format"), where, found)
        limit = schema.get("maxLength")
        if limit is not None and len(value.encode("utf-16-le", "surrogatepass")) > 2 * limit:
            found.append((where, "is longer than %d UTF-16 units" % limit))
        if isinstance(value, dict):
            self._check_members(value, schema, where, found)
        elif isinstance(value, list):
            if len(value) < schema.get("minItems", 0):
                found.append((where, "has %d elements, must have %d" % (len(value), schema["minItems"])))
            if "items" in schema:
                for index, element in enumerate(value):
                    self._check(element, schema["items"], "%s/%d" % (where, index), found)

    def _check_members(self, value, schema, where, found):
        for name in schema.get("required", ()):
            if name not in value:
                found.append((where + "/" + name, "is missing"))
        properties = schema.get("properties")
        # An object that lists its members is closed: the platform's strict reader refuses unknown ones too.
        others = schema.get("additionalProperties", properties is None and "oneOf" not in schema)
        for name, member in value.items():
            at = "%s/%s" % (where, name.replace("~", "~0").replace("/", "~1"))
            if member is None and self.null_is_absent and name not in schema.get("required", ()):
                continue
            if properties is not None and name in properties:
                self._check(member, properties[name], at, found)
            elif isinstance(others, dict):
                self._check(member, others, at, found)
            elif not others and "oneOf" not in schema:
                found.append((at, "is not a member that the API knows"))

    def _check_one_of(self, value, choices, where, found):
        matching = 0
        for choice in choices:
            trial = []
            self._check(value, choice, where, trial)
            matching += not trial
        if matching != 1:
            found.append((where, "matches %d of %d alternatives, must match one" % (matching, len(choices))))

    @staticmethod
    def _check_format(value, kind, where, found):
        if kind == "uuid" and not _UUID.match(value):
            found.append((where, "is %s, must be a UUID" % _shown(value)))
        elif kind == "date" and not _DATE.match(value):
            found.append((where, "is %s, must be a date" % _shown(value)))
        elif kind == "int64" and not -(1 << 63) <= value < 1 << 63:
            found.append((where, "is %s, must fit in 64 bits" % _shown(value)))


def _is_a(value, kind):
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES[kind])


def _name(value):
    if value is None:
        return "null"
    for name in ("boolean", "integer", "number", "string", "array", "object"):
        if _is_a(value, name):
            return name
    return type(value).__name__


def _shown(value):
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _reject_constant(name):
    raise ValueError("%s is no JSON number" % name)


def parse_json(data):
    """Strict JSON from bytes or text: UTF-8, no NaN or Infinity. Raises ValueError with what and where."""
    if isinstance(data, bytes):
        data = data.decode("utf-8")
    return json.loads(data, parse_constant=_reject_constant)

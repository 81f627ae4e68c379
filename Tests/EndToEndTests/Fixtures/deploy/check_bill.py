"""Checks a bill of materials (CycloneDX) against its published schema, and against what an image holds.

  check_bill.py BILL STATUS FOLDER PROGRAM.packages …

  STATUS              dpkg's status file in the image
  FOLDER              the Debian packages that the image's files are from
  PROGRAM.packages    what is linked into a program, from scripts/linked-packages

Prints what is wrong; the exit code is 1 if something is.
"""

import json
import pathlib
import re
import subprocess
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL


def expected(status, folder, programs):
    """Names and versions of all components that have to be there, but for the programs themselves."""
    found = set()
    for paragraph in status.read_text().split("\n\n"):
        fields = dict(re.findall(r"^(\w+): (.*)$", paragraph, re.M))
        if fields:
            found.add((fields["Package"], fields["Version"]))
    for package in folder.glob("*.deb"):
        built_using = subprocess.run(["dpkg-deb", "--field", package, "Built-Using"], check=True, capture_output=True,
                                     text=True).stdout
        found.update(re.findall(r"(\S+) \(= ([^)]+)\)", built_using))
    for program in programs:
        for line in program.read_text().splitlines():
            _, name, version = line.split("\t")
            found.add((name.rpartition("/")[2].partition(":")[0], version))
    return found


def problems(text, status, folder, programs):
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error is not None:
        yield f"the schema of CycloneDX 1.6: {error}"
    bill = json.loads(text)
    components = {(each["name"], each["version"]): each for each in bill["components"]}
    own = {program.name.removesuffix(".packages") for program in programs}
    for name, version in sorted(expected(status, folder, programs) - components.keys()):
        yield f"{name} {version} is missing"
    for (name, version), component in components.items():
        url = PackageURL.from_string(component["purl"])
        if (url.name, url.version) not in ((name, version), (name, f"swift-{version}-RELEASE")):
            yield f"{component['purl']} is not {name} {version}"
        if name not in own and not component.get("licenses"):
            yield f"{name} has no licence"
    references = {each["bom-ref"] for each in bill["components"]}
    linked = {each["ref"]: set(each.get("dependsOn", [])) for each in bill["dependencies"]}
    if set().union(*linked.values()) != references:
        yield "not every component is one that another depends on"
    for program in programs:
        if len(linked[program.name.removesuffix(".packages")]) != len(program.read_text().splitlines()):
            yield f"{program} has other components"


def main():
    bill, status, folder, *programs = map(pathlib.Path, sys.argv[1:])
    found = list(problems(bill.read_text(), status, folder, programs))
    print("\n".join(found))
    sys.exit(1 if found else 0)


main()

"""Checks the manifests of deploy/ against published schemas, and the two admission policies by applying them to pod.yaml.

  check_manifests.py DEPLOY

Prints a line for each check; the exit code is 1 if one fails.

- Kubernetes' kinds: the strict schemas of the oldest and the newest version that each is meant for.
- Kyverno's kind: its models read the document and write it again; a member that they do not know would be lost.
- The expressions of the built-in policy are CEL, and its constructors name the place where they stand. The patch is merged
  as Kubernetes merges lists: by the keys that its schemas name.
"""

import copy
import json
import pathlib
import re
import sys

import celpy
import importlib_resources
import kubernetes_validate
import lark
import yaml

VERSIONS = {
    ("v1", "Pod"): ["1.28", "1.37"],
    ("networking.k8s.io/v1", "NetworkPolicy"): ["1.28", "1.37"],
    ("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy"): ["1.36", "1.37"],
    ("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicyBinding"): ["1.36", "1.37"],
    # As the comment in the file says.
    ("admissionregistration.k8s.io/v1beta1", "MutatingAdmissionPolicy"): ["1.34", "1.35"],
    ("admissionregistration.k8s.io/v1beta1", "MutatingAdmissionPolicyBinding"): ["1.34", "1.35"],
}
NEWEST = "1.37"


def documents(path):
    return [each for each in yaml.safe_load_all(path.read_text()) if each is not None]


def check_schemas(document):
    """Raises if a version's schema does not allow the document."""
    kind = document["kind"]
    for version in VERSIONS[document["apiVersion"], kind]:
        kubernetes_validate.validate(document, version, strict=True)
        yield f"{kind} {document['metadata']['name']} fits {document['apiVersion']} of Kubernetes {version}"


def check_kyverno(document):
    from cloudcoil.models.kyverno import v1  # takes seconds

    model = v1.ClusterPolicy.model_validate(document)
    written = json.loads(model.model_dump_json(by_alias=True, exclude_unset=True))
    assert written == document, f"Kyverno's models lose something: {written}"
    yield f"ClusterPolicy {document['metadata']['name']} fits Kyverno's models"


# MARK: The merge of a patch, as the API server does it


class Merge:
    """Merges maps member by member, and lists by the key of their schema; other lists and values are replaced."""

    def __init__(self):
        folder = importlib_resources.files("kubernetes_validate") / "kubernetes-json-schema"
        self.definitions = json.loads((folder / f"v{NEWEST}.0-local-strict" / "_definitions.json").read_text())["$defs"]

    def schema(self, schema):
        while "$ref" in schema:
            schema = self.definitions[schema["$ref"].rpartition("/")[2]]
        return schema

    def merged(self, value, patch, schema):
        schema = self.schema(schema)
        if isinstance(value, dict) and isinstance(patch, dict):
            result = dict(value)
            for name, part in patch.items():
                result[name] = self.merged(value.get(name), part, schema.get("properties", {}).get(name, {}))
            return result
        key = schema.get("x-kubernetes-patch-merge-key")
        if key is None or not isinstance(value, list):
            return copy.deepcopy(patch)
        result = list(value)
        for part in patch:
            place = next((index for index, each in enumerate(result) if each[key] == part[key]), None)
            if place is None:
                result.append(part)
            else:
                result[place] = self.merged(result[place], part, schema["items"])
        return result

    def pod(self, pod, patch):
        return self.merged(pod, patch, self.definitions["io.k8s.api.core.v1.Pod"])


# MARK: The built-in policy


class Expressions:
    def __init__(self):
        self.environment = celpy.Environment()

    def evaluated(self, tree, **variables):
        values = {name: celpy.json_to_cel(value) for name, value in variables.items()}
        return self.environment.program(tree).evaluate(values)

    def holds(self, expression, pod):
        return bool(self.evaluated(self.environment.compile(expression), object=pod))

    def patch(self, expression):
        return self.built(self.environment.compile(expression), ["Object"])

    def built(self, tree, path):
        """The value of an expression whose constructors make members of what is at `path`."""
        node = tree
        while isinstance(node, lark.Tree) and len(node.children) == 1 and node.data not in ("list_lit", "map_lit"):
            node = node.children[0]
        if not isinstance(node, lark.Tree):
            return self.plain(tree)
        if node.data == "member_object":
            name = ".".join(str(token) for token in node.children[0].scan_values(lambda _: True))
            assert name == ".".join(path), f"{name} stands where {'.'.join(path)} belongs"
            parts = node.children[1].children
            return {str(field): self.built(value, [*path, str(field)]) for field, value in zip(parts[::2], parts[1::2])}
        if node.data == "list_lit":
            return [self.built(each, path) for each in node.children[0].children]
        return self.plain(tree)

    def plain(self, tree):
        return json.loads(json.dumps(self.evaluated(lark.Tree("expr", [tree] if tree.data != "expr" else tree.children)),
                                     cls=celpy.CELJSONEncoder))


def patched_by_kubernetes(policy, pod, merge):
    """The pod after the policy; None if it does not match."""
    expressions = Expressions()
    selector = policy["spec"]["matchConstraints"]["objectSelector"]["matchLabels"]
    if not selector.items() <= pod["metadata"]["labels"].items():
        return None
    if not all(expressions.holds(each["expression"], pod) for each in policy["spec"]["matchConditions"]):
        return None
    for mutation in policy["spec"]["mutations"]:
        assert mutation["patchType"] == "ApplyConfiguration"
        pod = merge.pod(pod, expressions.patch(mutation["applyConfiguration"]["expression"]))
    return pod


def patched_by_kyverno(policy, pod, merge):
    """The pod after the policy, whose anchors are the keys of the merge."""
    for rule in policy["spec"]["rules"]:
        text = json.dumps(rule["mutate"]["patchStrategicMerge"])
        pod = merge.pod(pod, json.loads(re.sub(r'"\((\w+)\)":', r'"\1":', text)))
    return pod


def check_policies(folder):
    merge = Merge()
    pod, = documents(folder / "pod.yaml")
    kyverno, = documents(folder / "settings/kyverno-policy.yaml")
    policy, binding = documents(folder / "settings/mutating-admission-policy.yaml")
    assert binding["spec"]["policyName"] == policy["metadata"]["name"]

    result = patched_by_kubernetes(policy, pod, merge)
    kubernetes_validate.validate(result, NEWEST, strict=True)
    before = {each["name"]: each for each in pod["spec"]["containers"]}
    after = {each["name"]: each for each in result["spec"]["containers"]}
    assert list(after) == ["connector-sidecar", "main"], list(after)
    assert after["main"] == before["main"]
    sidecar = after["connector-sidecar"]
    assert sidecar["securityContext"] == {**before["connector-sidecar"]["securityContext"], "readOnlyRootFilesystem": True}
    assert sidecar["resources"]["requests"] == before["connector-sidecar"]["resources"]["requests"]
    mounts = {each["mountPath"]: each["name"] for each in sidecar["volumeMounts"]}
    assert mounts["/config"] == "airbyte-config"
    volumes = {each["name"]: each for each in result["spec"]["volumes"]}
    assert set(volumes) == {"airbyte-config", "inputs", "sidecar-settings"}
    # The directory of the default settings file; the key of the ConfigMap is the file's name.
    settings = volumes[mounts["/etc/airbyte-connector-sidecar"]]["configMap"]
    assert settings["name"] in (folder / "settings/mutating-admission-policy.yaml").read_text()
    assert (folder / "settings/settings.env").exists()
    yield "the built-in policy gives the sidecar its settings, and leaves main alone"

    assert patched_by_kubernetes(policy, result, merge) == result
    yield "applied twice, it changes nothing more"

    other = copy.deepcopy(pod)
    other["spec"]["containers"] = [before["main"]]
    assert patched_by_kubernetes(policy, other, merge) is None
    stranger = copy.deepcopy(pod)
    stranger["metadata"]["labels"] = {"job_type": "check"}
    assert patched_by_kubernetes(policy, stranger, merge) is None
    yield "pods without the sidecar are left alone"

    assert patched_by_kyverno(kyverno, pod, merge) == result
    yield "Kyverno's policy does the same"


def check_canary(folder):
    merge = Merge()
    pod, = documents(folder / "pod.yaml")
    policy, binding = documents(folder / "canary-policy.yaml")
    assert binding["spec"]["policyName"] == policy["metadata"]["name"]
    chosen = 0
    for digit in "0123456789abcdef":
        before = copy.deepcopy(pod)
        before["metadata"]["labels"]["auto_id"] = digit + pod["metadata"]["labels"]["auto_id"][1:]
        before["spec"]["containers"][0]["image"] = "airbyte/connector-sidecar:2.2.0"
        after = patched_by_kubernetes(policy, before, merge)
        if after is None:
            continue
        chosen += 1
        kubernetes_validate.validate(after, NEWEST, strict=True)
        assert after["metadata"]["labels"]["connector-sidecar"] == "canary"
        assert after["spec"]["containers"][0]["image"] == pod["spec"]["containers"][0]["image"]
        assert after["spec"]["containers"][1] == before["spec"]["containers"][1]
    assert chosen == 1, chosen
    yield "the canary policy changes the image of one job in sixteen"


def check_debug_profile(folder):
    pod, = documents(folder / "pod.yaml")
    profile, = documents(folder / "debug-profile.yaml")
    volumes = {each["name"] for each in pod["spec"]["volumes"]}
    assert {each["name"] for each in profile["volumeMounts"]} <= volumes
    # kubectl debug sets these, and refuses a profile that does.
    assert not {"name", "image", "command", "lifecycle", "volumeDevices"} & profile.keys()
    pod["spec"]["ephemeralContainers"] = [{"name": "debugger", "image": "debug", **profile}]
    kubernetes_validate.validate(pod, NEWEST, strict=True)
    yield "the profile for kubectl debug makes a valid container"


def main():
    folder = pathlib.Path(sys.argv[1])
    failed = False
    checks = [check_policies(folder), check_canary(folder), check_debug_profile(folder)]
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("settings/*.yaml")]):
        for document in documents(path):
            if "kind" not in document:
                continue  # Helm values have no schema; the profile is checked above
            if document["kind"] == "ClusterPolicy":
                checks.append(check_kyverno(document))
                continue
            checks.append(check_schemas(document))
            if document["kind"].startswith("MutatingAdmission"):
                checks.append(check_schemas({**document, "apiVersion": "admissionregistration.k8s.io/v1beta1"}))
    for check in checks:
        try:
            for line in check:
                print("ok  ", line)
        except Exception as problem:  # each check is one line
            failed = True
            print("FAIL", type(problem).__name__, str(problem).replace("\n", " ")[:500])
    sys.exit(1 if failed else 0)


main()

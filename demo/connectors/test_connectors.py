"""The connectors and the scripts that play the other containers of the pod."""

import json
import os
import signal
import subprocess
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.normpath(os.path.join(HERE, "..", "..", "scripts"))
SCRIPTED = os.path.join(HERE, "scripted_connector")
SAMPLE = os.path.join(HERE, "sample_source")
GOOD = {"host": "api.example.com", "api_key": "abc"}


class InAWorkspace(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def write(self, name, content):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(content if isinstance(content, str) else json.dumps(content))

    def environment(self, entrypoint, interval="30"):
        return dict(os.environ, AIRBYTE_CONFIG_DIR=self.folder, AIRBYTE_ENTRYPOINT=entrypoint,
                    TERMINATION_CHECK_INTERVAL_SECONDS=interval)

    def main_container(self, entrypoint, *arguments, interval="30"):
        return subprocess.run(
            [os.path.join(SCRIPTS, "main-container"), *(arguments or ("spec",))],
            env=self.environment(entrypoint, interval), capture_output=True, check=False)


class MainContainerTests(InAWorkspace):
    def test_output_and_exit_code(self):
        self.write("connectionConfiguration.json", GOOD)
        done = self.main_container(SAMPLE, "check")
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        self.assertEqual(done.stderr, b"sample source: check\n")
        self.assertIn(b'"SUCCEEDED"', self.read("jobOutput.json"))
        self.assertEqual(self.read("exitCode.txt"), b"0\n")
        self.assertFalse(os.path.exists(self.path("TEMP_EXIT_CODE.txt")))

    def test_exit_codes(self):
        for entrypoint, code in (
            (SCRIPTED + " --exit 3", 3), (SCRIPTED + " --signal KILL", 137),
            (SCRIPTED + " --signal SEGV", 139), ("no-such-command", 127), ("/", 126),
        ):
            self.assertEqual(self.main_container(entrypoint).returncode, code)
            self.assertEqual(self.read("exitCode.txt"), b"%d\n" % code)

    def test_an_entry_point_with_quotes(self):
        self.main_container(SCRIPTED + " --line 'a  b' --line \"$AIRBYTE_CONFIG_DIR\"")
        self.assertEqual(self.read("jobOutput.json").decode(), "a  b\n%s\n" % self.folder)

    def test_it_stops_the_connector_when_told(self):
        self.write("TERMINATED", "")
        done = self.main_container(SCRIPTED + " --shell 'sleep 1000'", interval="0.02")
        self.assertEqual((done.returncode, self.read("exitCode.txt")), (143, b"143\n"))

    def test_a_pod_that_is_deleted(self):
        process = subprocess.Popen(
            [os.path.join(SCRIPTS, "main-container"), "spec"], stderr=subprocess.PIPE,
            env=self.environment(SCRIPTED + " --stderr ready --wait-for NEVER"))
        self.addCleanup(process.stderr.close)
        self.assertEqual(process.stderr.readline(), b"ready\n")
        process.send_signal(signal.SIGTERM)
        # The end of the pipe shows that the connector is gone as well.
        self.assertEqual((process.stderr.read(), process.wait()), (b"", 143))
        self.assertFalse(os.path.exists(self.path("exitCode.txt")))

    def test_a_main_container_that_dies_without_an_exit_code(self):
        done = self.main_container(
            SCRIPTED + " --line last --shell 'kill -KILL $MAIN_CONTAINER_PID'", interval="0.02")
        self.assertEqual(done.returncode, -signal.SIGKILL)
        self.assertEqual(self.read("jobOutput.json"), b"last\n")
        self.assertFalse(os.path.exists(self.path("exitCode.txt")))

    def test_wrong_use(self):
        self.assertEqual(self.main_container("").returncode, 127)
        self.assertEqual(self.main_container(SAMPLE, "read").returncode, 64)


class ScriptedConnectorTests(InAWorkspace):
    def play(self, *arguments):
        with open(self.path("out"), "wb") as out:
            done = subprocess.run([SCRIPTED, *arguments], stdout=out, stderr=subprocess.PIPE, cwd=self.folder,
                                  check=False)
        self.stderr = done.stderr
        return done.returncode, self.read("out")

    def test_arguments(self):
        code, output = self.play(
            "--line", "a", "--lines", "2 n{i}", "--raw", r"\xff\r\n\\", "--stderr", "e", "--fill", "3",
            "--exit", "9", "check", "--config", "c")
        self.assertEqual((code, output, self.stderr), (9, b"a\nn0\nn1\n\xff\r\n\\xxx", b"e\n"))

    def test_a_text_file(self):
        self.write("s.txt", "# comment\n\nline  two spaces\nlines 2 {i}\ndribble 10000 ab\\n\n"
                            "base64 /w==\nfile s2\n")
        self.write("s2", "from a file")
        self.assertEqual(self.play("s.txt", "spec"), (0, b" two spaces\n0\n1\nab\n\xfffrom a file"))

    def test_a_json_file(self):
        self.write("s.json", [
            {"line": {"n": [1, "ü"]}}, {"lines": "{i}", "count": 2}, {"dribble": "ü\n", "rate": 10000},
            {"touch": "there"}, {"wait-for": "there"}, {"truncate": 3}, {"raw": "tail"},
            {"shell": "echo sh"}])
        self.assertEqual(self.play("s.json"), (0, b'{"ntailsh\n'))

    def test_it_waits(self):
        process = subprocess.Popen(
            [SCRIPTED, "--line", "before", "--wait-for", "GO", "--line", "after"], stdout=subprocess.PIPE,
            cwd=self.folder)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.readline(), b"before\n")
        self.assertIsNone(process.poll())
        self.write("GO", "")
        self.assertEqual((process.stdout.read(), process.wait()), (b"after\n", 0))

    def test_it_closes_its_output_and_goes_on(self):
        process = subprocess.Popen(
            [SCRIPTED, "--line", "a", "--close-stdout", "1", "--wait-for", "GO", "--exit", "5"],
            stdout=subprocess.PIPE, cwd=self.folder)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.read(), b"a\n")
        self.assertIsNone(process.poll())
        self.write("GO", "")
        self.assertEqual(process.wait(), 5)

    def test_signals(self):
        self.assertEqual(self.play("--signal", "TERM", "--line", "never"), (-signal.SIGTERM, b""))
        self.assertEqual(self.play("--ignore", "TERM", "--signal", "TERM", "--line", "on"), (0, b"on\n"))

    def test_steps_that_do_not_exist(self):
        self.assertEqual(self.play("--jump", "1")[0], 70)
        self.assertEqual(self.play("missing.json")[0], 70)
        self.assertEqual(self.play()[0], 64)


class SampleSourceTests(InAWorkspace):
    def messages(self, operation, config=None, code=0):
        arguments = [SAMPLE, operation]
        if config is not None:
            self.write("config.json", config)
            arguments += ["--config", "config.json"]
        done = subprocess.run(arguments, capture_output=True, cwd=self.folder, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b"{")]
        return {message["type"]: message for message in found}

    def test_spec(self):
        spec = self.messages("spec")["SPEC"]["spec"]
        self.assertTrue(spec["connectionSpecification"]["properties"]["api_key"]["airbyte_secret"])

    def test_check(self):
        self.assertEqual(self.messages("check", GOOD)["CONNECTION_STATUS"]["connectionStatus"],
                         {"status": "SUCCEEDED"})
        for config, message in (({}, "host is missing"),
                                (dict(GOOD, api_key="wrong"), "api.example.com refused the API key")):
            self.assertEqual(self.messages("check", config)["CONNECTION_STATUS"]["connectionStatus"],
                             {"status": "FAILED", "message": message})

    def test_discover(self):
        messages = self.messages("discover", dict(GOOD, rotate_key=True, schema_size=3))
        streams = messages["CATALOG"]["catalog"]["streams"]
        self.assertEqual(len(streams), 5)
        self.assertEqual(len(streams[3]["json_schema"]["properties"]), 4)
        config = messages["CONTROL"]["control"]["connectorConfig"]["config"]
        self.assertEqual(config["api_key"], "abc-rotated")
        error = self.messages("discover", {}, code=1)["TRACE"]["trace"]
        self.assertEqual((error["type"], error["error"]["failure_type"]), ("ERROR", "config_error"))


class PrepareWorkspaceTests(InAWorkspace):
    def prepare(self, *arguments):
        done = subprocess.run(
            [os.path.join(SCRIPTS, "prepare-workspace"), self.folder, *arguments], capture_output=True,
            text=True, check=False)
        return done.returncode, done.stdout.strip()

    def test_every_operation(self):
        self.write("config", GOOD)
        self.write("exitCode.txt", "0\n")
        for operation, member in (("check", "checkConnectionInput"), ("discover", "discoverCatalogInput")):
            code, workload = self.prepare(operation, "--config", self.path("config"))
            document = json.loads(self.read("sidecarInput.json"))
            self.assertEqual((code, document["workloadId"]), (0, workload))
            self.assertEqual(document["operationType"], operation.upper())
            self.assertEqual(document[member]["connectionConfiguration"], GOOD)
            self.assertEqual(json.loads(self.read("connectionConfiguration.json")), GOOD)
        self.assertFalse(os.path.exists(self.path("exitCode.txt")))
        self.assertEqual(self.prepare("spec", "--workload", "w"), (0, "w"))
        document = json.loads(self.read("sidecarInput.json"))
        self.assertIsNone(document["checkConnectionInput"] or document["discoverCatalogInput"])

    def test_choices(self):
        self.prepare("discover", "--within-sync", "--image", "airbyte/destination-x:1", "--actor-id", "none",
                     "--set", "integrationLauncherConfig.jobId=\"7\"")
        document = json.loads(self.read("sidecarInput.json"))
        discover = document["discoverCatalogInput"]
        self.assertEqual((discover["manual"], discover["actorContext"]["actorType"], discover["sourceId"]),
                         (False, "destination", None))
        self.assertEqual(document["integrationLauncherConfig"]["jobId"], "7")

    def test_wrong_use(self):
        self.assertEqual(self.prepare("check", "--config", self.path("missing"))[0], 1)
        self.assertEqual(self.prepare("check", "--set", "a.b=1")[0], 1)


class FetchFakerTests(InAWorkspace):
    def test_without_a_network(self):
        nowhere = "http://127.0.0.1:1/simple"  # tcpmux, which nobody runs
        environment = dict(os.environ, PIP_CONFIG_FILE="/dev/null", PIP_FIND_LINKS="", PIP_INDEX_URL=nowhere)
        done = subprocess.run([os.path.join(SCRIPTS, "fetch-faker"), self.path("faker")], env=environment,
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"^fetch-faker: PyPI cannot be reached.*\n$")


if __name__ == "__main__":
    unittest.main()

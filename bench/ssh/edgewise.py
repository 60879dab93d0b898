"""Edgewise itself: `exec` as a client like the others, and a server that runs an action."""

import json
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import measure
import workloads
from rivals import Job, Rival, said
from workloads import AT_ONCE, STEPS

SPACE, PROJECT = "bench", "steps"
# How often the server is asked whether the action is over: what asking costs is the server's too.
LOOK_SECONDS = 0.25
# The last entries of the log are written after the action's end.
SETTLE_SECONDS = 0.5


class EdgewiseExec(Rival):
    """`edgewise exec`, lines as they come, each with its host before it."""

    def __init__(self, program: Path):
        super().__init__("edgewise")
        self.program = program

    def install(self, tools: Path) -> None:
        if not self.program.exists():
            raise SystemExit(f"{self.program} is not there: cargo build --release")

    def version(self, tools: Path) -> str:
        return said([self.program, "--version"])

    def command(self, job: Job) -> list[str]:
        [command] = job.commands
        return [
            str(self.program), "--yes", "exec", "--hosts-file", str(job.hosts_file()), "--ssh-config",
            str(job.farm.config), "--concurrency", str(AT_ONCE), "--", command,
        ]


SCRIPT = '''"""An upload and five commands."""

KEYS = {"source": key("string", required = True, doc = "the file that is uploaded")}

def steps(ctx, target):
    upload_it = upload("upload", target.vars["home"] + "/upload", source = ctx.config["source"])
    return [upload_it] + [run("step-%d" % n, "echo step %d $SSH_CONNECTION" % n) for n in range(1, STEPS + 1)]

def deploy(ctx):
    return rollout(ctx.targets, steps, strategy(ctx))
'''


class EdgewiseServed:
    """One action of a server: wrapper, log, events and all. Its cost is the server's, from the request to the end of the
    action with the log written; the start of the server is not in it."""

    def __init__(self, program: Path, job: Job):
        self.program, self.job = program, job
        self.environment = {
            **job.farm.environment(),
            "EDGEWISE_SERVER__LISTEN": "127.0.0.1:0",
            "EDGEWISE_SERVER__DATA_DIR": str(job.folder / "data"),
            "EDGEWISE_SSH__CONFIG_FILE": str(job.farm.config),
        }

    def run(self) -> tuple[measure.Cost, dict[str, bytes]]:
        """Runs the action; its cost, and what its log says the hosts said."""
        self._configure()
        self._call("apply", str(self.job.folder / "config"))
        self.token = self._call("token", "add", "bench", "--space", SPACE, "--role", "admin").strip()
        log = open(self.job.folder / "server.log", "wb")
        server = subprocess.Popen(
            [self.program, "serve"], env=self.environment, cwd=self.job.folder, stdout=subprocess.PIPE, stderr=log
        )
        try:
            first = server.stdout.readline().decode()
            if not first.startswith("listening on "):
                raise SystemExit(f"the server did not come up: {(self.job.folder / 'server.log').read_text()}")
            self.url = first.removeprefix("listening on ").strip()
            cost, action = self._act(server.pid)
            return cost, self._outputs(action)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()
            log.close()

    def _configure(self) -> None:
        farm, folder = self.job.farm, self.job.folder / "config"
        servers = [
            {"name": host, "address": host, "port": farm.port, "vars": {"home": str(farm.home_of(host))}}
            for host in farm.hosts
        ]
        config = {
            "strategy": "all_at_once", "max_parallel": AT_ONCE, "source": str(self.job.upload),
            "server_info": "server_list", "server_list": {"loopback": servers},
        }
        for path, content in {
            "scripts/bench.star": SCRIPT.replace("STEPS", str(STEPS)),
            "environments/bench.json": json.dumps({"name": "bench", "script": "bench.star", "config": {}}),
            f"spaces/{SPACE}.json": json.dumps({"name": SPACE, "title": "Benchmark"}),
            f"projects/{SPACE}/{PROJECT}.json": json.dumps(
                {"name": PROJECT, "environment": "bench", "config": config}
            ),
        }.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content)

    def _call(self, *arguments: str) -> str:
        called = subprocess.run(
            [self.program, "--yes", *arguments], env=self.environment, cwd=self.job.folder, capture_output=True, text=True
        )
        if called.returncode != 0:
            raise SystemExit(f"edgewise {arguments[0]}: {called.stderr}")
        return called.stdout

    def _ask(self, path: str, body=None):
        request = urllib.request.Request(
            self.url + path, data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def _act(self, pid: int) -> tuple[measure.Cost, str]:
        before = measure.cpu_so_far(pid)
        peak = measure.Peak(pid)
        peak.start()
        began = time.time()
        body = {"all": True, "user": "bench", "reason": "measuring", "version": "1"}
        action = self._ask(f"/space/{SPACE}/{PROJECT}/deploy/", body)["action_id"]
        while True:
            time.sleep(LOOK_SECONDS)
            record = self._ask(f"/api/v1/actions?space={SPACE}&limit=1")["items"][0]
            if record["ended_at"] is not None:
                break
        time.sleep(SETTLE_SECONDS)
        cpu = measure.cpu_so_far(pid) - before
        if record["status"] != "COMPLETED":
            raise SystemExit(f"the action ended as {record['status']}: see {self.job.folder}")
        ended = seconds(record["ended_at"])
        return measure.Cost(cpu, ended - began, peak.end()), action

    def _outputs(self, action: str) -> dict[str, bytes]:
        outputs: dict[str, list[str]] = {}
        after = 0
        while True:
            page = self._ask(f"/api/v1/actions/{action}/logs?limit=1000&after={after}")["items"]
            if not page:
                break
            after = page[-1]["seq"]
            for entry in page:
                if entry["stream"] == "stderr":
                    raise SystemExit(f"{entry['target']} said what no step says: {entry['text']}")
                if entry["stream"] == "stdout":
                    outputs.setdefault(entry["target"], []).append(entry["text"] + "\n")
        return {host: "".join(lines).encode() for host, lines in outputs.items()}


def seconds(moment) -> float:
    """A moment of the API (RFC 3339), in seconds since the Unix epoch."""
    from datetime import datetime

    return datetime.fromisoformat(moment).timestamp()

"""The other clients: how each is installed, and how its users would do the workloads with it."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import workloads
from workloads import AT_ONCE, OUTPUT, STEPPED

COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
CLIENTS = Path(__file__).resolve().parent / "rivals"


@dataclass
class Job:
    """One workload on one farm."""

    workload: workloads.Workload
    farm: object
    material: Path
    folder: Path  # empty, for what the client needs and writes
    tools: Path  # where rivals are installed

    @property
    def commands(self) -> list[str]:
        return workloads.commands(self.workload, self.material)

    @property
    def upload(self) -> Path | None:
        return self.material / "upload" if self.workload is STEPPED else None

    def hosts_file(self, line="{host}") -> Path:
        path = self.folder / "hosts"
        path.write_text("".join(line.format(host=host, port=self.farm.port) + "\n" for host in self.farm.hosts))
        return path

    def script(self, lines: list[str]) -> list[str]:
        path = self.folder / "script"
        path.write_text("set -e\n" + "\n".join(lines) + "\n")
        return ["sh", str(path)]


class Rival:
    """A client: `command` gives what to run, `outputs` reads what it said, by host."""

    def __init__(self, name: str):
        self.name = name

    def install(self, tools: Path) -> None:
        raise NotImplementedError

    def version(self, tools: Path) -> str:
        raise NotImplementedError

    def command(self, job: Job) -> list[str]:
        raise NotImplementedError

    def outputs(self, job: Job, stdout: bytes) -> dict[str, bytes]:
        return workloads.by_prefix(stdout, b"", b": ", job.farm.port)


class OfPython(Rival):
    """A client of ours on a library from PyPI."""

    def __init__(self, name: str, package: str, client: str):
        super().__init__(name)
        self.package, self.client = package, client

    def install(self, tools: Path) -> None:
        pip(tools, self.package)

    def version(self, tools: Path) -> str:
        return pip_version(tools, self.package)

    def command(self, job: Job) -> list[str]:
        farm = job.farm
        task = job.folder / "task.json"
        task.write_text(json.dumps({
            "hosts": farm.hosts, "port": farm.port, "user": farm.user, "key": str(farm.key),
            "known_hosts": str(farm.home / ".ssh/known_hosts"), "commands": job.commands,
            "upload": str(job.upload) if job.upload else None, "at_once": AT_ONCE,
        }))
        return [str(tools_python(job.tools)), str(CLIENTS / self.client), str(task)]


class Bssh(Rival):
    # The last one that the compiler of this project builds.
    VERSION = "2.2.3"

    def install(self, tools: Path) -> None:
        if not (tools / "bssh/bin/bssh").exists():
            cargo = ["cargo", "install", "--quiet", "--locked", "--version", self.VERSION, "--root", tools / "bssh"]
            subprocess.run([*cargo, "bssh"], check=True)

    def version(self, tools: Path) -> str:
        return said([tools / "bssh/bin/bssh", "--version"])

    def command(self, job: Job) -> list[str]:
        hosts = ",".join(f"{job.farm.user}@{host}:{job.farm.port}" for host in job.farm.hosts)
        bssh = [
            str(job.tools / "bssh/bin/bssh"), "-H", hosts, "-i", str(job.farm.key), "--parallel", str(AT_ONCE),
            "--strict-host-key-checking", "yes",
        ]
        lines = []
        if job.upload:
            lines.append(shlex.join([*bssh, "upload", str(job.upload), "upload"]) + " >&2")
        if job.workload is OUTPUT:
            # On its standard output it breaks long lines.
            bssh += ["--output-dir", str(job.folder / "out")]
        lines += [shlex.join([*bssh, command]) for command in job.commands]
        return job.script(lines)

    def outputs(self, job: Job, stdout: bytes) -> dict[str, bytes]:
        """A host's heading (`✓ user@host:port`, coloured), then its lines, two columns in. In a folder: files called
        `host_time.stdout`, the later one with five lines of heading and an empty one."""
        if job.workload is OUTPUT:
            files = sorted((job.folder / "out").glob("*_*.stdout"))
            return {path.name.partition("_")[0]: path.read_bytes().partition(b"\n\n")[2] for path in files}
        outputs: dict[str, list[bytes]] = {}
        lines: list[bytes] = []
        for line in stdout.splitlines(keepends=True):
            if line.startswith(b"  "):
                lines.append(line[2:])
                continue
            place = re.fullmatch(rb".*@(.+):\d+", COLOUR.sub(b"", line).strip())
            lines = outputs.setdefault(place[1].decode(), []) if place else []
        return {host: b"".join(said_there) for host, said_there in outputs.items()}


class SshByXargs(Rival):
    """The plain way of a shell: `xargs -P` with a process a host, outputs in files."""

    def install(self, tools: Path) -> None:
        needs("ssh", "openssh-client")

    def version(self, tools: Path) -> str:
        return subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=True).stderr.strip()

    def command(self, job: Job) -> list[str]:
        out = job.folder / "out"
        out.mkdir()
        config = job.farm.config
        lines = []
        if job.upload:
            lines.append(f"scp -q -F {config} {job.upload} $1:upload")
        lines += [f"ssh -F {config} $1 {shlex.quote(command)} >>{out}/$1" for command in job.commands]
        each = job.script(lines)
        hosts = job.hosts_file()
        return ["sh", "-c", f"exec xargs -P {AT_ONCE} -n 1 {shlex.join(each)} <{hosts}"]

    def outputs(self, job: Job, stdout: bytes) -> dict[str, bytes]:
        return workloads.by_file(job.folder / "out")


class Pssh(Rival):
    """parallel-ssh, the program (Debian's `pssh`)."""

    def install(self, tools: Path) -> None:
        needs("parallel-ssh", "pssh")

    def version(self, tools: Path) -> str:
        return "pssh " + said(["parallel-ssh", "--version"])

    def command(self, job: Job) -> list[str]:
        hosts = job.hosts_file("{host}:{port}")
        common = f"-h {hosts} -p {AT_ONCE} -t 0 -x '-F {job.farm.config}'"
        lines = []
        if job.upload:
            lines.append(f"parallel-scp {common} {job.upload} upload >&2")
        for number, command in enumerate(job.commands):
            lines.append(f"parallel-ssh {common} -o {job.folder}/out-{number} {shlex.quote(command)} >&2")
        return job.script(lines)

    def outputs(self, job: Job, stdout: bytes) -> dict[str, bytes]:
        outputs: dict[str, bytes] = {}
        for number in range(len(job.commands)):
            for host, said_there in workloads.by_file(job.folder / f"out-{number}").items():
                outputs[host] = outputs.get(host, b"") + said_there
        return outputs


class Clush(Rival):
    def install(self, tools: Path) -> None:
        pip(tools, "ClusterShell")

    def version(self, tools: Path) -> str:
        return pip_version(tools, "ClusterShell")

    def command(self, job: Job) -> list[str]:
        clush = f"{tools_python(job.tools).parent}/clush --hostfile={job.hosts_file()} -f {AT_ONCE} -o '-F {job.farm.config}'"
        lines = []
        if job.upload:
            lines.append(f"{clush} --copy {job.upload} --dest upload >&2")
        lines += [f"{clush} {shlex.quote(command)}" for command in job.commands]
        return job.script(lines)


class AnsibleRaw(Rival):
    """`ansible -m raw`: without Python on the hosts; the copy needs it."""

    def install(self, tools: Path) -> None:
        pip(tools, "ansible-core")

    def version(self, tools: Path) -> str:
        return "ansible-core " + pip_version(tools, "ansible-core")

    def command(self, job: Job) -> list[str]:
        farm = job.farm
        (job.folder / "ansible.cfg").write_text(
            f"[defaults]\nforks = {AT_ONCE}\nremote_user = {farm.user}\nremote_port = {farm.port}\n"
            f"private_key_file = {farm.key}\nlocal_tmp = {job.folder}/tmp\ninterpreter_python = {sys.executable}\n"
            f"[ssh_connection]\nssh_args = -F {farm.config} -o ControlMaster=auto -o ControlPersist=60s\n"
            f"control_path_dir = {job.folder}/cp\n"
        )
        ansible = f"{tools_python(job.tools).parent}/ansible all -i {job.hosts_file()} -o"
        lines = [f"export ANSIBLE_CONFIG={job.folder}/ansible.cfg"]
        if job.upload:
            lines.append(f"{ansible} -m copy -a 'src={job.upload} dest=~/upload' >&2")
        lines += [f"{ansible} -m raw -a {shlex.quote(command)}" for command in job.commands]
        return job.script(lines)

    def outputs(self, job: Job, stdout: bytes) -> dict[str, bytes]:
        outputs: dict[str, bytes] = {}
        for line in stdout.splitlines():
            host, mark, rest = line.partition(b" | CHANGED | rc=0 | (stdout) ")
            if mark:
                text = rest.replace(b"\\r\\n", b"\n").replace(b"\\n", b"\n").removesuffix(b"\n") + b"\n"
                outputs[host.decode()] = outputs.get(host.decode(), b"") + text
        return outputs


def tools_python(tools: Path) -> Path:
    return tools / "python/bin/python"


def pip(tools: Path, package: str) -> None:
    if not tools_python(tools).exists():
        subprocess.run([sys.executable, "-m", "venv", str(tools / "python")], check=True)
    subprocess.run([tools_python(tools), "-m", "pip", "--quiet", "install", package], check=True)


def pip_version(tools: Path, package: str) -> str:
    shown = said([tools_python(tools), "-m", "pip", "show", package])
    return next(line.partition(": ")[2] for line in shown.splitlines() if line.startswith("Version: "))


def needs(program: str, package: str) -> None:
    if shutil.which(program) is None:
        raise SystemExit(f"{program} is not there: apt-get install {package}")


def said(argv: list) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


ALL = {
    rival.name: rival
    for rival in (
        Bssh("bssh"),
        OfPython("asyncssh", "asyncssh", "asyncssh_client.py"),
        OfPython("parallel-ssh", "parallel-ssh", "parallel_ssh_client.py"),
        OfPython("fabric", "fabric", "fabric_client.py"),
        SshByXargs("xargs-ssh"),
        Pssh("pssh"),
        Clush("clush"),
        AnsibleRaw("ansible"),
    )
}

"""The three workloads: what is asked of every client, and what must have come of it."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

AT_ONCE = 100
STEPS = 5
UPLOAD_BYTES = 1024 * 1024
LINE = 100
LINES = 100_000


@dataclass(frozen=True)
class Workload:
    name: str
    title: str
    hosts: int
    own_homes: bool = False


ONE = Workload("one", "{hosts} hosts, one command", 1000)
STEPPED = Workload("steps", "{hosts} hosts, five steps and a 1 MiB upload", 100, own_homes=True)
OUTPUT = Workload("output", "{hosts} hosts × 10 MB of lines", 50)
ALL = {workload.name: workload for workload in (ONE, STEPPED, OUTPUT)}

# A host's answer names the address that was reached, so that no output can be taken for another host's.
WHO = "echo reached $SSH_CONNECTION"


def step(number: int) -> str:
    return f"echo step {number} $SSH_CONNECTION"


def commands(workload: Workload, material: Path) -> list[str]:
    match workload.name:
        case "one":
            return [WHO]
        case "steps":
            return [step(number) for number in range(1, STEPS + 1)]
        case _:
            return [f"cat {material}/lines"]


def prepare(material: Path) -> None:
    """The file that is uploaded, and the one that hosts print."""
    material.mkdir(parents=True, exist_ok=True)
    (material / "upload").write_bytes(os.urandom(UPLOAD_BYTES))
    filler = "abcdefghij" * (LINE // 10)
    with open(material / "lines", "w") as lines:
        for number in range(LINES):
            lines.write(f"{number:07} {filler}"[: LINE - 1] + "\n")


def check(workload: Workload, farm, material: Path, outputs: dict[str, bytes]) -> None:
    """Every host's output is there and is that host's. `outputs` is by address."""
    missing = [host for host in farm.hosts if host not in outputs]
    if missing:
        raise SystemExit(f"no output of {len(missing)} hosts, the first is {missing[0]}")
    whole = hashlib.sha256((material / "lines").read_bytes()).digest()
    for host in farm.hosts:
        said = outputs[host]
        match workload.name:
            case "one":
                good = reached(said.decode(), ["reached"], host)
            case "steps":
                lines = said.decode().splitlines()
                good = len(lines) == STEPS and all(
                    reached(line, ["step", str(number)], host) for number, line in enumerate(sorted(lines), 1)
                )
            case _:
                good = hashlib.sha256(said).digest() == whole
        if not good:
            raise SystemExit(f"{host}: this is not its output: {said[:300]!r}")
    if workload is STEPPED:
        wanted = (material / "upload").read_bytes()
        for host in farm.hosts:
            if (farm.home_of(host) / "upload").read_bytes() != wanted:
                raise SystemExit(f"{host}: the upload is not there whole")


def reached(line: str, begin: list[str], host: str) -> bool:
    """`SSH_CONNECTION` is client address and port, server address and port."""
    words = line.split()
    return words[: len(begin)] == begin and words[len(begin) + 2 : len(begin) + 3] == [host]


def by_prefix(text: bytes, begin: bytes, end: bytes, port: int) -> dict[str, bytes]:
    """Lines such as `127.0.1.1: text`, by host."""
    outputs: dict[str, list[bytes]] = {}
    suffix = b":%d" % port
    for line in text.splitlines(keepends=True):
        if not line.startswith(begin):
            continue
        host, mark, rest = line[len(begin) :].partition(end)
        if mark:
            outputs.setdefault(host.removesuffix(suffix), []).append(rest)
    return {host.decode(errors="replace"): b"".join(lines) for host, lines in outputs.items()}


def by_file(folder: Path) -> dict[str, bytes]:
    """A file a host."""
    return {path.name.partition(":")[0].removesuffix(".stdout"): path.read_bytes() for path in folder.iterdir()}

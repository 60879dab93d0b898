"""What a client costs: CPU seconds of it and its descendants, wall time, peak memory."""

import ctypes
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass

PR_SET_CHILD_SUBREAPER = 36
SAMPLE_SECONDS = 0.1
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    cpu: float  # seconds, user and system
    wall: float  # seconds
    memory: float  # MB: the greatest sum of the resident sets of the process and its descendants


class Peak(threading.Thread):
    """Looks every 100 ms at how much memory a process and its descendants hold."""

    def __init__(self, pid: int):
        super().__init__(daemon=True)
        self.pid = pid
        self.memory = 0.0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(SAMPLE_SECONDS):
            self.memory = max(self.memory, highest_mb(self.pid), sum(map(resident_mb, family(self.pid))))

    def end(self) -> float:
        self.over.set()
        self.join()
        return self.memory


def family(pid: int) -> list[int]:
    """A process and its descendants, as far as they are still there."""
    members, due = [], [pid]
    while due:
        member = due.pop()
        members.append(member)
        try:
            for thread in os.listdir(f"/proc/{member}/task"):
                with open(f"/proc/{member}/task/{thread}/children") as children:
                    due += map(int, children.read().split())
        except OSError:
            continue
    return members


def resident_mb(pid: int) -> float:
    try:
        with open(f"/proc/{pid}/statm") as statm:
            return int(statm.read().split()[1]) * PAGE_MB
    except (OSError, IndexError):
        return 0.0


def highest_mb(pid: int) -> float:
    """The most that one process has held so far, also between two looks. (What `wait4` says counts the process that it
    was forked from.)"""
    try:
        with open(f"/proc/{pid}/status") as status:
            return next((int(line.split()[1]) * 1024 / 1e6 for line in status if line.startswith("VmHWM:")), 0.0)
    except OSError:
        return 0.0


def cpu_so_far(pid: int) -> float:
    """User and system seconds of a running process and of its children that have ended."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(") ")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


def run(argv: list[str], env: dict[str, str], stdout: str, cwd: str, timeout: float = 900) -> tuple[Cost, int]:
    """Runs a client to its end, with its output in a file; its cost and its exit code. What it leaves running in the
    background (ssh's masters) is ended and counted too."""
    adopt(True)
    before = children()
    with open(stdout, "wb") as out, open(stdout + ".err", "wb") as err:
        began = time.monotonic()
        child = subprocess.Popen(
            argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
        )
        peak = Peak(child.pid)
        peak.start()
        alarm = threading.Timer(timeout, lambda: os.killpg(child.pid, signal.SIGKILL))
        alarm.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - began
        alarm.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    memory = peak.end()
    for left in children() - before:
        os.kill(left, signal.SIGTERM)
        _, _, usage = os.wait4(left, 0)
        cpu += usage.ru_utime + usage.ru_stime
    adopt(False)
    return Cost(cpu, wall, memory), child.returncode


def adopt(yes: bool) -> None:
    """Whether processes whose parent ends become ours."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0)


def children() -> set[int]:
    """Our own, and those that we adopted."""
    found = set()
    for thread in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{thread}/children") as listed:
                found |= set(map(int, listed.read().split()))
        except OSError:
            continue  # That thread has just ended.
    return found

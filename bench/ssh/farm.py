"""A farm of real OpenSSH servers on 127.0.x.y: one port, one address a host, strict ed25519 host keys.

One sshd listens on at most 16 addresses, so a large farm is some dozens of processes. Where hosts need homes of their
own (uploads), each has a process of its own.
"""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

SSHD = "/usr/sbin/sshd"
SFTP_SERVERS = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/libexec/sftp-server")
MOST_ADDRESSES = 16
PATIENCE_SECONDS = 30


class Farm:
    """`hosts` are the addresses; `folder` holds `.ssh` as a user of these hosts has it (key, known_hosts, config)."""

    def __init__(self, folder: Path, count: int, own_homes: bool = False):
        self.folder = folder
        self.hosts = [f"127.0.{1 + index // 250}.{1 + index % 250}" for index in range(count)]
        self.user = getpass.getuser()
        self.processes = []
        self.home = folder / "client"
        shutil.rmtree(folder, ignore_errors=True)
        (self.home / ".ssh").mkdir(parents=True, mode=0o700)
        if os.getuid() == 0:
            # sshd wants it for the half of itself that has no rights.
            os.makedirs("/run/sshd", exist_ok=True)
        self.key = self.home / ".ssh" / "id_ed25519"
        make_key(self.key)
        self.port = free_port(self.hosts[0])
        each = 1 if own_homes else MOST_ADDRESSES
        groups = [self.hosts[i : i + each] for i in range(0, count, each)]
        known = []
        try:
            for number, group in enumerate(groups):
                known += self._start(number, group)
            self._write_client(known)
            self._wait([group[0] for group in groups])
        except BaseException:
            self.stop()
            raise

    def home_of(self, host: str) -> Path:
        """The home of whoever logs in on a host (of a farm whose hosts have their own)."""
        return self.folder / f"server-{self.hosts.index(host)}" / "home"

    def _start(self, number: int, addresses: list[str]) -> list[str]:
        folder = self.folder / f"server-{number}"
        (folder / "home").mkdir(parents=True)
        make_key(folder / "host_key")
        sftp = next((path for path in SFTP_SERVERS if os.path.exists(path)), "internal-sftp")
        listen = "".join(f"ListenAddress {address}:{self.port}\n" for address in addresses)
        (folder / "sshd_config").write_text(
            f"{listen}HostKey {folder}/host_key\nPidFile none\nAuthorizedKeysFile {self.key}.pub\nUsePAM no\n"
            "StrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            f"SetEnv HOME={folder}/home\nSubsystem sftp {sftp} -d {folder}/home\nPrintMotd no\nLogLevel ERROR\n"
            "MaxStartups 200\nUseDNS no\n"
        )
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen(
                [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
            )
        self.processes.append(process)
        kind, key = (folder / "host_key.pub").read_text().split()[:2]
        return [f"[{address}]:{self.port} {kind} {key}" for address in addresses]

    def _write_client(self, known: list[str]) -> None:
        ssh = self.home / ".ssh"
        (ssh / "known_hosts").write_text("\n".join(known) + "\n")
        self.config = ssh / "config"
        self.config.write_text(
            f"Host *\n User {self.user}\n Port {self.port}\n IdentityFile {self.key}\n IdentitiesOnly yes\n"
            f" UserKnownHostsFile {ssh}/known_hosts\n GlobalKnownHostsFile /dev/null\n StrictHostKeyChecking yes\n"
        )

    def _wait(self, addresses: list[str]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        for address in addresses:
            while True:
                try:
                    socket.create_connection((address, self.port), timeout=1).close()
                    break
                except OSError as error:
                    if time.monotonic() > deadline:
                        raise SystemExit(f"the sshd of {address} does not listen: {error}") from error
                    time.sleep(0.02)

    def environment(self) -> dict[str, str]:
        """For a client: this user, no agent, no settings of Edgewise from outside."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("EDGEWISE_", "SSH_"))}
        return {**kept, "HOME": str(self.home)}

    def stop(self) -> None:
        """Ends exactly the servers that were started here, and what sessions they have."""
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait()
        self.processes = []
        shutil.rmtree(self.folder, ignore_errors=True)


def make_key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", str(path)], check=True)


def free_port(address: str) -> int:
    """Free at this moment, below the ports that the kernel gives to clients."""
    for port in range(2200, 9000):
        with socket.socket() as listener:
            try:
                listener.bind((address, port))
                return port
            except OSError:
                continue
    raise SystemExit(f"no port is free at {address}")

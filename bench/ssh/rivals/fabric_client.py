"""fabric as its users write it for many hosts: a thread a host."""

import sys
from concurrent.futures import ThreadPoolExecutor

from fabric import Config, Connection

from task import Task

task = Task.read()


def one_host(host: str) -> None:
    config = Config(overrides={"load_ssh_configs": False})
    with Connection(
        host, user=task.user, port=task.port, config=config,
        connect_kwargs={"key_filename": task.key, "allow_agent": False, "look_for_keys": False},
    ) as connection:
        connection.client.load_host_keys(task.known_hosts)
        if task.upload:
            connection.put(task.upload, "upload")
        for command in task.commands:
            result = connection.run(command, hide=True, in_stream=False)
            sys.stdout.write("".join(f"{host}: {line}" for line in result.stdout.splitlines(keepends=True)))


with ThreadPoolExecutor(task.at_once) as pool:
    list(pool.map(one_host, task.hosts))

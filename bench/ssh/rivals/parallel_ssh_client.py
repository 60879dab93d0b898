"""parallel-ssh (the library, on ssh2) as its users write it. It knows no strict host keys: this is without them."""

import sys

from pssh.clients import ParallelSSHClient

from task import Task

task = Task.read()
client = ParallelSSHClient(
    task.hosts, user=task.user, port=task.port, pkey=task.key, pool_size=task.at_once, allow_agent=False,
    identity_auth=False,
)
if task.upload:
    for greenlet in client.copy_file(task.upload, "upload"):
        greenlet.get()
for command in task.commands:
    for output in client.run_command(command):
        for line in output.stdout:
            sys.stdout.write(f"{output.host}: {line}\n")
    client.join()

"""asyncssh as its users write it: one connection a host, commands one after another, SFTP for the file. Key and known
hosts are read once: given as paths, they would be read for every connection."""

import asyncio
import sys

import asyncssh

from task import Task


async def one_host(task: Task, host: str, key, known_hosts, turns: asyncio.Semaphore) -> None:
    async with turns:
        async with asyncssh.connect(
            host, task.port, username=task.user, client_keys=[key], known_hosts=known_hosts,
            config=None, agent_path=None,
        ) as connection:
            if task.upload:
                async with connection.start_sftp_client() as sftp:
                    await sftp.put(task.upload, "upload")
            for command in task.commands:
                async with connection.create_process(command) as process:
                    async for line in process.stdout:
                        # The last one is empty where the end comes alone.
                        if line:
                            sys.stdout.write(f"{host}: {line}")
                    await process.wait(check=True)


async def main() -> None:
    task = Task.read()
    turns = asyncio.Semaphore(task.at_once)
    key, known_hosts = asyncssh.read_private_key(task.key), asyncssh.read_known_hosts(task.known_hosts)
    await asyncio.gather(*(one_host(task, host, key, known_hosts, turns) for host in task.hosts))


asyncio.run(main())

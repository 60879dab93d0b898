"""What the clients in this folder are asked for: a JSON file, named on the command line."""

import json
import sys
from dataclasses import dataclass


@dataclass
class Task:
    hosts: list[str]
    port: int
    user: str
    key: str
    known_hosts: str
    commands: list[str]
    upload: str | None
    at_once: int

    @staticmethod
    def read() -> "Task":
        with open(sys.argv[1]) as file:
            return Task(**json.load(file))

#!/usr/bin/env python3
"""Writes a seed of `sanitize` for every command of the corpus, in every kind of place, and a dictionary of its words."""

import json
import pathlib
import re

here = pathlib.Path(__file__).parent
out = here / "corpus" / "sanitize"
out.mkdir(parents=True, exist_ok=True)
words = set()
number = 0
for name in ("dangerous", "ordinary", "review"):
    for line in open(here / ".." / "tests" / "data" / "sanitizer" / f"{name}.jsonl", encoding="utf-8"):
        command = json.loads(line)["cmd"]
        (out / f"{name}-{number:04}").write_bytes(bytes([number // 6 % 2, number % 6]) + command.encode())
        words.update(re.findall(r"[A-Za-z0-9_./-]{2,24}|[^\sA-Za-z0-9]{1,3}", command))
        number += 1
with open(here / "corpus" / "sanitize.dict", "w", encoding="utf-8") as dictionary:
    for word in sorted(words):
        escaped = "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\' else f"\\x{b:02x}" for b in word.encode())
        dictionary.write(f'"{escaped}"\n')
print(number, "seeds,", len(words), "words")

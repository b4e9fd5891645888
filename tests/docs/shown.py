# SPDX-License-Identifier: Apache-2.0
"""The commands that a page shows, and the output it shows behind them.

A fence marked `sh` holds commands; so does one without a mark whose first word is a command of ours. A fence marked
`text` behind it, before the next heading or command, quotes output: its lines appear one after the other; a line
`...` stands for any number of lines, and ` ...` at the end of a line for its rest. `text varies` is not compared.
A comment `# exit code N` behind a command states how it ends, otherwise 0."""
import re
from dataclasses import dataclass, field

FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
PROGRAMS = ("heddle ", "heddle-quantize ", "scripts/", "./scripts", "cmake ", "ctest ", "build/", "tests/", ".ci/")
EXIT = re.compile(r"#.*\bexit code (\d+)")


@dataclass
class Block:
    """A fence of commands with its first line in the page, and the output that the page quotes."""

    line: int
    commands: list = field(default_factory=list)
    output: str = ""


def commands_of(body: str) -> list:
    """Lines joined to commands: continued lines, and what a here-document takes in."""
    out, open_end = [], ""
    for line in body.split("\n"):
        if open_end or (out and out[-1].endswith("\\")):
            out[-1] += "\n" + line
            if line == open_end:
                open_end = ""
            continue
        if not line.strip() or line.startswith("#"):
            continue
        out.append(line)
        if here := re.search(r"<<\s*'?(\w+)'?", line):
            open_end = here.group(1)
    return out


def holds_commands(mark: str, body: str) -> bool:
    return mark in ("sh", "console") or (mark == "" and body.lstrip().startswith(PROGRAMS))


def blocks_of(page: str) -> list:
    """The command fences of a page, in order."""
    blocks, end = [], 0
    for fence in FENCE.finditer(page):
        mark, body = fence.group(1).strip(), fence.group(2)
        if holds_commands(mark, body):
            blocks.append(Block(page.count("\n", 0, fence.start()) + 1, commands_of(body)))
        elif mark == "text" and blocks and not blocks[-1].output:
            if not re.search(r"^#+ ", page[end : fence.start()], re.MULTILINE):
                blocks[-1].output = body
        end = fence.end()
    return blocks


def exit_code(command: str) -> int:
    stated = EXIT.search(command.split("\n", maxsplit=1)[0])
    return int(stated.group(1)) if stated else 0


def same_line(quoted: str, printed: str) -> bool:
    if quoted.endswith(" ..."):
        return printed.startswith(quoted[:-4])
    return quoted.rstrip() == printed.rstrip()


def find_chunk(chunk: list, printed: list, start: int) -> int:
    """Where the lines of a chunk end in what was printed from `start` on; -1 where they are not there."""
    for at in range(start, len(printed) - len(chunk) + 1):
        if all(same_line(q, p) for q, p in zip(chunk, printed[at:])):
            return at + len(chunk)
    return -1


def missing_output(quoted: str, printed: str) -> str:
    """The first quoted part that was not printed, or nothing."""
    lines, at, chunk = printed.split("\n"), 0, []
    for line in quoted.rstrip("\n").split("\n") + ["..."]:
        if line.strip() != "...":
            chunk.append(line)
            continue
        if chunk and (at := find_chunk(chunk, lines, at)) < 0:
            return "\n".join(chunk)
        chunk = []
    return ""

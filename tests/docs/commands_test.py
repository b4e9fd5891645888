# SPDX-License-Identifier: Apache-2.0
"""Every command that README and docs/ show runs as it is shown, and prints what the page says it prints.

Each page has a folder of its own, which looks like a checkout with a built program: a reader may begin with any
page, but follows one from its top."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import shown  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "traces").glob("*.md")),
]

# Commands that are not run here: how they begin, and why.
SKIPPED = {
    r"(\./)?scripts/(demo|test|check)\b": "builds and tests for minutes; the gate runs them",
    r"(\./)?scripts/new-accelerator": "a slow test runs it with a build",
    r"build/release/heddle run my_design": "the same slow test runs it",
    r"\.ci/run": "is the gate itself",
    r"(cmake|ctest|HEDDLE_SLOW=1)\b": "builds, or runs the tests that this test belongs to",
    r"(HEDDLE_\w+=\S+ )*build/\w+/tests/": "executables of tests and benchmarks, which need not be built",
    r"gtkwave ": "opens a window",
    r"(\./)?scripts/quantize/train_": "trains for minutes; the traces are shipped",
}


def reason_to_skip(command):
    return next((why for pattern, why in SKIPPED.items() if re.match(pattern, command)), "")


@pytest.fixture
def checkout(program, tmp_path):
    """A folder like a checkout, and the environment of a user who has built it."""
    for entry in ROOT.iterdir():
        if entry.name in ("configs", "traces"):
            shutil.copytree(entry, tmp_path / entry.name)
        elif entry.name not in ("build", "out", ".git"):
            (tmp_path / entry.name).symlink_to(entry)
    tools = tmp_path / "build" / "release"
    tools.mkdir(parents=True)
    (tools / "heddle").symlink_to(program)
    path = f"{tools}:{ROOT / 'scripts'}:/usr/bin:{os.environ['PATH']}"
    # Not the data of the folder: results name files, and configurations of the page's own lie beside it.
    environment = os.environ | {"PATH": path, "HEDDLE_DATA": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("HEDDLE_WORKLOADS", None)
    return tmp_path, environment


def run_block(block, folder, environment):
    """Runs a fence; what it printed, and its faults."""
    printed, faults = "", []
    for command in block.commands:
        if reason_to_skip(command):
            continue
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        printed += done.stdout + done.stderr
        if done.returncode != shown.exit_code(command):
            faults.append(f"{command}\n  exit code {done.returncode}: {(done.stderr or done.stdout)[-400:]}")
    if block.output and not faults:
        if missing := shown.missing_output(block.output, printed):
            faults.append(f"{block.commands[0]}\n  does not print\n{missing}\n  but\n{printed[:3000]}")
    return faults


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_run_and_print_what_the_page_says(page, checkout):
    folder, environment = checkout
    faults = []
    for block in shown.blocks_of(page.read_text()):
        faults += [f"line {block.line}: {fault}" for fault in run_block(block, folder, environment)]
    assert not faults, "\n\n".join(faults)


def test_there_are_commands():
    blocks = [block for page in PAGES for block in shown.blocks_of(page.read_text())]
    commands = [command for block in blocks for command in block.commands]
    assert len([c for c in commands if not reason_to_skip(c)]) > 60
    assert len([b for b in blocks if b.output]) > 15


def test_every_reason_to_skip_is_used():
    commands = [c for page in PAGES for block in shown.blocks_of(page.read_text()) for c in block.commands]
    assert [pattern for pattern in SKIPPED if not any(re.match(pattern, c) for c in commands)] == []


PAGE = """# A page
```sh
echo one; echo two; echo three   # a remark
cat > made.txt <<'END'
ls nowhere
END
grep -q nothing made.txt   # exit code 1
```

It prints

```text
one
...
thr ...
```

```json
{"heddle": 1}
```

```
heddle \\
  list
```

## Elsewhere

```text
four
```
"""


def test_commands_and_output_are_found():
    first, second = shown.blocks_of(PAGE)
    assert [c.split("\n")[0] for c in first.commands] == [
        "echo one; echo two; echo three   # a remark",
        "cat > made.txt <<'END'",
        "grep -q nothing made.txt   # exit code 1",
    ]
    assert (first.line, first.output) == (2, "one\n...\nthr ...\n")
    assert second.commands == ["heddle \\\n  list"] and second.output == ""


def test_faults_of_a_page_are_found(tmp_path):
    block = shown.blocks_of(PAGE)[0]
    assert run_block(block, tmp_path, dict(os.environ)) == []
    block.output = "one\nthree\n"
    assert "does not print" in run_block(block, tmp_path, dict(os.environ))[0]
    block.commands = ["false", "true   # exit code 2"]
    assert len(run_block(block, tmp_path, dict(os.environ))) == 2

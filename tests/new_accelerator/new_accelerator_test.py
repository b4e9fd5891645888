# SPDX-License-Identifier: Apache-2.0
"""scripts/new-accelerator: what it writes builds, counts and obeys the laws; bad names are refused.

Works in a copy of the files that git tracks. The test marked by `builds` compiles that copy (slow without ccache)."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIGS = "configs/accelerators"


def copy_tree(target):
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, names.stdout.decode().split("\0")):
        source = ROOT / name
        if not source.exists():
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target / name, follow_symlinks=False)
    return target


def digests(folder):
    """The digest of every file except those of the build."""
    files = [p for p in folder.rglob("*") if p.is_file() and p.relative_to(folder).parts[0] != "build"]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def new_accelerator(tree, *arguments):
    done = subprocess.run(
        [tree / "scripts" / "new-accelerator", *arguments], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return copy_tree(tmp_path_factory.mktemp("tree"))


REFUSED = ["stripes", "dpnn_1k", "class", "and_eq", "Design", "my-design", "2bit", "my__design", "_mine", "design_"]
REFUSED += ["", "../outside", "arch", "linux", "unix", "params", "d" * 33]


@pytest.mark.parametrize("name", REFUSED)
def test_refused(tree, name):
    before = digests(tree)
    code, out, err = new_accelerator(tree, name)
    assert code == 2 and out == ""
    assert err.startswith("new-accelerator: ") and repr(name) in err and err.count("\n") == 1
    assert digests(tree) == before


def test_refused_without_one_name(tree):
    for arguments in ([], ["one", "two"]):
        code, _, err = new_accelerator(tree, *arguments)
        assert code == 2 and "usage" in err


def test_writes_its_own_folders_only(tree):
    before = digests(tree)
    code, out, err = new_accelerator(tree, "another_one")
    assert code == 0, err
    after = digests(tree)
    new = sorted(set(after) - set(before))
    assert {name: after[name] for name in before} == before
    assert new == sorted(line for line in out.splitlines() if not line.startswith("next"))
    assert all(name.startswith("models/another_one/") or name == f"{CONFIGS}/another_one.json" for name in new)
    assert new_accelerator(tree, "another_one")[0] == 2
    assert "@" not in (tree / "models/another_one" / "another_one.cpp").read_text()
    shutil.rmtree(tree / "models/another_one")
    (tree / CONFIGS / "another_one.json").unlink()


def built(tree, *targets):
    environment = {**os.environ, "CCACHE_BASEDIR": str(tree), "CCACHE_NOHASHDIR": "1"}
    for command in (
        ["cmake", "--preset", "release"],
        ["cmake", "--build", "--preset", "release", "-j", "2", "--target", *targets],
    ):
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    return tree / "build" / "release"


def test_builds(tree):
    """With warnings as errors; it is listed, runs, is refused bit-true, and passes the laws, its own test and those of
    the documents."""
    before = digests(tree)
    assert new_accelerator(tree, "fresh_design")[0] == 0
    build = built(tree, "heddle", "laws_tests", "model_tests")

    def heddle(*arguments):
        return subprocess.run([build / "heddle", *arguments], cwd=tree, capture_output=True, text=True, check=False)

    listing = json.loads(heddle("list", "--json").stdout)
    assert "fresh_design" in [model["name"] for model in listing["models"]]
    run = heddle("run", "fresh_design", "--trace", "digits-8b", "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["totals"]["cycles"] > 0
    refused = heddle("run", "fresh_design", "--trace", "digits-8b", "--fidelity", "bit-true")
    assert refused.returncode == 2
    assert "--fidelity bit-true: " in refused.stderr and "'fresh_design'" in refused.stderr
    for tests in (["laws_tests"], ["model_tests", "fresh_design*"]):
        done = subprocess.run([build / "tests" / tests[0], *tests[1:]], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and "All tests passed" in done.stdout, done.stdout[-4000:]
    links = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/docs/links_test.py"]
    done = subprocess.run(
        [*links, "--program", build / "heddle"],
        cwd=tree,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    changed = {name for name, digest in digests(tree).items() if before.get(name) != digest}
    assert all(name.startswith(("models/fresh_design/", f"{CONFIGS}/fresh_design")) for name in changed)

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Pins what `heddle run` prints and writes: one digest per configuration, trace and kind of run.

Every shipped configuration runs on every shipped trace with memory none, ideal and LPDDR4 (timing), and as a
seeded bit-true sample on the traces whose name starts with BIT_TRUE_TRACES. A digest covers result.json,
layers.csv and the tables. Keys that a later version added (ADDED_KEYS, ADDED_COLUMNS) and the texts of TEXT_KEYS
are left out first, so that a digest covers counts that existed when it was taken.

  counts.py --program build/release/heddle             compares; prints each run that differs; exit 1 on a difference
  counts.py --program build/release/heddle --update    writes the digests anew
  counts.py --program PROGRAM --only stripes/digits-8b --keep DIR    keeps the digested texts, to be compared with diff
"""
import argparse
import concurrent.futures
import csv
import hashlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
DIGESTS = HERE / "counts.json"
KINDS = {
    "none": ["--set", "memory=none"],
    "ideal": ["--set", "memory=ideal_16gb_per_s_1mb"],
    "lpddr4": ["--set", "memory=lpddr4_4267_1mb"],
    "bit_true": ["--set", "memory=none", "--fidelity", "bit-true", "--verify-fraction", "1e-3", "--seed", "1"],
}
BIT_TRUE_TRACES = "digits-"
# Prose that may be reworded without a count moving, and the digest of a manifest that holds such prose.
TEXT_KEYS = [
    ("accelerator", "source"),
    ("accelerator", "description"),
    ("heddle_version",),
    ("network", "provenance"),
    ("network", "trace_sha256"),
]
# The version of result.json when the digests were taken; each later one only adds keys. The results revision of
# that time: a later one tells that counts moved, and each digest tells whether it is one of them.
VERSION_TAKEN = [1, 3]
REVISION_TAKEN = 3
# Keys of result.json and columns of layers.csv that were added after the digests were taken; "*" is any element
# or key.
ADDED_KEYS: list[tuple[str, ...]] = []
ADDED_COLUMNS: set[str] = set()


def drop(node, path):
    """Removes the value at `path` from a JSON tree, wherever it exists."""
    if not path or not isinstance(node, (dict, list)):
        return
    keys = [path[0]]
    if path[0] == "*":
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
    for key in keys:
        if isinstance(node, dict) and key not in node:
            continue
        if len(path) == 1:
            del node[key]
        else:
            drop(node[key], path[1:])


def canonical_result(text):
    result = json.loads(text)
    for path in TEXT_KEYS + ADDED_KEYS:
        drop(result, path)
    result["version"] = VERSION_TAKEN
    result["results_revision"] = REVISION_TAKEN
    return json.dumps(result, indent=1)


def canonical_csv(text):
    """The columns that existed when the digests were taken."""
    rows = list(csv.reader(io.StringIO(text)))
    keep = [i for i, name in enumerate(rows[0]) if name not in ADDED_COLUMNS]
    return "\n".join(",".join(row[i] for i in keep) for row in rows) + "\n"


def names_in(listing, heading):
    """The names below `heading` in what `heddle list` prints."""
    block = listing.split(heading, 1)[1].split("\n\n", 1)[0]
    return [line.split()[0] for line in block.splitlines()[1:] if line.strip()]


def run_one(program, config, trace, kind, keep):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        command = [program, "run", config, "--trace", trace, "-j", "1", "--out", str(out), *KINDS[kind]]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 2:
            return "refused"
        if done.returncode != 0:
            return f"exit {done.returncode}"
        tables = done.stdout.replace(str(out), "OUT")
        parts = {
            "result.json": canonical_result((out / "result.json").read_text()),
            "layers.csv": canonical_csv((out / "layers.csv").read_text()),
            "tables.txt": tables,
        }
    if keep:
        target = pathlib.Path(keep) / config.replace("/", "-") / trace / kind
        target.mkdir(parents=True, exist_ok=True)
        for name, text in parts.items():
            (target / name).write_text(text)
    digest = hashlib.sha256()
    for name, text in parts.items():
        digest.update(f"{name} {len(text)}\n{text}".encode())
    return digest.hexdigest()[:16]


def measure(program, only, keep):
    listing = subprocess.run([program, "list"], capture_output=True, text=True, check=True).stdout
    configs = names_in(listing, "configurations")
    traces = names_in(listing, "traces (")
    jobs = [
        (config, trace, kind)
        for config in configs
        for trace in traces
        for kind in KINDS
        if (kind != "bit_true" or trace.startswith(BIT_TRUE_TRACES)) and (not only or only in f"{config}/{trace}")
    ]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        digests = list(pool.map(lambda job: run_one(program, *job, keep), jobs))
    out = {}
    for (config, trace, kind), digest in zip(jobs, digests):
        out.setdefault(config, {}).setdefault(trace, {})[kind] = digest
    return out


def write(digests):
    """One line per configuration and trace, so that a difference is readable."""
    lines = []
    for config, traces in digests.items():
        rows = [f"  {json.dumps(trace)}: {json.dumps(kinds)}" for trace, kinds in traces.items()]
        lines.append(f" {json.dumps(config)}: {{\n" + ",\n".join(rows) + "\n }")
    DIGESTS.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def moved(expected, found):
    out = []
    for config, traces in found.items():
        if config not in expected:  # a new configuration has nothing to move from; --update pins it
            print(f"{config}: not pinned yet")
            continue
        for trace, kinds in traces.items():
            for kind, digest in kinds.items():
                before = expected[config].get(trace, {}).get(kind, "absent")
                if before != digest:
                    out.append(f"{config} on {trace}, {kind}: {before} -> {digest}")
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--only", help="only runs whose configuration/trace contains this text")
    parser.add_argument("--keep", help="folder that keeps the digested texts")
    arguments = parser.parse_args()
    found = measure(arguments.program, arguments.only, arguments.keep)
    if arguments.update:
        write(found)
        return 0
    differences = moved(json.loads(DIGESTS.read_text()), found)
    for line in differences:
        print(line)
    runs = sum(len(kinds) for traces in found.values() for kinds in traces.values())
    print(f"{runs} runs, {len(differences)} moved")
    return 1 if differences or not runs else 0


if __name__ == "__main__":
    sys.exit(main())

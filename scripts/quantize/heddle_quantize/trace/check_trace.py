# SPDX-License-Identifier: Apache-2.0
"""Checks a trace against traces/FORMAT.md: schema, digests, graph, shapes and ranges."""
from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from heddle_quantize.base.errors import BadInput
from heddle_quantize.trace import storage
from heddle_quantize.trace.check_layers import check_layers
from heddle_quantize.trace.storage import MANIFEST, SUMS
from heddle_quantize.trace.trace import Trace

SCHEMA = Path(__file__).with_name("manifest.schema.json")  # a link to the one in traces/


def check_trace(path: Path) -> Trace:
    """Reads a trace and checks everything but the accumulators; raises BadInput at the first fault."""
    files = storage.read_files(path)
    where = f"{path}/{MANIFEST}"
    if MANIFEST not in files:
        raise BadInput(str(path), f"no {MANIFEST}", "a trace directory or tar")
    manifest = storage.parse_manifest(files[MANIFEST], where)
    check_schema(manifest, where)
    _check_digests(manifest, files, str(path))
    trace = storage.parse(manifest, files, path)
    check_layers(trace, str(path))
    return trace


def check_schema(manifest: dict[str, Any], where: str) -> None:
    """Checks the JSON Schema if python3-jsonschema is installed; the other checks do not rely on it."""
    try:
        import jsonschema
    except ImportError:
        return
    validator = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()))
    errors = sorted(validator.iter_errors(manifest), key=lambda e: list(map(str, e.path)))
    if errors:
        first = errors[0]
        pointer = "/" + "/".join(map(str, first.path))
        raise BadInput(f"{where}: {pointer}", first.message[:300], "what the schema says")


def _check_digests(manifest: dict[str, Any], files: dict[str, bytes], path: str) -> None:
    listed = manifest["files"]
    present = set(files) - {MANIFEST, SUMS}
    for name in sorted(set(listed) - present):
        raise BadInput(f"{path}/{MANIFEST}: /files/{name}", "no such file", "every listed file")
    for name in sorted(present - set(listed)):
        raise BadInput(f"{path}/{name}", "a file the manifest does not list", "it in /files")
    for name in sorted(listed):
        digest = hashlib.sha256(files[name]).hexdigest()
        if len(files[name]) != listed[name]["bytes"] or digest != listed[name]["sha256"]:
            raise BadInput(
                f"{path}/{name}",
                f"{len(files[name])} bytes, sha256 {digest}",
                f"{listed[name]['bytes']} bytes, sha256 {listed[name]['sha256']}",
            )
    if SUMS in files:
        _check_sums(files, path)


def _check_sums(files: dict[str, bytes], path: str) -> None:
    seen = {}
    for line in files[SUMS].decode("utf-8", "replace").splitlines():
        digest, _, name = line.partition("  ")
        seen[name] = digest
    for name in sorted(set(files) - {SUMS}):
        digest = hashlib.sha256(files[name]).hexdigest()
        if seen.get(name) != digest:
            raise BadInput(f"{path}/{SUMS}", f"{seen.get(name)} for {name}", digest)

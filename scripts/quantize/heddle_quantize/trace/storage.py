# SPDX-License-Identifier: Apache-2.0
"""Reading and writing a trace as a directory or a tar (traces/FORMAT.md)."""
from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
from pathlib import Path
from typing import Any

from heddle_quantize.base.errors import BadInput
from heddle_quantize.trace import npy
from heddle_quantize.trace.trace import Trace, VERSION

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
MANIFEST_BYTES_MAX = 64 << 20


def created() -> str | None:
    """The time of SOURCE_DATE_EPOCH (reproducible-builds.org) if set; the clock would change the trace's bytes."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return None
    import datetime

    stamp = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc)
    return stamp.strftime("%Y-%m-%dT%H:%M:%SZ")


def serialise(trace: Trace) -> dict[str, bytes]:
    """Every file of the trace by name, manifest first, SHA256SUMS second."""
    payload = {name: npy.to_bytes(array) for name, array in sorted(trace.arrays.items())}
    for name, content in sorted(trace.documents.items()):
        line = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
        payload[name] = (line + "\n").encode()
    manifest = dict(trace.manifest)
    manifest["files"] = {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in payload.items()
    }
    text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    blob = (text + "\n").encode()
    sums = {name: entry["sha256"] for name, entry in manifest["files"].items()}
    sums[MANIFEST] = hashlib.sha256(blob).hexdigest()
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
    return {MANIFEST: blob, SUMS: lines.encode(), **payload}


def write(trace: Trace, path: Path, force: bool = False) -> None:
    """Writes a directory, or a tar if the name ends in .tar. A failure leaves no partial trace."""
    path = Path(path)
    if path.exists() and not force:
        raise BadInput(str(path), "an existing file", "a new name", "--force overwrites")
    if not path.parent.is_dir():
        raise BadInput(str(path), "no such parent directory", "an existing directory")
    files = serialise(trace)
    temporary = path.with_name(f".{path.name}.tmp{os.getpid()}")
    try:
        if path.suffix == ".tar":
            _write_tar(files, temporary)
        else:
            _write_directory(files, temporary)
        _replace(temporary, path)
    finally:
        _remove(temporary)


def _write_directory(files: dict[str, bytes], root: Path) -> None:
    for name, data in files.items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _write_tar(files: dict[str, bytes], path: Path) -> None:
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(data), 0o644, 0
            tar.addfile(info, io.BytesIO(data))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()


def _replace(temporary: Path, path: Path) -> None:
    # rename cannot replace a directory that is not empty, so the old one is moved away first
    if path.is_dir():
        aside = path.with_name(f".{path.name}.old{os.getpid()}")
        path.rename(aside)
        temporary.rename(path)
        shutil.rmtree(aside)
    else:
        _remove(path)
        temporary.rename(path)


def read_files(path: Path) -> dict[str, bytes]:
    """The raw files of a trace, which is a directory or an uncompressed tar."""
    path = Path(path)
    if path.is_dir():
        return {str(p.relative_to(path)): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}
    if not path.is_file():
        raise BadInput(str(path), "no such file or directory", "a trace directory or tar")
    try:
        with tarfile.open(path, "r:") as tar:
            members = [m for m in tar.getmembers() if m.isfile()]
            if not members or members[0].name != MANIFEST:
                raise BadInput(str(path), "another first member", f"{MANIFEST} first")
            return {m.name: tar.extractfile(m).read() for m in members}  # type: ignore[union-attr]
    except (tarfile.TarError, EOFError) as err:
        raise BadInput(str(path), f"not a tar ({err})", "an uncompressed ustar tar") from err


def parse_manifest(blob: bytes, where: str) -> dict[str, Any]:
    """The manifest; refuses duplicate keys and another major version."""
    if len(blob) > MANIFEST_BYTES_MAX:
        raise BadInput(where, f"{len(blob)} bytes", f"at most {MANIFEST_BYTES_MAX}")

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, value in items:
            if key in out:
                raise BadInput(where, f"key '{key}' twice in one object", "unique keys")
            out[key] = value
        return out

    try:
        manifest = json.loads(blob.decode(), object_pairs_hook=pairs)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as err:
        raise BadInput(where, f"no valid JSON ({err})", "a trace manifest") from err
    if not isinstance(manifest, dict) or manifest.get("format") != "heddle-trace":
        raise BadInput(f"{where}: /format", "no heddle-trace", '"heddle-trace"')
    version = manifest.get("version")
    if not isinstance(version, list) or len(version) != 2 or version[0] != VERSION[0]:
        raise BadInput(f"{where}: /version", repr(version), f"{VERSION}")
    return manifest


def read(path: Path) -> Trace:
    """A trace with all its arrays; check_trace checks the digests, this function does not."""
    files = read_files(path)
    where = f"{path}/{MANIFEST}"
    if MANIFEST not in files:
        raise BadInput(str(path), f"no {MANIFEST}", "a trace directory or tar")
    manifest = parse_manifest(files.pop(MANIFEST), where)
    files.pop(SUMS, None)
    return parse(manifest, files, path)


def parse(manifest: dict[str, Any], files: dict[str, bytes], path: Path) -> Trace:
    """Arrays and documents of a trace's files; check_trace reports any other file."""
    trace = Trace(manifest)
    for name, data in files.items():
        if name.endswith(".npy"):
            trace.arrays[name] = npy.from_bytes(data, f"{path}/{name}")
        elif name.endswith(".json") and name != MANIFEST:
            trace.documents[name] = _document(data, f"{path}/{name}")
    return trace


def _document(data: bytes, where: str) -> Any:
    try:
        return json.loads(data.decode())
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as err:
        raise BadInput(where, f"no valid JSON ({err})", "a JSON document") from err

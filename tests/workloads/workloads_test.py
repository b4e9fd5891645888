# SPDX-License-Identifier: Apache-2.0
"""Every network of the workloads folder: exported as documented, validated, timed on every accelerator and
computed bit by bit, a seeded sample of every layer, on one configuration of each design."""
import json
import os
import pathlib
import subprocess
import tempfile

import pytest
from conftest import CASES
from program import ROOT, check_identities, check_proof, configurations

# Share of a layer's window sets and passes that a bit-true run computes, at least one of each.
FRACTION = "1e-6"
# The limits for ResNet-20; all other networks here must keep them as well.
EXPORT_CPU_S, RUN_CPU_S, RUN_MEMORY_MB = 60.0, 1.0, 200.0


class Done:
    """A finished command: its exit code, its texts, and its own processor time and peak memory."""

    def __init__(self, command):
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            # `subprocess` gives the usage of all children together only
            process = subprocess.Popen([str(c) for c in command], stdout=out, stderr=err, cwd=ROOT)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = self.code = os.waitstatus_to_exitcode(status)
            out.seek(0)
            err.seek(0)
            self.out, self.err = out.read(), err.read()
        self.cpu_s = usage.ru_utime + usage.ru_stime
        self.memory_mb = usage.ru_maxrss / 1024


def quantize(*arguments):
    return Done([ROOT / "scripts" / "heddle-quantize", *arguments])


class Exported:
    def __init__(self, name, path, done):
        self.name, self.path, self.done = name, path, done
        self.manifest = json.loads((path / "manifest.json").read_text())

    def widest_bits(self):
        """The precision that decides whether a container holds the network."""
        precisions = [x["precision"] for x in self.manifest["layers"] if "precision" in x]
        return max(max(p["a_bits"], p["w_bits"]) for p in precisions)


@pytest.fixture(scope="module")
def exported(folder, network, tmp_path_factory):
    """The network's trace, made once by the documented command."""
    path = tmp_path_factory.mktemp(network) / "t.trace"
    done = quantize("workload", network, "-q", "--json", "-o", path, *CASES[network]["options"])
    assert done.code == 0, done.err
    return Exported(network, path, done)


@pytest.fixture
def heddle(request):
    program = pathlib.Path(request.config.getoption("--program")).resolve()
    return lambda *arguments: Done([program, *arguments])


def test_export_agrees_with_the_goldens(exported, folder):
    case, report = CASES[exported.name], json.loads(exported.done.out)
    assert len(report["golden"]) == case["goldens"]
    assert all(g["wrong"] == 0 and g["compared"] > 0 for g in report["golden"])
    if case["accuracy"] is not None:
        assert report["accuracy"]["quantized"] >= case["accuracy"]
    assert exported.done.cpu_s < EXPORT_CPU_S
    text = json.dumps(exported.manifest)
    assert str(folder) not in text and str(exported.path.parent) not in text


def test_trace_is_valid_by_both_readers(exported, heddle):
    done = heddle("trace", "validate", exported.path)
    assert done.code == 0, done.err
    done = quantize("verify", "-q", "--json", exported.path, "--limit", "300")
    assert done.code == 0, done.err
    assert json.loads(done.out)["outputs_checked"] > 200


def test_every_accelerator_runs_it(exported, heddle):
    refused = []
    for name in configurations():
        done = heddle("run", name, "--trace", exported.path, "-j", "1", "--json", "-q")
        if done.code == 2:
            assert "container_bits is 8" in done.err, f"{name}: {done.err}"
            refused.append(name)
            continue
        assert done.code == 0, f"{name}: {done.err}"
        check_identities(json.loads(done.out))
        assert done.cpu_s < RUN_CPU_S and done.memory_mb < RUN_MEMORY_MB, f"{name}: {done.cpu_s} s, {done.memory_mb} MB"
    # An 8-bit container cannot hold wider values; nothing else may be refused.
    narrow = [n for n in configurations() if n.endswith("_8b")]
    assert refused == (narrow if exported.widest_bits() > 8 else [])


def test_a_sample_of_every_layer_is_bit_true(exported, heddle, configuration):
    """On one configuration of each design; on all with --every-configuration."""
    if exported.widest_bits() > 8 and configuration.endswith("_8b"):
        pytest.skip(f"{configuration} holds 8-bit values")
    done = heddle(
        "run",
        configuration,
        "--trace",
        exported.path,
        "--fidelity",
        "bit-true",
        "--verify-fraction",
        FRACTION,
        "--seed",
        "1",
        "-j",
        "1",
        "--json",
        "-q",
    )
    assert done.code == 0, done.err
    result = json.loads(done.out)
    check_identities(result)
    check_proof(result)

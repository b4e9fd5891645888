# SPDX-License-Identifier: Apache-2.0
"""The program on good input: formats follow their schemas, outputs repeat byte for byte, numbers agree."""
import csv
import hashlib
import io
import json
import pathlib
import re
import subprocess
import tarfile

import jsonschema
import pytest
from conftest import DIGITS, ROOT
from program import ACCELERATORS, check_identities, check_proof, configurations, model_of

FAMILIES = [
    "dadn",
    "dadn_8b",
    "dpnn",
    "dpnn_1k",
    "stripes",
    "stripes_2b",
    "stripes_8b",
    "loom_1b",
    "loom_2b",
    "loom_4b",
    "loom_1b_dynamic",
    "loom_2b_dynamic",
    "loom_4b_dynamic",
    "loom_1b_group",
    "loom_2b_group",
    "loom_4b_group",
    "loom_1b_32",
    "loom_1b_64",
    "loom_1b_256",
    "loom_1b_512",
    "loom_1b_8b",
    "tartan",
    "tartan_2b",
    "dynamic_stripes",
    "dynamic_stripes_2b",
    "dprs",
    "dprs_fc",
    "pragmatic_single",
    "pragmatic_2b_1r_naf",
    "pragmatic_2b_1r_ioe",
    "tcl_parallel",
    "tclp",
    "tcle",
    "laconic_128",
    "laconic_queue",
    "laconic_8b",
]


def run_json(heddle, *arguments):
    code, stdout, stderr = heddle(*arguments, "--json", "-q")
    assert code == 0, stderr
    return json.loads(stdout)


def test_result_follows_its_schema_and_its_own_identities(heddle):
    schema = json.loads(heddle("schema", "result")[1])
    for config in ("dadn", "stripes", "loom_1b_group"):
        result = run_json(heddle, "run", config, "--trace", "digits-16b")
        jsonschema.validate(result, schema)
        check_identities(result)
        assert len(result["samples"]) == 4


@pytest.mark.parametrize("config", FAMILIES)
def test_whole_digits_network_bit_true(heddle, config):
    """Instances of every design: every layer, every sample, expected accumulators included."""
    trace = "digits-8b" if config.endswith("_8b") else "digits-16b"
    result = run_json(heddle, "run", config, "--fidelity", "bit-true", "--trace", trace)
    proof = result["verification"]
    assert proof["outputs"] == sum(x["expected_accumulators"] for x in proof["layers"])
    assert proof["fraction"] == 1.0
    assert len(proof["layers"]) == 4 * len(result["layers"])
    for row in proof["layers"]:
        layer = next(x for x in result["samples"][row["sample"]]["layers"] if x["name"] == row["layer"])
        assert row["cycles"] == layer["compute_cycles"]


@pytest.mark.parametrize("config", configurations())
def test_every_configuration_runs_and_follows_its_schema(heddle, config):
    content = json.loads((ACCELERATORS / f"{config}.json").read_text())
    jsonschema.validate(content, json.loads(heddle("schema", model_of(config))[1]))
    narrow = json.loads(heddle("run", config, "--trace", "digits-8b", "--json", "-q")[1])
    assert narrow["totals"]["cycles"] > 0
    assert narrow["accelerator"]["name"] == config


@pytest.mark.parametrize("config", configurations())
@pytest.mark.parametrize("trace", ["digits-16b", "digits-8b", "denoiser-16b"])
def test_shipped_traces_are_bit_true_on_every_configuration(heddle, config, trace):
    """A seeded sample of every layer; an 8-bit container must refuse the denoiser's wider values."""
    code, stdout, stderr = heddle(
        "run",
        config,
        "--trace",
        trace,
        "--fidelity",
        "bit-true",
        "--verify-fraction",
        "1e-6",
        "--seed",
        "1",
        "--json",
        "-q",
        timeout=600,
    )
    if trace == "denoiser-16b" and config.endswith("_8b"):
        assert code == 2 and "container_bits is 8" in stderr
        return
    assert code == 0, stderr
    check_identities(json.loads(stdout))
    check_proof(json.loads(stdout))


def test_bytes_repeat_for_any_number_of_threads(heddle, tmp_path):
    digests = set()
    for jobs in ("1", "2", "7"):
        out = tmp_path / jobs
        code, _, stderr = heddle("run", "stripes", "--trace", DIGITS, "-j", jobs, "-q", "--out", out)
        assert code == 0, stderr
        digests.add(hashlib.sha256((out / "result.json").read_bytes() + (out / "layers.csv").read_bytes()).hexdigest())
        assert sorted(p.name for p in out.iterdir()) == ["layers.csv", "result.json"]
    assert len(digests) == 1


def test_csv_holds_the_numbers_of_the_result(heddle, tmp_path):
    heddle("run", "stripes", "-q", "--out", tmp_path / "o")
    result = json.loads((tmp_path / "o" / "result.json").read_text())
    rows = list(csv.DictReader((tmp_path / "o" / "layers.csv").open()))
    layers = [x for s in result["samples"] for x in s["layers"]]
    assert [int(r["cycles"]) for r in rows] == [x["cycles"] for x in layers]
    assert [r["layer"] for r in rows] == [x["name"] for x in layers]


def test_tar_and_directory_give_the_same_result(heddle, tmp_path):
    path = tmp_path / "digits.tar"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        tar.add(DIGITS / "manifest.json", "manifest.json")
        for file in sorted(DIGITS.rglob("*")):
            if file.is_file() and file.name != "manifest.json":
                tar.add(file, str(file.relative_to(DIGITS)))
    assert heddle("trace", "validate", path)[0] == 0
    assert run_json(heddle, "run", "stripes", "--trace", path) == run_json(heddle, "run", "stripes", "--trace", DIGITS)


def test_compare_gives_speedups_per_layer_and_in_total(heddle, tmp_path):
    compared = run_json(heddle, "compare", "dadn", "stripes")
    dadn, stripes = compared["accelerators"]
    assert compared["baseline"] == "dadn"
    assert stripes["totals"]["speedup"] == pytest.approx(dadn["totals"]["cycles"] / stripes["totals"]["cycles"])
    for a, b in zip(dadn["layers"], stripes["layers"]):
        assert b["speedup"] == pytest.approx(a["cycles"] / b["cycles"])
    heddle("run", "dadn", "-q", "--out", tmp_path / "a")
    heddle("run", "stripes", "-q", "--out", tmp_path / "b")
    assert run_json(heddle, "compare", tmp_path / "a", tmp_path / "b" / "result.json") == compared


def test_a_newer_minor_version_is_read_with_a_warning(heddle, trace):
    trace.edit(lambda m: m.update(version=[1, 1], novelty=True))
    code, _, stderr = heddle("run", "stripes", "--trace", trace.path)
    assert code == 0
    assert "warning" in stderr and "novelty" in stderr


def test_expected_accumulators_that_differ_are_a_failed_check(heddle, trace):
    name = "expect/conv1.acc.s0.npy"
    data = bytearray((trace.path / name).read_bytes())
    data[-1] ^= 1
    trace.replace(name, bytes(data))
    for arguments in (
        ["trace", "validate", trace.path],
        ["run", "dadn", "--fidelity", "bit-true", "--trace", trace.path],
    ):
        code, _, stderr = heddle(*arguments)
        assert code == 1, stderr
        assert "conv1" in stderr and "expects" in stderr


def test_a_seeded_sample_repeats_and_is_named(heddle):
    once, again, other = (
        run_json(
            heddle,
            "run",
            "stripes",
            "--trace",
            DIGITS,
            "--fidelity",
            "bit-true",
            "--verify-fraction",
            "0.1",
            "--seed",
            s,
        )
        for s in ("3", "3", "4")
    )
    assert once == again
    assert once["verification"]["layers"] != other["verification"]["layers"]
    assert all(row["window_sets"] and row["passes"] for row in once["verification"]["layers"])


def test_a_waveform_is_readable_and_shows_the_last_bit_plane(heddle, tmp_path):
    """A small VCD reader: as many `last` pulses on column 0 as windows end there."""
    path = tmp_path / "w.vcd"
    code, stdout, stderr = heddle(
        "run",
        "stripes",
        "--trace",
        DIGITS,
        "--fidelity",
        "bit-true",
        "--verify-fraction",
        "0.05",
        "--vcd",
        path,
        "--json",
    )
    assert code == 0, stderr
    assert json.loads(stdout)["fidelity"] == "bit-true" and stderr == ""
    text = path.read_text()
    names = dict(re.findall(r"\$var wire\s+\d+\s+(\S+)\s+(\S+)", text))
    by_name = {v: k for k, v in names.items()}
    assert {"clock", "released_steps", "tile0_column0_bits0", "tile0_column0_last"} <= set(by_name)
    body = re.split(r"\$enddefinitions\s+\$end", text, maxsplit=1)[1]
    assert re.search(rf"^1{re.escape(by_name['tile0_column0_last'])}$", body, re.M)
    times, rises = [], []
    for line in body.splitlines():
        if re.fullmatch(r"#\d+", line):
            times.append(int(line[1:]))
        elif line == "1" + by_name["clock"] and times:
            rises.append(times[-1])
    assert all(a < b for a, b in zip(times, times[1:])) and times[-1] > 0
    periods = [b - a for a, b in zip(rises, rises[1:])]  # the clock stops between two layers
    assert len(rises) > 100 and all(p % min(periods) == 0 for p in periods)  # no edge is rounded


def test_catalogue_commands_agree(heddle):
    listed = run_json_plain(heddle, "list", "--json")
    assert {"dadn", "stripes", "loom"} <= {m["name"] for m in listed["models"]}
    assert set(configurations()) <= set(listed["configurations"])
    for model in listed["models"]:
        described = run_json_plain(heddle, "describe", model["name"], "--json")
        assert all(p.get("source") and p.get("description") for p in described["parameters"])
        jsonschema.Draft7Validator.check_schema(json.loads(heddle("schema", model["name"])[1]))
    assert heddle("version")[1].startswith("heddle ")


def test_the_version_has_three_names(heddle):
    for arguments in ([], ["--json"]):
        said = {heddle(name, *arguments) for name in ("version", "--version", "-V")}
        assert len(said) == 1 and next(iter(said))[0] == 0
    assert heddle("-V", "x")[0] == 2
    assert "-V, --version" in heddle("--help")[1]


def run_json_plain(heddle, *arguments):
    code, stdout, stderr = heddle(*arguments)
    assert code == 0, stderr
    return json.loads(stdout)


def test_versions_agree():
    cmake = re.search(r"VERSION (\d+\.\d+\.\d+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
    header = (ROOT / "sim" / "base" / "version.h").read_text()
    assert f'"{cmake}"' in header


def test_output_ends_quietly_when_the_reader_closes_the_pipe(request):
    program = pathlib.Path(request.config.getoption("--program")).resolve()
    done = subprocess.run(
        f"{program} list | head -1", shell=True, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.stdout.startswith("models")


@pytest.mark.parametrize("name", ["digits-16b", "digits-8b", "denoiser-16b"])
def test_shipped_traces_are_valid_and_fit_their_checksums(heddle, name):
    assert heddle("trace", "validate", name)[0] == 0
    sums = io.StringIO((ROOT / "traces" / f"{name}.trace" / "SHA256SUMS").read_text())
    for line in sums:
        digest, file = line.rstrip("\n").split("  ")
        assert hashlib.sha256((ROOT / "traces" / f"{name}.trace" / file).read_bytes()).hexdigest() == digest

# SPDX-License-Identifier: Apache-2.0
"""Bad input: a clear error that names the place, what was found and what is expected, exit code 2, nothing
written. Run under the sanitizers as well."""
import io
import json
import tarfile

import numpy
import pytest
from conftest import ROOT


def npy(array, **kwargs) -> bytes:
    out = io.BytesIO()
    numpy.lib.format.write_array(out, array, **kwargs)
    return out.getvalue()


def weights(trace):
    return numpy.load(trace.path / "tensors" / "conv1.w.npy")


W = "tensors/conv1.w.npy"
X = "tensors/conv1.x.s0.npy"
HEADER = b"\x93NUMPY\x01\x00"


def raw_header(text: str, data: bytes = b"") -> bytes:
    body = text.encode() + b"\n"
    return HEADER + len(body).to_bytes(2, "little") + body + data


def crowd(layers, count):
    """The first layer `count` times, 2^26 windows each."""
    shape = layers[0]["shape"] | {"H": 8192, "W": 8192, "OH": 8192, "OW": 8192}
    return [layers[0] | {"id": f"conv{i}", "index": i, "shape": shape} for i in range(count)]


# name -> (what to do to the trace, texts that the error must hold)
TRACES = {
    "npy truncated in its data": (lambda t: t.replace(W, (t.path / W).read_bytes()[:-7]), [W, "bytes of data"]),
    "npy truncated in its header": (lambda t: t.replace(W, (t.path / W).read_bytes()[:40]), [W, "truncated"]),
    "npy of four bytes": (lambda t: t.replace(W, b"\x93NUM"), [W, "not a .npy"]),
    "npy empty": (lambda t: t.replace(W, b""), [W, "not a .npy"]),
    "npy with data to spare": (lambda t: t.replace(W, (t.path / W).read_bytes() + b"x"), [W, "bytes of data"]),
    "npy of version 2": (lambda t: t.replace(W, npy(weights(t), version=(2, 0))), [W, "version 2.0"]),
    "foreign file": (lambda t: t.replace(W, b"PK\x03\x04" + b"0" * 200), [W, "not a .npy"]),
    "Fortran order": (lambda t: t.replace(W, npy(numpy.asfortranarray(weights(t)))), [W, "Fortran"]),
    "big-endian dtype": (lambda t: t.replace(W, npy(weights(t).astype(">i2"))), [W, "dtype '>i2'"]),
    "float weights": (lambda t: t.replace(W, npy(weights(t).astype("<f4"))), [W, "expected integers"]),
    "complex dtype": (lambda t: t.replace(W, npy(weights(t).astype("<c8"))), [W, "dtype"]),
    "object dtype": (
        lambda t: t.replace(W, raw_header("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}")),
        [W, "dtype"],
    ),
    "wrong shape": (lambda t: t.replace(W, npy(weights(t)[:5])), [W, "shape (5,"]),
    "wrong rank": (lambda t: t.replace(W, npy(weights(t).ravel())), [W, "shape"]),
    "shape beyond memory": (
        lambda t: t.replace(
            W, raw_header("{'descr': '<i8', 'fortran_order': False, 'shape': (999999999999, 999999999999)}")
        ),
        [W, "2^40"],
    ),
    "shape that overflows": (
        lambda t: t.replace(
            W, raw_header("{'descr': '<i8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}")
        ),
        [W, "2^40"],
    ),
    "shape of 40 digits": (
        lambda t: t.replace(W, raw_header("{'descr': '|i1', 'fortran_order': False, 'shape': (" + "9" * 40 + ",)}")),
        [W, "2^40"],
    ),
    "header without shape": (
        lambda t: t.replace(W, raw_header("{'descr': '|i1', 'fortran_order': False}")),
        [W, "lacks"],
    ),
    "header that is code": (lambda t: t.replace(W, raw_header("__import__('os').system('true')")), [W, "header"]),
    "negative dimension": (
        lambda t: t.replace(W, raw_header("{'descr': '|i1', 'fortran_order': False, 'shape': (-1,)}")),
        [W, "dimension"],
    ),
    "value outside the declared range": (
        lambda t: t.replace(X, npy(numpy.full((1, 1, 16, 16), 32767, "<i2"))),
        [X, "outside"],
    ),
    "value outside the precision": (
        lambda t: t.layer(lambda x: x["precision"].update(a_bits=2), "conv2"),
        ["2-bit activation precision", "conv2"],
    ),
    "missing tensor": (lambda t: (t.path / W).unlink(), ["there is no file", W]),
    "digest mismatch": (lambda t: t.replace(W, npy(numpy.zeros_like(weights(t))), fix_digest=False), [W, "SHA-256"]),
    "size mismatch": (
        lambda t: t.replace(W, (t.path / W).read_bytes() + b"1", fix_digest=False),
        [W, "the manifest says"],
    ),
    "manifest missing": (lambda t: (t.path / "manifest.json").unlink(), ["manifest.json"]),
    "manifest not JSON": (lambda t: (t.path / "manifest.json").write_text("{"), ["manifest.json:1:", "not valid JSON"]),
    "manifest a list": (lambda t: (t.path / "manifest.json").write_text("[]"), ["expected an object"]),
    "manifest deep": (lambda t: (t.path / "manifest.json").write_text("[" * 200000), ["nested deeper"]),
    "manifest with a duplicate key": (
        lambda t: (t.path / "manifest.json").write_text('{"format": "a", "format": "b"}'),
        ["duplicate key 'format'"],
    ),
    "manifest not UTF-8": (
        lambda t: (t.path / "manifest.json").write_bytes(b'{"format": "\xff\xfe"}'),
        ["not valid JSON"],
    ),
    "manifest empty": (lambda t: (t.path / "manifest.json").write_text(""), ["not valid JSON"]),
    "another format": (
        lambda t: t.edit(lambda m: m.update(format="heddle-trac")),
        ["/format", "did you mean 'heddle-trace'"],
    ),
    "newer major version": (lambda t: t.edit(lambda m: m.update(version=[2, 0])), ["/version", "2.0"]),
    "version a text": (lambda t: t.edit(lambda m: m.update(version="1.0")), ["/version"]),
    "unknown key": (lambda t: t.edit(lambda m: m.update(sampels=4)), ["/sampels", "did you mean 'samples'"]),
    "unknown layer key": (lambda t: t.layer(lambda x: x.update(strid=[1, 1])), ["strid", "did you mean 'stride'"]),
    "samples negative": (lambda t: t.edit(lambda m: m.update(samples=-1)), ["/samples", "outside"]),
    "samples huge": (lambda t: t.edit(lambda m: m.update(samples=10**15)), ["/samples", "outside"]),
    "fewer files than samples": (lambda t: t.edit(lambda m: m.update(samples=5)), ["4 files", "5 samples"]),
    "empty network": (lambda t: t.edit(lambda m: m.update(layers=[])), ["/layers", "no layers"]),
    "layers missing": (lambda t: t.edit(lambda m: m.pop("layers")), ["'layers' is missing"]),
    "dimension zero": (lambda t: t.layer(lambda x: x["shape"].update(C=0)), ["/shape/C", "outside"]),
    "dimension a text": (lambda t: t.layer(lambda x: x["shape"].update(C="16")), ["/shape/C", "whole number"]),
    "dimension a fraction": (lambda t: t.layer(lambda x: x["shape"].update(C=1.5)), ["/shape/C", "whole number"]),
    "dimension beyond 2^31": (lambda t: t.layer(lambda x: x["shape"].update(K=2**31)), ["/shape/K", "outside"]),
    "dimension beyond 64 bits": (lambda t: t.layer(lambda x: x["shape"].update(K=10**30)), ["/shape/K"]),
    "output size that does not follow": (
        lambda t: t.layer(lambda x: x["shape"].update(OH=15)),
        ["/shape/OH", "15 stated"],
    ),
    "stride zero": (lambda t: t.layer(lambda x: x.update(stride=[0, 1])), ["/stride", "outside"]),
    "stride of three": (lambda t: t.layer(lambda x: x.update(stride=[1, 1, 1])), ["/stride", "2 numbers"]),
    "padding beyond reason": (
        lambda t: t.layer(lambda x: (x.update(pads=[2**30, 0, 0, 0]), x["shape"].update(OH=2**30 + 14))),
        ["pads"],
    ),
    "more windows than fit in memory": (
        lambda t: t.layer(lambda x: x["shape"].update(H=2**15 + 2, W=2**15 + 2, OH=2**15 + 2, OW=2**15 + 2)),
        ["/shape", "2^28 windows"],
    ),
    "more filters than fit in memory": (
        lambda t: t.layer(lambda x: x["shape"].update(K=2**27)),
        ["/shape", "2^26 filters"],
    ),
    "many layers of many windows": (
        lambda t: t.edit(lambda m: m.update(layers=crowd(m["layers"], 17))),
        ["/layers", "2^30 windows together"],
    ),
    "groups that do not divide": (lambda t: t.layer(lambda x: x.update(groups=5)), ["/groups", "divide"]),
    "kernel larger than the image": (lambda t: t.layer(lambda x: x["shape"].update(R=99)), ["kernel spans"]),
    "input that nobody makes": (
        lambda t: t.layer(lambda x: x.update(inputs=["conv9"]), "conv2"),
        ["'conv9'", "did you mean"],
    ),
    "cycle in the graph": (lambda t: t.layer(lambda x: x.update(inputs=["fc2"])), ["'fc2'", "earlier"]),
    "same id twice": (lambda t: t.layer(lambda x: x.update(id="conv1"), "conv2"), ["'conv1'", "taken"]),
    "index out of order": (lambda t: t.layer(lambda x: x.update(index=7)), ["/index", "expected 0"]),
    "unknown operation": (lambda t: t.layer(lambda x: x.update(op="conv2")), ["/op", "did you mean 'conv2d'"]),
    "unknown kind of representation": (
        lambda t: t.layer(lambda x: x["operands"][1]["rep"].update(kind="integer")),
        ["/rep/kind"],
    ),
    "kind without integer decoding": (
        lambda t: t.layer(lambda x: x["operands"][1]["rep"].update(kind="float")),
        ["no exact integer decoding"],
    ),
    "no weight operand": (lambda t: t.layer(lambda x: x["operands"].pop()), ["/operands", "one weight"]),
    "wrong axes": (lambda t: t.layer(lambda x: x["operands"][0].update(axes="MC")), ["/axes", "NCHW"]),
    "precision missing": (lambda t: t.layer(lambda x: x.pop("precision")), ["'precision' is missing"]),
    "precision of 17 bits": (
        lambda t: t.layer(lambda x: x["precision"].update(a_bits=17)),
        ["/precision/a_bits", "outside"],
    ),
    "profile wider than its precision": (
        lambda t: t.layer(lambda x: x["precision"].update(a_bits=6, a_bits_profile=9)),
        ["/precision/a_bits_profile", "outside 1 to 6"],
    ),
    "precision of no bits": (
        lambda t: t.layer(lambda x: x["precision"].update(a_bits=0)),
        ["/precision/a_bits", "outside"],
    ),
    "file that leaves the trace": (
        lambda t: t.edit(lambda m: m["files"].update({"../x.npy": {"bytes": 1, "sha256": "0" * 64}})),
        ["leaves the trace"],
    ),
    "file that is not listed": (lambda t: t.edit(lambda m: m["files"].pop(W)), ["not listed", W]),
    "digest of the wrong form": (
        lambda t: t.edit(lambda m: m["files"][W].update(sha256="123")),
        ["64 lower-case hexadecimal"],
    ),
}


@pytest.mark.parametrize("name", TRACES)
def test_bad_traces_are_refused(name, heddle, trace, tmp_path):
    change, texts = TRACES[name]
    change(trace)
    out = tmp_path / "out"
    # The tensors are read where a design needs them, so run one that does.
    for arguments in (
        ["trace", "validate", trace.path],
        ["run", "stripes", "--fidelity", "bit-true", "--trace", trace.path, "--out", out],
    ):
        code, stdout, stderr = heddle(*arguments)
        assert code == 2, (arguments, stdout, stderr)
        assert stdout == ""
        assert stderr.startswith("heddle: error: "), stderr
        for text in texts:
            assert text in stderr, stderr
        assert not out.exists()


UNREAD = {
    "truncated": lambda t: (t.path / X).write_bytes((t.path / X).read_bytes()[:100]),
    "missing": lambda t: (t.path / X).unlink(),
    "empty": lambda t: (t.path / X).write_bytes(b""),
}


@pytest.mark.parametrize("name", UNREAD)
def test_a_design_that_reads_no_values_refuses_a_trace_with_broken_files(name, heddle, trace):
    UNREAD[name](trace)
    code, stdout, stderr = heddle("run", "stripes", "--trace", trace.path)
    assert code == 2 and stdout == "" and X in stderr, stderr


def test_a_folder_that_is_no_trace_is_not_searched(heddle, tmp_path):
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "manifest.jsn").write_text("{}")
    for folder in (tmp_path, "/proc"):
        code, _, stderr = heddle("run", "stripes", "--trace", folder)
        assert code == 2 and "manifest.json" in stderr and "private" not in stderr.replace(str(tmp_path), ""), stderr


def write(folder, name, value):
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


IDEAL = {"off_chip": {"kind": "ideal", "bandwidth_mb_per_s": 16000}}
GOOD = {"format": "heddle-accelerator", "version": [1, 0], "name": "mine", "model": "stripes"}

CONFIGS = {
    "not JSON": ("{,}", ["c.json:1:2", "not valid JSON"]),
    "empty file": ("", ["not valid JSON"]),
    "a list": ([1], ["expected a JSON object"]),
    "unknown key": ({**GOOD, "modle": "x"}, ["/modle", "did you mean 'model'"]),
    "duplicate key": ('{"name": "a",\n "name": "b"}', ["c.json:2:2", "duplicate key 'name'"]),
    "unknown model": ({**GOOD, "model": "strips"}, ["/model", "did you mean 'stripes'"]),
    "model missing": ({k: v for k, v in GOOD.items() if k != "model"}, ["'model' is missing"]),
    "another format": ({**GOOD, "format": "heddle-trace"}, ["/format"]),
    "newer version": ({**GOOD, "version": [2, 0]}, ["/version", "[2,0]"]),
    "unknown parameter": ({**GOOD, "parameters": {"tils": 4}}, ["/parameters/tils", "did you mean 'tiles'"]),
    "parameter of the wrong type": ({**GOOD, "parameters": {"tiles": "4"}}, ["/parameters/tiles", "whole number"]),
    "parameter zero": ({**GOOD, "parameters": {"tiles": 0}}, ["/parameters/tiles", "outside 1 to"]),
    "parameter negative": ({**GOOD, "parameters": {"tiles": -3}}, ["outside"]),
    "parameter beyond 32 bits": ({**GOOD, "parameters": {"tiles": 2**32 + 16}}, ["outside"]),
    "parameter beyond 64 bits": ({**GOOD, "parameters": {"tiles": 10**40}}, ["/parameters/tiles"]),
    "parameter infinite": ('{"format": "heddle-accelerator", "clock": {"frequency_mhz": 1e999}}', ["not valid JSON"]),
    "parameters a list": ({**GOOD, "parameters": []}, ["/parameters", "expected an object"]),
    "mapping misspelt": ({**GOOD, "mapping": {"pallet": "warp"}}, ["/mapping/pallet", "did you mean 'wrap'"]),
    "frequency a text": ({**GOOD, "clock": {"frequency_mhz": "1 GHz"}}, ["/clock/frequency_mhz", "number of MHz"]),
    "frequency zero": ({**GOOD, "clock": {"frequency_mhz": 0}}, ["outside"]),
    "assumptions a text": ({**GOOD, "assumptions": "none"}, ["/assumptions", "list of texts"]),
    "fidelity unknown": ({**GOOD, "fidelity": "exact"}, ["/fidelity", "timing"]),
    "extends itself": ({"extends": "c.json"}, ["comes back to"]),
    "extends nothing": ({"extends": "nowhere.json"}, ["there is no file"]),
    "extends a number": ({"extends": 4}, ["/extends"]),
    "deep": ("[" * 100000 + "]" * 100000, ["nested deeper"]),
    "memory unknown": ({**GOOD, "memory": "infinite"}, ["/memory", "there is no file", "infinite"]),
    "memory a number": ({**GOOD, "memory": 4}, ["/memory", '"none", the name of a memory file or an object']),
    "memory without off_chip": ({**GOOD, "memory": {}}, ["/memory/off_chip", "'kind' is missing"]),
    "memory key misspelt": (
        {**GOOD, "memory": {**IDEAL, "weight_memry": {}}},
        ["/memory/weight_memry", "did you mean 'weight_memory'"],
    ),
    "off-chip kind unknown": (
        {**GOOD, "memory": {"off_chip": {"kind": "dam"}}},
        ["/memory/off_chip/kind", "did you mean 'dram'"],
    ),
    "ideal without bandwidth": (
        {**GOOD, "memory": {"off_chip": {"kind": "ideal"}}},
        ["/memory/off_chip", "'bandwidth_mb_per_s' is missing"],
    ),
    "ideal with a device": (
        {**GOOD, "memory": {"off_chip": {**IDEAL["off_chip"], "device": "x"}}},
        ["/memory/off_chip", "belongs to kind dram"],
    ),
    "bandwidth zero": (
        {**GOOD, "memory": {"off_chip": {"kind": "ideal", "bandwidth_mb_per_s": 0}}},
        ["/memory/off_chip/bandwidth_mb_per_s", "outside 1 to"],
    ),
    "dram without device": (
        {**GOOD, "memory": {"off_chip": {"kind": "dram"}}},
        ["/memory/off_chip", "'device' is missing"],
    ),
    "dram device nowhere": (
        {**GOOD, "memory": {"off_chip": {"kind": "dram", "device": "no.json"}}},
        ["/off_chip/device", "there is no file", "no.json"],
    ),
    "dram device a list": (
        {**GOOD, "memory": {"off_chip": {"kind": "dram", "device": []}}},
        ["/off_chip/device", "a file or an object"],
    ),
    "capacity negative": (
        {**GOOD, "memory": {**IDEAL, "weight_memory": {"capacity_bytes": -1}}},
        ["/memory/weight_memory/capacity_bytes", "outside"],
    ),
    "capacity a word": (
        {**GOOD, "memory": {**IDEAL, "weight_memory": {"capacity_bytes": "unlimitd"}}},
        ["capacity_bytes", "unlimited"],
    ),
    "no blocking fits": (
        {**GOOD, "memory": {**IDEAL, "weight_memory": {"capacity_bytes": 64}}},
        ["/memory", "layer 'conv1' fits in no blocking", "bytes of activation_memory", "of weight_memory"],
    ),
    "storage unknown": (
        {**GOOD, "memory": {**IDEAL, "storage": "bit-interleaved"}},
        ["/memory/storage", "did you mean 'bit_interleaved'"],
    ),
    "memory extends nothing": ({**GOOD, "memory": {"extends": "no.json"}}, ["/memory/extends", "there is no file"]),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_bad_configurations_are_refused(name, heddle, tmp_path):
    content, texts = CONFIGS[name]
    config = write(tmp_path, "c.json", content)
    out = tmp_path / "out"
    code, stdout, stderr = heddle("run", config, "--trace", "digits-16b", "--out", out)
    assert code == 2, (stdout, stderr)
    assert stdout == ""
    for text in texts:
        assert text in stderr, stderr
    assert not out.exists()


USAGE = {
    "no command": ([], ["usage"]),
    "unknown command": (["rnu"], ["did you mean 'run'"]),
    "unknown option": (["run", "stripes", "--trce", "x"], ["did you mean '--trace'"]),
    "abbreviated option": (["run", "stripes", "--fid", "timing"], ["unknown option"]),
    "no configuration": (["run"], ["expected a configuration"]),
    "unknown configuration": (["run", "strips"], ["did you mean 'stripes'"]),
    "unknown trace": (["run", "stripes", "--trace", "digit-16b"], ["did you mean 'digits-16b'"]),
    "trace is a device": (["run", "stripes", "--trace", "/dev/null"], ["error"]),
    "set without a value": (["run", "stripes", "--set", "tiles"], ["path=value"]),
    "set of an unknown key": (["run", "stripes", "--set", "parameters.tils=4"], ["did you mean 'tiles'"]),
    "jobs a word": (["run", "stripes", "-j", "many"], ["jobs"]),
    "jobs negative": (["run", "stripes", "-j", "-5"], ["--jobs", "whole number from 0", "-5"]),
    "memory misspelt": (["run", "stripes", "--set", "memory=lpddr4_4267_1m"], ["did you mean 'lpddr4_4267_1mb'"]),
    "seed negative": (["run", "stripes", "--seed=-1"], ["--seed", "whole number from 0"]),
    "containers of neither 8 nor 16 bits": (
        ["run", "stripes", "--set", "parameters.container_bits=12"],
        ["--set parameters.container_bits=12", "expected 8 or 16"],
    ),
    "parameters that do not fit": (
        ["run", "dprs", "--set", "parameters.group_size=17"],
        ["--set parameters.group_size=17", "/parameters/group_size"],
    ),
    "waveform of a tile that is not there": (
        ["run", "stripes", "--fidelity", "bit-true", "--vcd", "/tmp/x.vcd", "--vcd-tile", "99"],
        ["--vcd-tile", "16 tiles"],
    ),
    "statistics of shapes": (["trace", "stats", "alexnet-100"], ["no values"]),
    "fraction zero": (["run", "stripes", "--verify-fraction", "0"], ["above 0"]),
    "fraction not a number": (["run", "stripes", "--verify-fraction", "nan"], ["above 0"]),
    "waveform without bit-true": (["run", "stripes", "--vcd", "/tmp/x.vcd"], ["bit-true"]),
    "an average run bit-true": (
        ["run", "loom_1b_group", "--fidelity", "bit-true", "--set", "parameters.weight_sync=mean"],
        ["/parameters/weight_sync", "cannot run bit-true"],
    ),
    "an array too large to stand bit-true": (
        [
            "run",
            "stripes",
            "--fidelity",
            "bit-true",
            "--trace",
            "digits-16b",
            "--set",
            "parameters.tiles=1024",
            "--set",
            "parameters.rows=17",
        ],
        ["/parameters", "262144 units", "278528"],
    ),
    "compare of one": (["compare", "stripes"], ["at least two"]),
    "unknown schema": (["schema", "trac"], ["did you mean 'trace'"]),
    "unknown model": (["describe", "stipes"], ["did you mean 'stripes'"]),
    "unknown verb": (["trace", "inf"], ["did you mean 'info'"]),
    "requests larger than can be": (
        ["dram", "ddr4_3200_8gb_x8", "--trace", __file__, "--request-bytes", "1000000000000"],
        ["--request-bytes", "0 to 16777216"],
    ),
    "requests without memory": (["run", "stripes", "--dram-trace", "/tmp/x.trace"], ["no off-chip memory"]),
    "requests in an unknown form": (
        ["run", "stripes", "--dram-trace", "/tmp/x.trace", "--dram-trace-form", "ramulator"],
        ["dramsim3 or dramsys"],
    ),
    "containers of 12 bits": (["trace", "stats", "digits-16b", "--container-bits", "12"], ["expected 8 or 16"]),
    "output folder that cannot be made": (
        ["run", "stripes", "--trace", "digits-16b", "--out", "/dev/null/x"],
        ["cannot make the folder"],
    ),
}


@pytest.mark.parametrize("name", USAGE)
def test_bad_usage_is_refused(name, heddle):
    arguments, texts = USAGE[name]
    code, _, stderr = heddle(*arguments)
    assert code == 2, stderr
    for text in texts:
        assert text in stderr, stderr


def test_values_are_asked_for_where_the_trace_has_none(heddle):
    code, _, stderr = heddle("run", "stripes", "--fidelity", "bit-true", "--trace", "alexnet-100")
    assert code == 2
    assert "no samples" in stderr


def test_compressed_storage_asks_for_values(heddle):
    memory = json.dumps({**IDEAL, "storage": "compressed"})
    code, _, stderr = heddle("run", "stripes", "--trace", "alexnet-100", "--set", "memory=" + memory)
    assert code == 2
    assert "layer 'conv1' has no values" in stderr and "memory.storage=container" in stderr


def test_a_container_that_is_too_narrow_is_refused(heddle):
    code, _, stderr = heddle("run", "stripes_8b", "--trace", "alexnet-100")
    assert code == 2
    assert "container_bits" in stderr


def test_hostile_tars_are_refused(heddle, tmp_path):
    link = tmp_path / "link.tar"
    with tarfile.open(link, "w", format=tarfile.USTAR_FORMAT) as tar:
        info = tarfile.TarInfo("manifest.json")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)
    outside = tmp_path / "outside.tar"
    with tarfile.open(outside, "w", format=tarfile.USTAR_FORMAT) as tar:
        tar.addfile(tarfile.TarInfo("../manifest.json"))
    cut = tmp_path / "cut.tar"
    with tarfile.open(cut, "w", format=tarfile.USTAR_FORMAT) as tar:
        info = tarfile.TarInfo("manifest.json")
        info.size = 4
        tar.addfile(info, io.BytesIO(b"{}{}"))
    cut.write_bytes(cut.read_bytes()[:514])
    for path, text in ((link, "only plain files"), (outside, "leaves the trace"), (cut, "truncated")):
        code, _, stderr = heddle("trace", "info", path)
        assert code == 2
        assert text in stderr


def test_enough_cases():
    assert len(TRACES) + len(CONFIGS) + len(USAGE) >= 60
    assert (ROOT / "README.md").is_file()

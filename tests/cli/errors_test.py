# SPDX-License-Identifier: Apache-2.0
"""Bad traces: a clear error that names the place, what was found and what is expected, exit code 2, nothing
written. Run under the sanitizers as well."""
import io
import tarfile

import numpy
import pytest


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
    # Tensors are read only where a design needs them, so the test runs one that does.
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
    assert len(TRACES) >= 60

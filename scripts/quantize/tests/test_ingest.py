# SPDX-License-Identifier: Apache-2.0
"""Torch modules and ONNX files into the graph: same numbers, clear refusals."""
from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
import pytest
import torch
import torch.nn.functional as F
from heddle_quantize.base.errors import BadInput
from heddle_quantize.export.exporter import ExportOptions, export
from heddle_quantize.graph import executor
from heddle_quantize.ingest.model_source import _load_state, read_state
from heddle_quantize.ingest.onnx.ingest_onnx import ingest_onnx
from heddle_quantize.ingest.torch.ingest_module import ingest_module
from heddle_quantize.quantize.calibrate import calibrate
from heddle_quantize.quantize.plan import build_plan, uniform_profile
from heddle_quantize.quantize.tensor_params import Options
from heddle_quantize.trace import storage
from heddle_quantize.trace.check_trace import check_trace
from heddle_quantize.trace.recompute import recompute
from onnx import TensorProto
from torch import nn


class Mixed(nn.Module):
    """Operations that the small network leaves out."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 8, (3, 5), padding=(1, 2), bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.b = nn.Conv2d(8, 8, 1)
        self.pool = nn.MaxPool2d(3, 2, 1, ceil_mode=True)
        self.avg = nn.AvgPool2d(2, 2, 1, count_include_pad=False)
        self.up = nn.Upsample(scale_factor=2)
        self.fc = nn.Linear(32, 5)
        self.drop = nn.Dropout(0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool(F.relu6(self.bn(self.a(x))))
        y = torch.cat([torch.sigmoid(self.b(x)), torch.tanh(x) * 0.5 - 1.0], 1)
        y = self.avg(self.up(F.pad(y, (0, 1, 1, 0))[:, :, ::2]))
        y = F.adaptive_avg_pool2d(torch.cat([y, F.gelu(y)], dim=1), 1)
        return self.fc(self.drop(torch.flatten(y, 1))).softmax(-1)


class Attention(nn.Module):
    """Self-attention with layer norm, as users write it."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(12)
        self.q, self.k, self.v = (nn.Linear(12, 12) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n = self.norm(x)
        q, k, v = (f(n).view(-1, 6, 3, 4).permute(0, 2, 1, 3) for f in (self.q, self.k, self.v))
        w = torch.softmax(torch.matmul(q, k.permute(0, 1, 3, 2)) * 0.5, -1)
        return x + torch.matmul(w, v).permute(0, 2, 1, 3).reshape(-1, 6, 12)


class Packed(nn.Module):
    """Attention with q, k and v in one layer and the batch moved about, as vision libraries do."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, 12, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, 12))
        self.norm = nn.LayerNorm(12)
        self.qkv, self.proj = nn.Linear(12, 36), nn.Linear(12, 12)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1)
        b, n, c = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(b, n, 3, 3, c // 3).permute(2, 0, 3, 1, 4).unbind(0)
        w = (q @ k.transpose(-2, -1) * (c // 3) ** -0.5).softmax(dim=-1)
        x = x + self.proj((w @ v).transpose(1, 2).reshape(b, n, c))
        first, rest = torch.split(x, [1, n - 1], dim=1)
        return (first + rest.mean(1, keepdim=True)).view(x.size(0), -1)


class Decoder(nn.Module):
    """Transposed and one-dimensional convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(4, 6, (3, 5), (2, 3), (1, 2), (1, 2), groups=2)
        self.wide = nn.ConvTranspose2d(6, 5, 3, 1, 1, dilation=2)
        self.row = nn.Conv1d(5, 8, 5, 2, 2)
        self.fc = nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.wide(torch.relu(self.up(x)))).mean(2)
        return self.fc(self.row(x).transpose(1, 2))


CASES = [(Decoder, (4, 5, 6)), (Mixed, (3, 11, 14)), (Attention, (6, 12)), (Packed, (3, 8, 8))]


def _made(kind: type[nn.Module], shape: tuple[int, ...]) -> tuple[nn.Module, np.ndarray, np.ndarray]:
    torch.manual_seed(1)
    net = kind().eval()
    if hasattr(net, "bn"):
        net.bn.running_mean.normal_()
        net.bn.running_var.uniform_(0.5, 2)
    x = np.random.default_rng(0).standard_normal((3,) + shape).astype(np.float32)
    with torch.no_grad():
        return net, x, net(torch.from_numpy(x)).numpy()


@pytest.mark.parametrize("kind, shape", CASES)
def test_fx_gives_the_modules_numbers(kind: type[nn.Module], shape: tuple[int, ...]) -> None:
    net, x, expected = _made(kind, shape)
    graph = ingest_module(net, "net", shape)
    assert not [n for n in graph.nodes if n.op == "batchnorm"]
    got = executor.output(graph, {next(iter(graph.inputs)): x})
    assert np.abs(got - expected).max() < 1e-5


@pytest.mark.parametrize("kind, shape", CASES)
@pytest.mark.parametrize("opset", [11, 13])
def test_onnx_gives_the_modules_numbers(
    kind: type[nn.Module], shape: tuple[int, ...], opset: int, tmp_path: Path
) -> None:
    net, x, expected = _made(kind, shape)
    path = tmp_path / "net.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net,
            torch.from_numpy(x[:1]),
            str(path),
            opset_version=opset,
            input_names=["x"],
            dynamic_axes={"x": {0: "batch"}},
        )
    graph = ingest_onnx(path)
    got = executor.output(graph, {"x": x})
    assert np.abs(got - expected).max() < 1e-5
    linears = [n for n in graph.nodes if n.op == "linear"]
    assert linears and all("bias" in n.params for n in linears)


class Unsupported(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.unique(x)


class Branching(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x if x.sum() > 0 else -x


class Random(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.rand_like(x)


@pytest.mark.parametrize(
    "kind, message",
    [
        (Unsupported, "Unique'; and by torch.fx: .*unique"),
        (Branching, "differ from the module's by .*not traceable"),
        (Random, "RandomUniformLike"),
    ],
)
def test_modules_are_refused_by_name(kind: type[nn.Module], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        ingest_module(kind(), "net", (4,))


@pytest.mark.parametrize("kind, shape", CASES)
def test_ingested_networks_export(kind: type[nn.Module], shape: tuple[int, ...], tmp_path: Path) -> None:
    """Convolution, linear and both kinds of matrix product, through to verified traces."""
    net, x, _ = _made(kind, shape)
    graph = ingest_module(net, "net", shape)
    feeds = {next(iter(graph.inputs)): x}
    plan = build_plan(graph, calibrate(graph, feeds), uniform_profile(graph, 9, 8), Options())
    samples = [{k: v[i : i + 1] for k, v in feeds.items()} for i in range(2)]
    storage.write(export(graph, plan, samples, ExportOptions()), tmp_path / "t.trace")
    trace = check_trace(tmp_path / "t.trace")
    checks = recompute(trace)
    assert sum(c.checked for c in checks) > 100 and not any(c.wrong for c in checks)
    heads = {la["groups"] for la in trace.manifest["layers"] if la["op"] == "matmul"}
    assert heads == ({3} if kind in (Attention, Packed) else set())


def test_torchs_own_attention_through_onnx(tmp_path: Path) -> None:
    """Its export merges batch and heads: taken in one sample at a time."""
    torch.manual_seed(0)
    net = nn.MultiheadAttention(12, 3, batch_first=True).eval()

    class Wrapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.net(x, x, x, need_weights=False)[0]

    x = np.random.default_rng(0).standard_normal((4, 5, 12)).astype(np.float32)
    with torch.no_grad():
        expected = Wrapped()(torch.from_numpy(x)).numpy()
    path = tmp_path / "a.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(Wrapped(), torch.from_numpy(x[:1]), str(path), opset_version=13, input_names=["x"])
    graph = ingest_onnx(path)
    assert graph.single and [n.op for n in graph.nodes].count("matmul") == 2
    assert np.abs(executor.output(graph, {"x": x}) - expected).max() < 1e-5


def _onnx(
    tmp_path: Path,
    nodes: list[Any],
    weights: dict[str, np.ndarray],
    shape: tuple[Any, ...] = ("n", 3, 8, 8),
    opset: int = 13,
) -> Path:
    graph = onnx.helper.make_graph(
        nodes,
        "g",
        [onnx.helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [onnx.helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(v, k) for k, v in weights.items()],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)])
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def _node(op: str, inputs: list[str], name: str = "theNode", **attrs: Any) -> Any:
    return onnx.helper.make_node(op, inputs, ["y"], name=name, **attrs)


W = np.ones((4, 3, 3, 3), np.float32)
NAN = W.copy()
NAN[1, 1, 1, 1] = np.nan


@pytest.mark.parametrize(
    "node, weights, message",
    [
        (_node("Convolution", ["x", "w"]), {"w": W}, "theNode.*unknown operator.*did you mean 'Con"),
        (_node("Conv", ["x", "w"]), {"w": W[:, :2]}, "theNode.*shape"),
        (_node("Conv", ["x", "w"]), {"w": NAN}, "theNode.*NaN"),
        (_node("Conv", ["x", "v"]), {"w": W}, "theNode.*'v'"),
        (_node("Conv", ["x", "w"], kernel_shape=[3, 3], auto_pad="SAME_SIDEWAYS"), {"w": W}, None),
        (_node("Conv", ["x", "w"], strides=[1, 1, 1]), {"w": W}, "theNode"),
        (_node("Transpose", ["x"], perm=[1, 0, 2, 3]), {}, "free batch"),
        (_node("Transpose", ["x"], perm=[0, 1, 2]), {}, "theNode"),
        (_node("Reshape", ["x", "s"]), {"s": np.array([7, 5], np.int64)}, "theNode"),
        (_node("Concat", ["x", "x"], axis=0), {}, "theNode.*batch"),
        (_node("Softmax", ["x"], axis=9), {}, None),
        (_node("Gemm", ["x", "w"]), {"w": np.ones((9, 4), np.float32)}, "theNode"),
        (_node("MaxPool", ["x"]), {}, "theNode"),
        (_node("Quant", ["x"], domain="onnx.brevitas"), {}, "theNode.*onnx.brevitas.Quant"),
    ],
)
def test_onnx_faults_name_the_node(
    tmp_path: Path, node: Any, weights: dict[str, np.ndarray], message: str | None
) -> None:
    path = _onnx(tmp_path, [node], weights)
    if message is None:  # taken in or refused, but never another kind of error
        try:
            ingest_onnx(path)
        except BadInput:
            pass
        return
    with pytest.raises(BadInput, match=message):
        ingest_onnx(path)


def test_onnx_refuses_other_opsets_and_shapes(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="opset 6"):
        ingest_onnx(_onnx(tmp_path, [_node("Relu", ["x"])], {}, opset=6))
    free = _onnx(tmp_path, [_node("Relu", ["x"])], {}, shape=("n", 3, "h", "w"))
    with pytest.raises(BadInput, match="fixed dimensions behind the batch, or --input-shape 3,H,W"):
        ingest_onnx(free)
    assert ingest_onnx(free, {"": (3, 5, 7)}).inputs == {"x": (3, 5, 7)}
    with pytest.raises(BadInput, match="--input-shape 4,5,7"):
        ingest_onnx(free, {"": (4, 5, 7)})


def test_grouped_and_same_padded_convolution(tmp_path: Path) -> None:
    w = np.random.default_rng(0).standard_normal((6, 1, 3, 3)).astype(np.float32)
    path = _onnx(tmp_path, [_node("Conv", ["x", "w"], group=3, strides=[2, 2], auto_pad="SAME_UPPER")], {"w": w})
    graph = ingest_onnx(path)
    assert graph.nodes[0].attrs["pads"] == [0, 0, 1, 1]
    x = np.random.default_rng(1).standard_normal((2, 3, 8, 8)).astype(np.float32)
    expected = F.conv2d(F.pad(torch.from_numpy(x), (0, 1, 0, 1)), torch.from_numpy(w), stride=2, groups=3).numpy()
    assert np.abs(executor.output(graph, {"x": x}) - expected).max() < 1e-5


def test_state_files(tmp_path: Path, small_net: nn.Module) -> None:
    state = small_net.state_dict()
    torch.save(state, tmp_path / "s.pt")
    np.savez(tmp_path / "s.npz", **{k: v.numpy() for k, v in state.items()})
    for name in ("s.pt", "s.npz"):
        got = read_state(tmp_path / name)
        assert all(torch.equal(got[k], v) for k, v in state.items())


def test_state_faults(tmp_path: Path, small_net: nn.Module) -> None:
    state = {k: v.numpy() for k, v in small_net.state_dict().items()}
    path = tmp_path / "s.npz"
    for change, message in (
        ({"fc.weight": None}, "no tensor 'fc.weight'"),
        ({"fc.wait": state["fc.weight"]}, "did you mean 'fc.weight'"),
        ({"fc.weight": state["fc.weight"].T}, "fc.weight.*shape"),
        ({"fc.bias": state["fc.bias"] * np.nan}, "fc.bias.*NaN"),
    ):
        changed = {k: v for k, v in {**state, **change}.items() if v is not None}
        np.savez(path, **changed)
        with pytest.raises(BadInput, match=message):
            _load_state(small_net, read_state(path), path)


class Evil:
    def __reduce__(self) -> Any:
        return (Path("/tmp/heddle-evil").write_text, ("x",))


def test_pickled_code_is_never_run(tmp_path: Path) -> None:
    marker = Path("/tmp/heddle-evil")
    marker.unlink(missing_ok=True)
    torch.save({"w": Evil()}, tmp_path / "s.pt")
    np.savez(tmp_path / "s.npz", w=np.array([Evil()], dtype=object))
    for name in ("s.pt", "s.npz"):
        with pytest.raises(BadInput, match="unreadable"):
            read_state(tmp_path / name)
    assert not marker.exists()

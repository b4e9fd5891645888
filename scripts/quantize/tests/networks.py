# SPDX-License-Identifier: Apache-2.0
"""Networks as people write them, with random weights, and a count of their products that knows nothing of ours."""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten


class Products(TorchDispatchMode):
    """Counts multiplications of convolutions and matrix products as torch's kernels are called."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        kind = func.overloadpacket
        if kind in (aten.mm, aten.bmm):
            self.total += out.numel() * args[0].shape[-1]
        elif kind is aten.addmm:
            self.total += out.numel() * args[1].shape[-1]
        elif kind is aten.convolution:
            weight, transposed, groups = args[1], args[6], args[8]
            channels = weight.shape[0] // groups if transposed else weight.shape[1]
            self.total += out.numel() * channels * math.prod(weight.shape[2:])
        return out


def products(module: nn.Module, feeds: dict[str, torch.Tensor]) -> int:
    counter = Products()
    with counter:  # with gradients: without them attention is one fast function
        module(*feeds.values())
    return counter.total


class CausalBlock(nn.Module):
    def __init__(self, width: int, heads: int, steps: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.register_buffer("seen", torch.tril(torch.ones(steps, steps)).view(1, 1, steps, steps))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, steps, width = x.size()
        parts = self.qkv(self.norm1(x)).split(width, dim=2)
        q, k, v = (p.view(batch, steps, self.heads, width // self.heads).transpose(1, 2) for p in parts)
        scores = q @ k.transpose(-2, -1) / math.sqrt(k.size(-1))
        scores = scores.masked_fill(self.seen[:, :, :steps, :steps] == 0, float("-inf"))
        x = x + self.proj((scores.softmax(-1) @ v).transpose(1, 2).contiguous().view(batch, steps, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class CausalModel(nn.Module):
    """A small GPT with a causal mask."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(61, 24), nn.Embedding(12, 24)
        self.blocks = nn.ModuleList([CausalBlock(24, 3, 12) for _ in range(2)])
        self.norm, self.head = nn.LayerNorm(24), nn.Linear(24, 61, bias=False)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.tokens(ids) + self.places(torch.arange(ids.size(1)))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def turned(x: torch.Tensor) -> torch.Tensor:
    first, second = x.chunk(2, dim=-1)
    return torch.cat((-second, first), dim=-1)


class Rotary(nn.Module):
    """Attention of grouped queries with rotary positions, RMS norm and a gated layer behind."""

    def __init__(self, steps: int = 10) -> None:
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(32, n * 8, bias=False) for n in (4, 2, 2))
        self.o, self.gate, self.up = (nn.Linear(32, n, bias=False) for n in (32, 44, 44))
        self.down, self.scale = nn.Linear(44, 32, bias=False), nn.Parameter(torch.rand(32) + 0.5)
        angle = torch.outer(torch.arange(steps).float(), 1 / 100 ** (torch.arange(0, 8, 2) / 8)).repeat(1, 2)
        self.register_buffer("cos", angle.cos())
        self.register_buffer("sin", angle.sin())
        self.register_buffer("mask", torch.full((steps, steps), float("-inf")).triu(1))

    def rms(self, x: torch.Tensor) -> torch.Tensor:
        return self.scale * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, steps, _ = x.shape
        y = self.rms(x)
        q, k, v = (f(y).view(batch, steps, -1, 8).transpose(1, 2) for f in (self.q, self.k, self.v))
        q, k = (t * self.cos + turned(t) * self.sin for t in (q, k))
        k, v = (t[:, :, None].expand(batch, 2, 2, steps, 8).reshape(batch, 4, steps, 8) for t in (k, v))
        weights = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(8) + self.mask, dim=-1)
        x = x + self.o((weights @ v).transpose(1, 2).reshape(batch, steps, 32))
        y = self.rms(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class CacheStep(nn.Module):
    """One token with the keys and values of those before it; three inputs and three outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.o = nn.Linear(24, 72), nn.Linear(24, 24)

    def forward(self, x: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> Any:
        q, k, v = (p.view(x.shape[0], 1, 3, 8).transpose(1, 2) for p in self.qkv(x).chunk(3, -1))
        keys, values = torch.cat([keys, k], 2), torch.cat([values, v], 2)
        weights = torch.softmax(q @ keys.transpose(2, 3) * 8**-0.5, -1)
        return self.o((weights @ values).transpose(1, 2).reshape(x.shape[0], 1, 24)), keys, values


class UNet(nn.Module):
    """Down, up by transposed convolution and by bilinear resizing, with shortcuts and group norm."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 8, 3, 1, 1), nn.Conv2d(8, 16, 3, 2, 1), nn.Conv2d(16, 16, 3, 2, 1)
        self.norm, self.inst = nn.GroupNorm(4, 16), nn.InstanceNorm2d(16, affine=True)
        self.up = nn.ConvTranspose2d(16, 16, 2, 2)
        self.d, self.e = nn.Conv2d(32, 8, 3, 1, 1), nn.Conv2d(16, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = F.elu(self.a(x))
        b = F.mish(self.norm(self.b(a)))
        c = F.softplus(self.inst(self.c(b)))
        d = F.selu(self.d(torch.cat([self.up(c), b], 1)))
        d = F.interpolate(d, scale_factor=2, mode="bilinear", align_corners=False)
        return self.e(torch.cat([F.pad(d, (1, 1, 1, 1), mode="reflect")[:, :, 1:-1, 1:-1], a], 1))


class Detector(nn.Module):
    """A backbone with two heads of different strides: several outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8)
        self.deep, self.slopes = nn.Conv2d(8, 16, 3, 2, 1), nn.PReLU(16)
        self.near, self.far = nn.Conv2d(24, 7, 1), nn.Conv2d(16, 7, 1)

    def forward(self, x: torch.Tensor) -> Any:
        x = F.hardswish(self.norm(self.stem(x)))
        y = self.slopes(self.deep(x))
        near = self.near(torch.cat([x, F.interpolate(y, scale_factor=2)], 1))
        heads = [h.view(h.shape[0], 7, -1).permute(0, 2, 1) for h in (near, self.far(y))]
        boxes, score = torch.cat(heads, 1).split([4, 3], -1)
        return torch.sigmoid(score), boxes.exp(), F.max_pool2d(y, 3, 1, 1)


class Audio(nn.Module):
    """One-dimensional convolutions and pooling over a waveform, as M5 does; its last kernel is a size of a value."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.n, self.b = nn.Conv1d(1, 8, 16, 4), nn.BatchNorm1d(8), nn.Conv1d(8, 12, 3, padding=1)
        self.up, self.fc = nn.ConvTranspose1d(12, 6, 4, 2, 1), nn.Linear(6, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool1d(F.relu(self.n(self.a(x))), 4)
        x = self.up(F.avg_pool1d(F.relu(self.b(x)), 2))
        x = F.avg_pool1d(x, x.shape[-1]).permute(0, 2, 1)
        return F.log_softmax(self.fc(x), dim=2)


class Keywords(nn.Module):
    """Depthwise separable convolutions over a spectrum, as DS-CNN has them."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 16, (10, 4), (2, 2), (4, 1))
        self.deep, self.norm, self.point = (
            nn.Conv2d(16, 16, 3, 1, 1, groups=16),
            nn.BatchNorm2d(16),
            nn.Conv2d(16, 16, 1),
        )
        self.fc = nn.Linear(16, 12)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu6(self.point(F.relu(self.norm(self.deep(F.relu(self.first(x)))))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Recurrent(nn.Module):
    """An LSTM in both directions and a GRU behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.both = nn.LSTM(6, 8, batch_first=True, bidirectional=True)
        self.gru, self.fc = nn.GRU(16, 5, batch_first=True), nn.Linear(5, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.gru(self.both(x)[0])[0][:, -1])


class Volume(nn.Module):
    """Convolutions over three axes, one of them in groups."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv3d(2, 4, 3, padding=1), nn.Conv3d(4, 6, (1, 3, 2), (1, 2, 1), groups=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.max_pool3d(self.b(F.relu(self.a(x))), 2)


class Squeezed(nn.Module):
    """Einsum, gates and the small functions that mobile networks use."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.fc = nn.Linear(12, 12), nn.Linear(12, 12), nn.Linear(12, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k = self.q(x).view(-1, 5, 3, 4), self.k(x).view(-1, 5, 3, 4)
        w = torch.einsum("bqhd,bkhd->bhqk", q, k).softmax(-1)
        y = torch.einsum("bhqk,bkhd->bqhd", w, q).reshape(-1, 5, 12)
        y = torch.where(y > 0, F.hardsigmoid(y), y.clamp(-0.5, 0.1)) + torch.tril(w.sum(1)).mean(-1, keepdim=True)
        return self.fc(y.max(1)[0])


class Encoder(nn.Module):
    """Torch's own attention, whose export merges batch and heads."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(24, 3, 40, 0.0, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)


NETWORKS: dict[str, tuple[Callable[[], nn.Module], dict[str, tuple[int, ...]]]] = {
    "causal": (CausalModel, {"ids": (12,)}),
    "rotary": (Rotary, {"x": (10, 32)}),
    "cache step": (CacheStep, {"x": (1, 24), "keys": (3, 7, 8), "values": (3, 7, 8)}),
    "unet": (UNet, {"x": (3, 16, 16)}),
    "detector": (Detector, {"x": (3, 16, 24)}),
    "audio": (Audio, {"x": (1, 400)}),
    "keywords": (Keywords, {"x": (1, 49, 10)}),
    "recurrent": (Recurrent, {"x": (7, 6)}),
    "volume": (Volume, {"x": (2, 5, 8, 7)}),
    "encoder": (Encoder, {"x": (6, 24)}),
    "squeezed": (Squeezed, {"x": (5, 12)}),
}


def make(name: str) -> tuple[nn.Module, dict[str, tuple[int, ...]]]:
    """The network in evaluation mode with statistics of batch norm that matter."""
    kind, shapes = NETWORKS[name]
    torch.manual_seed(3)
    module = kind().eval()
    for part in module.modules():
        if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    return module, shapes

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the handwritten-digit classifier of traces/digits-*.trace and exports both traces.

Data: scikit-learn's digits (1,797 images of 8 x 8; UCI Optical Recognition of Handwritten
Digits), enlarged to 16 x 16. Example:

  scripts/quantize/train_digits.py --out traces
"""
from __future__ import annotations

import argparse
import hashlib
import os
import sys
from pathlib import Path

# oneDNN chooses the convolution kernels by the processor's vector extensions, and kernels differ in the order of float
# additions. The shipped weights come from those for AVX2. oneDNN reads this when torch loads it.
os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX2"

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent))
from heddle_quantize.base.progress import say  # noqa: E402
from heddle_quantize.export.exporter import ExportOptions, export  # noqa: E402
from heddle_quantize.graph.graph import Graph  # noqa: E402
from heddle_quantize.ingest.torch.ingest_module import ingest_module  # noqa: E402
from heddle_quantize.quantize.calibrate import calibrate  # noqa: E402
from heddle_quantize.quantize.plan import build_plan  # noqa: E402
from heddle_quantize.quantize.tensor_params import Options  # noqa: E402
from heddle_quantize.search.find_profile import find_profile  # noqa: E402
from heddle_quantize.search.metrics import relative  # noqa: E402
from heddle_quantize.search.task import Labelled, Task  # noqa: E402
from heddle_quantize.trace import storage  # noqa: E402
from heddle_quantize.trace.trace import Trace  # noqa: E402

MEAN = 0.31  # of the training pixels: makes the first layer's input signed
TRAIN, VALIDATION = 1100, 300
SAMPLES = 4


class DigitNet(nn.Module):
    """Five convolutions, one strided, one residual; two fully connected layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(32)
        self.conv3 = nn.Conv2d(32, 32, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(32)
        self.conv4 = nn.Conv2d(32, 40, 3, padding=1, bias=False)
        self.bn4 = nn.BatchNorm2d(40)
        self.conv5 = nn.Conv2d(40, 20, 1)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(320, 32)
        self.fc2 = nn.Linear(32, 10)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.bn1(self.conv1(image)))
        x = F.relu(self.bn2(self.conv2(x)))
        x = F.relu(self.bn3(self.conv3(x))) + x
        x = F.relu(self.bn4(self.conv4(x)))
        x = F.relu(self.conv5(self.pool(x)))
        x = F.relu(self.fc1(torch.flatten(x, 1)))
        return self.fc2(x)


def load_data(seed: int) -> tuple[np.ndarray, np.ndarray, str]:
    """Shuffled images in [-MEAN, 1-MEAN], labels, and the digest of the original pixels."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = torch.from_numpy(digits.images.astype(np.float32) / 16.0)[:, None]
    large = F.interpolate(pixels, scale_factor=2, mode="bilinear", align_corners=False)
    order = np.random.default_rng(seed).permutation(len(large))
    digest = hashlib.sha256(digits.images.astype("<f8").tobytes()).hexdigest()
    return (large.numpy() - MEAN)[order], digits.target[order].astype(np.int64), digest


def train(x: np.ndarray, y: np.ndarray, epochs: int, seed: int) -> DigitNet:
    torch.manual_seed(seed)
    net = DigitNet()
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), 50):
            part = order[start : start + 50]
            shifts = tuple(int(n) for n in rng.integers(-1, 2, 2))
            images = torch.roll(torch.from_numpy(x[part]), shifts, dims=(2, 3))
            optimiser.zero_grad()
            F.cross_entropy(net(images), torch.from_numpy(y[part])).backward()
            optimiser.step()
        schedule.step()
    return net.eval()


def make_trace(
    graph: Graph,
    container: int,
    target: float,
    calib: np.ndarray,
    validation: Labelled,
    held_out: Labelled,
    provenance: dict[str, object],
) -> Trace:
    options = Options("fixed", container)
    task = Task(graph, calibrate(graph, {"image": calib}), options, "top1", 256)
    widths, report = find_profile(task, validation, target)
    float_score = task.score(held_out, None, False)
    quantized = task.score(held_out, widths, True)
    say(
        f"{container}-bit container: held-out top-1 {float_score:.4f} float, {quantized:.4f} "
        f"quantized; {report['evaluations']} evaluations"
    )
    for name, (a_bits, w_bits) in widths.items():
        say(f"  {name}: Pa {a_bits}, Pw {w_bits}")
    accuracy = {
        "metric": "top1",
        "float": float_score,
        "quantized": quantized,
        "relative": relative("top1", quantized, float_score),
        "split": "held-out",
        "n": int(len(held_out.labels)),
        "search": {**report, "split": "validation"},
    }
    plan = build_plan(graph, task.ranges, widths, options)
    samples = [{"image": held_out.feeds["image"][k : k + 1]} for k in range(SAMPLES)]
    return export(graph, plan, samples, ExportOptions(provenance=provenance, accuracy=accuracy))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("traces"), help="folder for both traces")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    # one thread: the order of float additions, and so the weights, must not depend on the number of cores
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    x, y, digest = load_data(args.seed)
    bounds = [slice(0, TRAIN), slice(TRAIN, TRAIN + VALIDATION), slice(TRAIN + VALIDATION, None)]
    net = train(x[bounds[0]], y[bounds[0]], args.epochs, args.seed)
    validation = Labelled({"image": x[bounds[1]]}, y[bounds[1]])
    held_out = Labelled({"image": x[bounds[2]]}, y[bounds[2]])
    for container, target in ((16, 1.0), (8, 0.99)):
        graph = ingest_module(net, f"digits-{container}b", (1, 16, 16))
        graph.task = "classification of handwritten digits"
        provenance = {
            "seed": args.seed,
            "command": ["scripts/quantize/train_digits.py"],
            "source_model": {"kind": "torch", "file": "scripts/quantize/train_digits.py", "epochs": args.epochs},
            "calibration": {"name": "scikit-learn digits, training split", "sha256": digest, "samples": TRAIN},
            "method": {
                "scheme": "fixed point, powers of two",
                "search": f"Judd et al., relative top-1 >= {target:g} on validation",
            },
            "licence": "weights and codes Apache-2.0; images: UCI ML Repository, Optical "
            "Recognition of Handwritten Digits, CC BY 4.0",
        }
        trace = make_trace(graph, container, target, x[bounds[0]], validation, held_out, provenance)
        storage.write(trace, args.out / f"digits-{container}b.trace", force=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

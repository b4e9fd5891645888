#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the photograph denoiser of traces/denoiser-16b.trace and exports the trace.

A DnCNN-like network (residual learning, batch norm folded away): ten 3 x 3 convolutions, nine of
them 32 channels wide, on grey photographs with Gaussian noise of sigma 25/255. Photographs come
from python3-skimage and python3-sklearn. About 15 minutes on one core. Example:

  scripts/quantize/train_denoiser.py --out traces
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
from heddle_quantize.base.progress import Progress, say  # noqa: E402
from heddle_quantize.export.exporter import ExportOptions, export  # noqa: E402
from heddle_quantize.ingest.torch.ingest_module import ingest_module  # noqa: E402
from heddle_quantize.quantize.calibrate import calibrate  # noqa: E402
from heddle_quantize.quantize.plan import build_plan  # noqa: E402
from heddle_quantize.quantize.tensor_params import Options  # noqa: E402
from heddle_quantize.search.find_profile import find_profile  # noqa: E402
from heddle_quantize.search.metrics import psnr_db, relative  # noqa: E402
from heddle_quantize.search.task import Labelled, Task  # noqa: E402
from heddle_quantize.trace import storage  # noqa: E402
from heddle_quantize.trace.trace import Trace  # noqa: E402

SIGMA = 25.0 / 255.0
WIDTH, DEPTH = 32, 10
PATCH, BATCH = 48, 12
CROP = 128
EXPECT_LIMIT = 4096
# photographs only, and only those whose licence lets a derived trace be shipped
TRAINING = ("astronaut", "brick", "china", "coins", "flower", "grass", "gravel", "rocket")
SEARCH = ("camera",)
HELD_OUT = ("chelsea", "coffee")


class Denoiser(nn.Module):
    """Subtracts the noise it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, WIDTH, 3, padding=1)
        for i in range(2, DEPTH):
            setattr(self, f"conv{i}", nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False))
            setattr(self, f"bn{i}", nn.BatchNorm2d(WIDTH))
        last = nn.Conv2d(WIDTH, 1, 3, padding=1)
        setattr(self, f"conv{DEPTH}", last)

    def forward(self, noisy: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.conv1(noisy))
        for i in range(2, DEPTH):
            x = F.relu(getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x)))
        return noisy - getattr(self, f"conv{DEPTH}")(x)


def photograph(name: str) -> np.ndarray:
    """One photograph, grey, 0 to 1."""
    import skimage.color
    import skimage.data

    if name in ("china", "flower"):
        from sklearn.datasets import load_sample_image

        image = load_sample_image(f"{name}.jpg")
    else:
        image = getattr(skimage.data, name)()
    grey = skimage.color.rgb2gray(image) if image.ndim == 3 else image / 255.0
    return np.ascontiguousarray(grey, np.float32)


def crops(names: tuple[str, ...], per_image: int, rng: np.random.Generator) -> Labelled:
    """Noisy crops and what they looked like before, drawn once with `rng`."""
    clean = []
    for name in names:
        image = photograph(name)
        for _ in range(per_image):
            y = int(rng.integers(0, image.shape[0] - CROP + 1))
            x = int(rng.integers(0, image.shape[1] - CROP + 1))
            clean.append(image[None, y : y + CROP, x : x + CROP])
    target = np.stack(clean)
    noise = rng.standard_normal(target.shape).astype(np.float32) * np.float32(SIGMA)
    return Labelled({"noisy": target + noise}, target)


def batch_of(images: list[np.ndarray], rng: np.random.Generator) -> torch.Tensor:
    """Clean training patches, mirrored and turned at random."""
    out = []
    for _ in range(BATCH):
        image = images[int(rng.integers(len(images)))]
        y = int(rng.integers(0, image.shape[0] - PATCH + 1))
        x = int(rng.integers(0, image.shape[1] - PATCH + 1))
        patch = np.rot90(image[y : y + PATCH, x : x + PATCH], int(rng.integers(4)))
        out.append(patch[:, ::-1] if rng.integers(2) else patch)
    return torch.from_numpy(np.stack(out)[:, None].copy())


def train(steps: int, seed: int) -> Denoiser:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = Denoiser()
    images = [photograph(name) for name in TRAINING]
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    with Progress("train", steps) as progress:
        for _ in range(steps):
            clean = batch_of(images, rng)
            noise = rng.standard_normal(clean.shape).astype(np.float32) * np.float32(SIGMA)
            optimiser.zero_grad()
            loss = F.mse_loss(net(clean + torch.from_numpy(noise)), clean)
            loss.backward()
            optimiser.step()
            schedule.step()
            progress.step(f"{10 * np.log10(1 / float(loss)):.2f} dB")
    return net.eval()


def export_trace(net: Denoiser, args: argparse.Namespace) -> Trace:
    rng = np.random.default_rng(args.seed + 1)
    calib, search, held_out = (crops(TRAINING, 2, rng), crops(SEARCH, 4, rng), crops(HELD_OUT, 6, rng))
    graph = ingest_module(net, "denoiser-16b", (1, CROP, CROP))
    graph.task = "denoising of grey photographs, Gaussian noise of sigma 25/255"
    options = Options("fixed", 16)
    task = Task(graph, calibrate(graph, calib.feeds, 4), options, "psnr_db", 4)
    widths, report = find_profile(task, search, args.target)
    noisy_db = psnr_db(held_out.feeds["noisy"], held_out.labels)
    float_db = task.score(held_out, None, False)
    quant_db = task.score(held_out, widths, True)
    say(
        f"held-out PSNR: noisy {noisy_db:.3f} dB, float {float_db:.3f} dB, "
        f"quantized {quant_db:.3f} dB; {report['evaluations']} evaluations"
    )
    for name, (a_bits, w_bits) in widths.items():
        say(f"  {name}: Pa {a_bits}, Pw {w_bits}")
    accuracy = {
        "metric": "psnr_db",
        "float": float_db,
        "quantized": quant_db,
        "relative": relative("psnr_db", quant_db, float_db),
        "split": "held-out",
        "n": int(len(held_out.labels)),
        "noisy_psnr_db": noisy_db,
        "search": {**report, "split": "search"},
    }
    digest = hashlib.sha256(b"".join(photograph(n).tobytes() for n in TRAINING)).hexdigest()
    provenance = {
        "seed": args.seed,
        "command": ["scripts/quantize/train_denoiser.py"],
        "source_model": {"kind": "torch", "file": "scripts/quantize/train_denoiser.py", "steps": args.steps},
        "calibration": {
            "name": "photographs " + " ".join(TRAINING),
            "sha256": digest,
            "samples": int(len(calib.labels)),
        },
        "search_photographs": list(SEARCH),
        "held_out_photographs": list(HELD_OUT),
        "method": {
            "scheme": "fixed point, powers of two",
            "search": f"Judd et al., PSNR in dB >= {args.target:g} of the float network's",
        },
        "licence": "weights and codes Apache-2.0; the sample is a crop of scikit-image's chelsea, "
        "CC0 by Stefan van der Walt",
    }
    plan = build_plan(graph, task.ranges, widths, options)
    return export(
        graph,
        plan,
        [{"noisy": held_out.feeds["noisy"][:1]}],
        ExportOptions(EXPECT_LIMIT, args.seed, provenance, accuracy),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("traces"), help="folder for the trace")
    parser.add_argument("--steps", type=int, default=1600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--target", type=float, default=0.999, help="share of the float network's PSNR in dB that must remain"
    )
    parser.add_argument("--weights", type=Path, help=".npz of trained weights: read if it exists, written if not")
    args = parser.parse_args()
    # one thread: the order of float additions, and so the weights, must not depend on the number of cores
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    if args.weights is not None and args.weights.exists():
        net = Denoiser().eval()
        state = np.load(args.weights, allow_pickle=False)
        net.load_state_dict({k: torch.from_numpy(state[k]) for k in state.files})
    else:
        net = train(args.steps, args.seed)
        if args.weights is not None:
            np.savez(args.weights, **{k: v.numpy() for k, v in net.state_dict().items()})
    storage.write(export_trace(net, args), args.out / "denoiser-16b.trace", force=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

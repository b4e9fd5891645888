# SPDX-License-Identifier: Apache-2.0
"""The nine photographs, cropped and normalised as Caffe networks want them."""
from __future__ import annotations

from pathlib import Path

import numpy as np

MEAN_BGR = np.array([104.0, 117.0, 123.0], np.float32)
CROP = 227
# ILSVRC-2012 classes of what the photographs show
CLASSES = {
    "bird": 19,
    "cat": 285,
    "dragonfly": 319,
    "grace_hopper": 667,
    "hot_dog": 934,
    "owl": 24,
    "parrot": 88,
    "pets": 171,
    "sunflower": 985,
}


def _images(root: Path) -> list[np.ndarray]:
    from skimage.io import imread

    return [imread(root / "images-cc" / f"{name}.png")[..., :3] for name in sorted(CLASSES)]


def labels() -> np.ndarray:
    return np.array([CLASSES[name] for name in sorted(CLASSES)], np.int64)


def _crop(image: np.ndarray, y: int, x: int) -> np.ndarray:
    part = image[y : y + CROP, x : x + CROP, ::-1].astype(np.float32) - MEAN_BGR
    return np.ascontiguousarray(part.transpose(2, 0, 1))


def centre(root: Path) -> np.ndarray:
    """(9, 3, 227, 227): the centre crop of each."""
    return np.stack([_crop(i, (i.shape[0] - CROP) // 2, (i.shape[1] - CROP) // 2) for i in _images(root)])


def corners(root: Path) -> np.ndarray:
    """(36, 3, 227, 227): four corner crops of each."""
    out = []
    for image in _images(root):
        bottom, right = image.shape[0] - CROP, image.shape[1] - CROP
        out += [_crop(image, y, x) for y in (0, bottom) for x in (0, right)]
    return np.stack(out)

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a trace of memory requests for `heddle dram`, all offered at cycle 0: the streams of docs/dram.md.

    tests/bench/make_requests.py sequential --bytes 64 > requests.trace
    tests/bench/make_requests.py random --bytes 64 --capacity 17179869184 --seed 2 > requests.trace
"""
import argparse
import sys
from collections.abc import Iterator

MASK = (1 << 64) - 1


def splitmix64(seed: int) -> Iterator[int]:
    """The generator of sim/base/random.h."""
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def addresses(arguments: argparse.Namespace) -> Iterator[int]:
    """One address per request."""
    if arguments.pattern == "sequential":
        yield from (i * arguments.bytes for i in range(arguments.count))
        return
    places, numbers = arguments.capacity // arguments.bytes, splitmix64(arguments.seed)
    yield from (next(numbers) % places * arguments.bytes for _ in range(arguments.count))


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("pattern", choices=["sequential", "random"])
    parser.add_argument("--count", type=int, default=100000, help="requests (default: 100000)")
    parser.add_argument("--bytes", type=int, default=64, help="distance between addresses (default: 64)")
    parser.add_argument("--capacity", type=int, default=1 << 33, help="random: bytes of the memory (default: 2^33)")
    parser.add_argument("--seed", type=int, default=1, help="random: seed (default: 1)")
    parser.add_argument(
        "--kinds",
        choices=["reads", "writes", "turns"],
        default="reads",
        help="all reads, all writes, or reads and writes in turn",
    )
    return parser.parse_args()


def main() -> int:
    arguments = read_arguments()
    kinds = {"reads": ["READ"], "writes": ["WRITE"], "turns": ["READ", "WRITE"]}[arguments.kinds]
    for i, address in enumerate(addresses(arguments)):
        sys.stdout.write(f"0x{address:x} {kinds[i % len(kinds)]} 0\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

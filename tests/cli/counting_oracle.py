# SPDX-License-Identifier: Apache-2.0
"""Compute cycles of single layers, written from docs/rules.md and the pages beside it over the layers' tensors.

Nothing is shared with the program and nothing is clever: every step of every window set looks at its values.
"""
import dataclasses
import math

UNLIMITED = "unlimited"


@dataclasses.dataclass
class Array:
    tiles: int = 2
    rows: int = 4
    columns: int = 4
    registers: object = 0  # a number or UNLIMITED
    groups: str = "sequential"
    step_order: str = "passes_first"

    def options(self):
        parameters = {"tiles": self.tiles, "rows": self.rows, "columns": self.columns}
        out = [f"parameters.{key}={value}" for key, value in parameters.items()]
        return out + [f"mapping.groups={self.groups}", f"mapping.step_order={self.step_order}"]


@dataclasses.dataclass
class FilterSet:
    first: int  # channel that it reads
    channels: int
    filters: list


# The mapping (docs/rules.md#passes, #groups, #depthwise, #step-order).


def runs_of(layer):
    """First channel, channels and filters of what runs one after another where groups are sequential."""
    channels, filters = layer.activations.shape[0], layer.weights.shape[0]
    at_once = min(16, channels) if layer.is_depthwise else channels // layer.groups
    for first in range(0, channels, at_once):
        count = min(at_once, channels - first)
        yield first, count, list(range(first * filters // channels, (first + count) * filters // channels))


def sets_of(run, rows):
    first, channels, filters = run
    return [FilterSet(first, channels, filters[i : i + rows]) for i in range(0, len(filters), rows)]


def shares_tiles(layer, array):
    is_plain = layer.groups == 1 or layer.is_depthwise or layer.is_fully_connected
    return array.groups == "parallel" and not is_plain


def passes_by_run(layer, array):
    """[run][pass][tile]; one run where groups share the tiles."""
    runs = [sets_of(run, array.rows) for run in runs_of(layer)]
    if shares_tiles(layer, array):
        runs = [sum(runs, [])]
    tiles = 1 if layer.is_depthwise else array.tiles
    return [[sets[i : i + tiles] for i in range(0, len(sets), tiles)] for sets in runs]


def window_sets(layer, array):
    windows = [(y, x) for y in range(layer.outputs[0]) for x in range(layer.outputs[1])]
    return [windows[i : i + array.columns] for i in range(0, len(windows), array.columns)]


def rounds(layer, array):
    for passes in passes_by_run(layer, array):
        if array.step_order == "windows_first":
            yield from ((one, windows) for windows in window_sets(layer, array) for one in passes)
        else:
            yield from ((one, windows) for one in passes for windows in window_sets(layer, array))


def steps(layer, channels):
    bricks = math.ceil(channels / 16)
    return [(y, x, b) for y in range(layer.kernel[0]) for x in range(layer.kernel[1]) for b in range(bricks)]


def brick(layer, filters, window, step):
    """Activations that a filter set reads at a window in a step."""
    ky, kx, b = step
    channels = layer.image[
        filters.first : filters.first + filters.channels, window[0] * layer.stride + ky, window[1] * layer.stride + kx
    ]
    return [int(v) for v in channels[16 * b : 16 * b + 16]]


# Cycles of one column in one step.


def width(values, is_signed, trim_low):
    """docs/rules.md#width-detection."""
    top = max((int(v if v >= 0 else ~v).bit_length() for v in values), default=0)
    lows = [(v & -v).bit_length() - 1 for v in values if v != 0]
    return max(1, top + is_signed - (min(lows) if trim_low and lows else 0))


def shifter(values, first_stage_bits):
    """docs/rules.md#shifter with encoder raw."""
    lanes = [[e for e in range(17) if abs(v) >> e & 1] for v in values]
    cycles = 0
    while any(lanes):
        lowest = min(lane[0] for lane in lanes if lane)
        for lane in lanes:
            if lane and lane[0] - lowest < 1 << first_stage_bits:
                lane.pop(0)
        cycles += 1
    return max(1, cycles)


# Whole layers.


def run_ahead(registers, by_step):
    """docs/rules.md#run-ahead. by_step: the cycles of each column, by its key."""
    ends, finishes = {}, []
    for cycles in by_step:
        back = -1 if registers == UNLIMITED else len(finishes) - 1 - registers
        ready = finishes[back] if back >= 0 else 0
        for column, own in cycles.items():
            ends[column] = max(ends.get(column, 0), ready) + own
        finishes.append(max(ends.values()))
    return finishes[-1]


def columns_that_drift(layer, array, cycles_of):
    """Pragmatic and DPRed Stripes: a convolution layer whose columns run ahead through all of it."""

    def by_step():
        for tiles, windows in rounds(layer, array):
            for step in steps(layer, tiles[0].channels):
                yield {
                    (tile, column): cycles_of(brick(layer, filters, window, step))
                    for tile, filters in enumerate(tiles)
                    for column, window in enumerate(windows)
                }

    return run_ahead(array.registers, by_step())


def fetch_rows(layer, array):
    """Stripes, a convolution: docs/rules/stripes.md#activation-fetch, channel by channel."""
    room = math.ceil(layer.image.shape[0] / 16) * 16
    cycles = 0
    for tiles, windows in rounds(layer, array):
        for ky, kx, b in steps(layer, tiles[0].channels):
            rows = set()
            for y, x in windows:
                position = (y * layer.stride + ky) * layer.image.shape[2] + x * layer.stride + kx
                for filters in tiles:
                    for c in range(16 * b, min(16 * b + 16, filters.channels)):
                        rows.add((position * room + filters.first + c) // 256)
            cycles += max(layer.activation_bits, len(rows))
    return cycles


def take_turns(columns, times):
    """docs/rules.md#round-robin."""
    busy, now = [0] * columns, 0
    for i, t in enumerate(times):
        now = max(now, busy[i % columns])
        busy[i % columns] = now + t
        now += 1
    return max(busy)


def dense_columns(layer, filters, window, is_gated, cycles_of):
    """Bit-Tactical, weights made at run time (docs/rules/tactical.md#zero-slots): the cycles of every column."""
    for step in steps(layer, filters.channels):
        values = brick(layer, filters, window, step)
        used = [
            v
            for lane, v in enumerate(values)
            if not is_gated or any(layer.weights[f, 16 * step[2] + lane, step[0], step[1]] for f in filters.filters)
        ]
        yield cycles_of(used)


def run_time_weights(layer, array, is_gated, cycles_of):
    """Tiles walk their columns alone and meet at the end of a window set; a fully connected layer takes turns."""
    if layer.is_fully_connected:
        tiles = [[] for _ in range(array.tiles)]
        for one, windows in rounds(layer, array):
            for tile, filters in enumerate(one):
                tiles[tile] += dense_columns(layer, filters, windows[0], is_gated, cycles_of)
        return max(take_turns(array.columns, times) for times in tiles if times)
    cycles = 0
    for one, windows in rounds(layer, array):
        ends = []
        for filters in one:
            by_window = [list(dense_columns(layer, filters, w, is_gated, cycles_of)) for w in windows]
            ends.append(run_ahead(array.registers, [dict(enumerate(own)) for own in zip(*by_window)]))
        cycles += max(ends)
    return cycles


def loom_convolution(layer, array, unit_bits, composed, counts_widths):
    """Loom with static activations and units of unit_bits (docs/rules/loom.md#cycles, #composed-weights). A strided
    layer of 3 channels is folded and keeps Pw."""
    channels, height, kernel = layer.activations.shape[0], layer.outputs, layer.kernel
    s = layer.stride
    is_folded = channels == 3 and s > 1
    if is_folded:
        channels, kernel = channels * s * s, [math.ceil(k / s) for k in kernel]
    array = dataclasses.replace(
        array,
        rows=array.rows // math.ceil(layer.weight_bits / unit_bits),
        columns=array.columns // math.ceil(layer.activation_bits / unit_bits),
    )
    whole = layer.weight_bits if composed == "layer" else min(layer.weight_bits, unit_bits)
    sets = math.ceil(height[0] * height[1] / array.columns)
    cycles = 0
    for passes in passes_by_run(layer, array):
        for tiles in passes:
            bricks = math.ceil((channels if is_folded else tiles[0].channels) / 16)
            for y in range(kernel[0]):
                for x in range(kernel[1]):
                    for b in range(bricks):
                        bits = whole
                        if counts_widths and layer.widths is not None and not is_folded and not layer.run_time:
                            used = (layer.widths[f, y, x, b] for one in tiles for f in one.filters)
                            bits = min(unit_bits, int(max(used)))
                        cycles += sets * min(layer.activation_bits, unit_bits) * bits
    return cycles

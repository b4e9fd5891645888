# SPDX-License-Identifier: Apache-2.0
"""DNNsim's compute cycles, written from docs/rules/dnnsim.md over the tensors of one layer and image.

Nothing is shared with the program and nothing is clever: every step of every window set looks at its values.
"""
import math

from dnnsim_layers import LANES, blocks_of, lower, rows_of

# Bit-Tactical's places (columns ahead, lanes aside), ascending: DNNsim's T(2,5).
T_2_5 = sorted([(1, 0), (2, 0), (1, 1), (1, -1), (2, 2), (2, -2), (1, 3)])


def passes(steps, layer, array):
    """Filters of each pass, tile by tile."""
    rows = rows_of(layer, array)
    tiles = [steps.filters[i : i + rows] for i in range(0, len(steps.filters), rows)]
    return [tiles[i : i + array.tiles] for i in range(0, len(tiles), array.tiles)]


def window_sets(steps, layer, array):
    columns = array.columns // blocks_of(layer.activation_bits, array)
    return [steps.windows[i : i + columns] for i in range(0, len(steps.windows), columns)]


def take_turns(layer, array, times):
    """Fully connected: one row of inputs per cycle, to one column after the other."""
    busy = [0] * (array.columns // blocks_of(layer.activation_bits, array))
    now = 0
    for i, t in enumerate(times):
        column = i % len(busy)
        now = max(now, busy[column])
        busy[column] = now + t
        now += 1
    return max(busy)


def run(layer, array, step, single=False):
    """Sum over groups, passes and window sets of step(tiles, windows, index), or the turns of one window."""
    times = []
    for steps in lower(layer, array):
        for tiles in passes(steps, layer, array):
            for windows in window_sets(steps, layer, array):
                times += [step(tiles, windows, t) for t in range(len(windows[0]))]
    return take_turns(layer, array, times) if layer.is_fc and not single else sum(times)


# Values.


def cut(value, bits, array, signed):
    """The parts of a value that PEs narrower than `bits` see: each part's top bit acts as its sign."""
    if blocks_of(bits, array) == 1:
        return [value]
    out = []
    for i in range(blocks_of(bits, array)):
        part = (value >> (i * array.pe_width)) % (1 << array.pe_width)
        if signed and part >> (array.pe_width - 1):
            part -= 1 << array.pe_width
        out.append(part)
    return out


def width(values, signed, minor_bit):
    top, low = 0, None
    for value in values:
        folded = -value - 1 if value < 0 else value
        for bit in range(20):
            if folded >> bit & 1:
                top = max(top, bit)
                low = bit if low is None else min(low, bit)
    msb = top + (1 if signed else 0)
    return msb - (low if minor_bit and low is not None else 0) + 1


def popcount_terms(value):
    value = abs(value)
    return [bit for bit in range(20) if value >> bit & 1]


def ioe_terms(value):
    """From the top with a flag, three bits at a time, two zeros below the value."""
    bits = [0] * 2 + [(abs(value) << 2) >> i & 1 for i in range(19, -1, -1)]
    out, flag = [], False
    for i in range(len(bits) - 2):
        place = len(bits) - 1 - i - 2
        window = (bits[i], bits[i + 1], bits[i + 2])
        if not flag:
            if window == (1, 1, 1):
                out.append(place + 1)
                flag = True
            elif window[0] == 1:
                out.append(place)
        elif window in ((0, 1, 0), (0, 1, 1)):
            out.append(place)
        elif window == (1, 0, 0):
            out.append(place)
            flag = False
    return sorted(out)


def shifter(lanes, first_stage_bits):
    """Two-stage shifter: each lane drops its lowest bit inside [m, m + 2^b - 1]."""
    lanes = [list(lane) for lane in lanes]
    cycles = 0
    while any(lanes):
        low = min(lane[0] for lane in lanes if lane)
        for lane in lanes:
            if lane and lane[0] <= low + (1 << first_stage_bits) - 1:
                lane.pop(0)
        cycles += 1
    return max(1, cycles)


# Designs without packed weights.


def dadn(layer, array):
    return run(layer, array, lambda tiles, windows, t: 1, single=True)


def stripes(layer, array):
    return run(layer, array, lambda tiles, windows, t: min(layer.activation_bits, array.pe_width))


def columns_of(windows, t, layer, array, signed):
    """What each column of the array holds: a subword of a window's brick, lanes in order."""
    out = []
    for window in windows:
        parts = [cut(value, layer.activation_bits, array, signed) for value in window[t]]
        out += [[part[i] for part in parts] for i in range(len(parts[0]))]
    return out


def shapeshifter(layer, array, group_columns=1, minor_bit=False, registers=0):
    signed = layer.signed_activations

    def groups(windows, t):
        columns = columns_of(windows, t, layer, array, signed)
        return [
            width(sum(columns[i : i + group_columns], []), signed, minor_bit)
            for i in range(0, len(columns), group_columns)
        ]

    return drifting(layer, array, groups, registers)


def pragmatic(layer, array, first_stage_bits=2, terms=popcount_terms, registers=0):
    def groups(windows, t):
        return [
            shifter([terms(x) for x in magnitudes], first_stage_bits)
            for magnitudes in magnitude_columns(windows, t, layer, array)
        ]

    return drifting(layer, array, groups, registers)


def magnitude_columns(windows, t, layer, array):
    out = []
    for window in windows:
        parts = [cut(abs(value), layer.activation_bits, array, False) for value in window[t]]
        out += [[part[i] for part in parts] for i in range(len(parts[0]))]
    return out


def drifting(layer, array, groups, registers):
    """Column registers: f_g = max(ready, f_g) + t_g, ready = M_(i-R) after step i; conv only."""
    if layer.is_fc or registers == 0:
        return run(layer, array, lambda tiles, windows, t: max(groups(windows, t)))
    free, slowest, ready = [0] * array.columns, [], 0
    for steps in lower(layer, array):
        for windows in window_sets(steps, layer, array):  # all passes of a window set before the next
            for _ in passes(steps, layer, array):
                for t in range(len(windows[0])):
                    for g, cycles in enumerate(groups(windows, t)):
                        free[g] = max(ready, free[g]) + cycles
                    slowest.append(max(free))
                    if len(slowest) > registers:
                        ready = slowest[len(slowest) - 1 - registers]
    return max(free)


def loom(layer, array, bits_per_cycle=1, dynamic_weights=False, minor_bit=False):
    def step(tiles, windows, t):
        columns = columns_of(windows, t, layer, array, layer.signed_activations)
        activation = max(width(c, layer.signed_activations, minor_bit) for c in columns)
        weight = layer.weight_bits  # independent of the number of rows that share a weight
        if dynamic_weights:
            rows = [row for tile in tiles for row in tile]
            weight = max(
                width(part, layer.signed_weights, minor_bit)
                for row in rows
                for part in zip(*(cut(w, layer.weight_bits, array, layer.signed_weights) for w in row[t]))
            )
        return math.ceil(activation / bits_per_cycle) * weight

    return run(layer, array, step)


def laconic(layer, array, terms=popcount_terms):
    def most(values, bits):
        return [max(len(terms(part)) for part in cut(abs(v), bits, array, False)) for v in values]

    def step(tiles, windows, t):
        activations = [most(window[t], layer.activation_bits) for window in windows]
        weights = [most(row[t], layer.weight_bits) for tile in tiles for row in tile]
        return max(1, max(a[lane] * w[lane] for a in activations for w in weights for lane in range(LANES)))

    return run(layer, array, step)


# Bit-Tactical.


def schedule(rows, present, lanes=LANES, lookahead=2, places=tuple(T_2_5)):
    """Emitted columns of a filter set: [(t, per row the (t, lane) that each slot selects, None where vacated)]."""
    length = 0
    for row in rows:
        for t, values in enumerate(row):
            if any(values):
                length = max(length, t + 1)  # trailing all-zero columns do not exist
    weight = [[[values[lane] != 0 for lane in range(lanes)] for values in row[:length]] for row in rows]
    # Slots without a channel select nothing, in the first column its lane 0.
    select = [
        [
            [(t, lane) if lane in present[r][t] else (0, 0) if t == 0 else None for lane in range(lanes)]
            for t in range(length)
        ]
        for r in range(len(rows))
    ]
    out, skipped = [], 0
    for t in range(length):
        if skipped < lookahead and not any(any(row[t]) for row in weight):
            skipped += 1
            continue
        skipped = 0
        for r in range(len(rows)):
            while True:
                candidates = {}
                for lane in range(lanes):
                    if weight[r][t][lane]:
                        continue
                    found = [
                        (t + dt, (lane + dl) % lanes)
                        for dt, dl in places
                        if t + dt < length and weight[r][t + dt][(lane + dl) % lanes]
                    ]
                    if found:
                        candidates[lane] = found
                if not candidates:
                    break
                most = max(len(c) for c in candidates.values())
                lane = min(found for found, c in candidates.items() if len(c) == most)
                at, source = candidates[lane][0]
                weight[r][t][lane], weight[r][at][source] = True, False
                select[r][t][lane] = select[r][at][source]
                select[r][at][source] = None
        out.append((t, [list(select[r][t]) for r in range(len(rows))]))
    return out


def tactical(layer, array, cycles_of):
    """Tiles walk their own lists side by side; a step waits for the slowest; the longest list counts."""
    times = []
    for steps in lower(layer, array):
        for tiles in passes(steps, layer, array):
            lists = [schedule(tile, steps.present, steps.lanes) for tile in tiles]
            for windows in window_sets(steps, layer, array):
                for e in range(max(1, max(len(columns) for columns in lists))):
                    times.append(
                        max(
                            [1]
                            + [
                                cycles_of(window, columns[e][1])
                                for columns in lists
                                if e < len(columns)
                                for window in windows
                            ]
                        )
                    )
    return times


def tcl(layer, array):
    return sum(tactical(layer, array, lambda window, rows: 1))


def selected(window, row):
    return [window[slot[0]][slot[1]] for slot in row if slot is not None]


def tclp(layer, array, minor_bit=False):
    signed = layer.signed_activations

    def cycles(window, rows):
        parts = [cut(v, layer.activation_bits, array, signed) for row in rows for v in selected(window, row)]
        return max(
            width([part[i] for part in parts], signed, minor_bit)
            for i in range(blocks_of(layer.activation_bits, array))
        )

    times = tactical(layer, array, cycles)
    return take_turns(layer, array, times) if layer.is_fc else sum(times)


def tcle(layer, array, first_stage_bits=2, terms=popcount_terms):
    def cycles(window, rows):
        out = 1
        for row in rows:
            parts = [cut(abs(v), layer.activation_bits, array, False) for v in selected(window, row)]
            for i in range(blocks_of(layer.activation_bits, array)):
                out = max(out, shifter([terms(part[i]) for part in parts], first_stage_bits))
        return out

    times = tactical(layer, array, cycles)
    return take_turns(layer, array, times) if layer.is_fc else sum(times)

# SPDX-License-Identifier: Apache-2.0
"""The table of most terms in docs/results.md, with which a reader computes the peak of a term-serial array.

Every entry is compared with the terms of all magnitudes, counted here from the rules of docs/rules.md, and with the
peak that the program prints for an array of elements of that width."""
import json
import pathlib
import subprocess

import pytest

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "results.md"


def table():
    """{encoder: {width: most terms}} of the page."""
    lines = PAGE.read_text().split('<a id="most-terms"></a>')[1].split("\n\n")[1].split("\n")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    widths = [int(cell) for cell in rows[0][1:]]
    return {
        name.strip(" `"): dict(zip(widths, map(int, row[1:]))) for row in rows[2:] for name in row[0].split(",")
    }


def raw(magnitude):
    return magnitude.bit_count()


def naf(magnitude):
    return (3 * magnitude ^ magnitude).bit_count()


def booth4(magnitude):
    """Digits of radix 4 that are not zero: those whose three bits, the lowest of the digit before, differ."""
    return sum(((2 * magnitude >> at) & 7) not in (0, 7) for at in range(0, 18, 2))


def ioe(magnitude):
    """The scan from the top bit: a run of ones is a digit above it and a digit -1 for each zero up to its end."""
    terms, flag, bits = 0, False, magnitude << 2
    for at in range(18, 1, -1):
        now = (bits >> at - 2) & 7
        if flag:
            terms += now in (0b010, 0b011, 0b100)
            flag = now != 0b100
        else:
            terms += now >= 0b100
            flag = now == 0b111
    return terms


@pytest.mark.parametrize("count", [raw, naf, booth4, ioe], ids=lambda f: f.__name__)
def test_the_most_terms_are_those_of_all_magnitudes(count):
    most, terms = {}, 0
    for magnitude in range(1 << 16):
        terms = max(terms, count(magnitude))
        if magnitude & (magnitude + 1) == 0:  # the last magnitude of a width
            most[magnitude.bit_length()] = terms
    assert table()[count.__name__] == {width: most[width] for width in range(4, 17)}


def peak(program, configuration, encoder, key, width):
    words = [f"parameters.encoder={encoder}", f"parameters.{key}={width}"]
    sets = [word for text in words for word in ("--set", text)]
    command = [program, "run", configuration, "--trace", "digits-8b", "--json", "-q", *sets]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)["array"]["peak_macs_per_cycle"]


@pytest.mark.parametrize("encoder", ["raw", "naf", "booth4", "ioe"])
def test_peaks_follow_from_the_table(program, encoder):
    for width, terms in table()[encoder].items():
        parts = -(-16 // width)
        lanes = 16 * (16 // parts) * (16 // parts) * 16
        assert peak(program, "pragmatic_2b_1r", encoder, "pe_width", width) == pytest.approx(lanes / terms)
        lanes = (64 // parts) * (16 // parts) * 16
        assert peak(program, "laconic_1k", encoder, "lpe_width", width) == pytest.approx(lanes / terms**2)

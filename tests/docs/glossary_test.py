# SPDX-License-Identifier: Apache-2.0
"""The glossary explains every term once, and the pages lead to it."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LINKING = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "traces" / "FORMAT.md"] + [
    DOCS / f"{name}.md"
    for name in ("README", "first-hour", "configuration", "dram", "dnnsim", "quantization", "adding-an-accelerator")
    + ("how-far-to-trust-it",)
]


def terms():
    """The words in bold of the glossary; a cell may hold several, with commas between."""
    text = (DOCS / "architecture.md").read_text()
    rows = [row for row in text[text.index('<a id="glossary">') :].split("\n") if row.startswith("| **")]
    return [term for row in rows for bold in re.findall(r"\*\*([^*]+)\*\*", row) for term in bold.split(", ")]


def test_every_term_is_explained_once():
    found = terms()
    assert len(found) > 100
    assert sorted({term for term in found if found.count(term) > 1}) == []


def test_pages_lead_to_the_glossary():
    assert [
        page.name for page in LINKING if not re.search(r"architecture\.md#(glossary|words)", page.read_text())
    ] == []

# SPDX-License-Identifier: Apache-2.0
"""Every source can be opened: links, anchors and pages exist, and every declared key says where it comes from."""
import json
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import links  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = links.tracked(ROOT)
PAGES = [f for f in FILES if f.suffix == ".md"]
CONFIGS = [f for f in FILES if f.suffix == ".json" and (ROOT / "configs") in f.parents and f.name != "manifest.json"]


def test_there_are_files_to_check():
    assert len(PAGES) > 20 and len(FILES) > 300 and len(CONFIGS) > 50


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page):
    assert links.broken_links(ROOT, page) == []


def test_pages_and_anchors_that_files_name_exist():
    elsewhere = [file for file in FILES if file.parent != pathlib.Path(__file__).parent]  # faults are planted here
    assert [broken for file in elsewhere for broken in links.broken_pages(ROOT, file)] == []


def test_nothing_cites_a_text_outside_the_repository():
    assert [cited for file in FILES for cited in links.foreign_citations(ROOT, file)] == []


def test_the_keys_of_references_are_unique_and_have_an_address():
    keys = links.reference_keys(ROOT)
    assert len(keys) == len(set(keys)) > 20
    rows = [x for x in (ROOT / "docs" / "references.md").read_text().split("\n") if x.startswith("| <a id=")]
    assert [row[:60] for row in rows if "<https://" not in row] == []


def described(program, name):
    done = subprocess.run([program, "describe", name, "--json"], capture_output=True, text=True, check=True, cwd=ROOT)
    document = json.loads(done.stdout)
    parts = [part for part in ("parameters", "configuration", "memory") if part in document]
    return [row for part in parts for row in document[part]]


def models(program):
    done = subprocess.run([program, "list", "--json"], capture_output=True, text=True, check=True, cwd=ROOT)
    return [model["name"] for model in json.loads(done.stdout)["models"]]


def test_every_declared_key_has_a_source_that_can_be_opened(program):
    keys = links.reference_keys(ROOT)
    bad = []
    for name in models(program) + ["memory", "device"]:
        rows = links.leaves(described(program, name))
        assert len(rows) > 20
        for path, row in rows:
            source = row.get("source", "")
            why = links.bad_source(source, keys)
            cited = [f"{p}{a}" for p, a in links.PAGE.findall(source) if links.missing(ROOT / p, a[1:])]
            bad += [f"{name}{path}: {why}"] if why else []
            bad += [f"{name}{path}: {page} is not there" for page in cited]
    assert bad == []


SKELETON = "Source: our choice, a timing-only skeleton without a paper."


def test_every_model_cites_its_papers(program):
    """A model's page links to the reference list and to the rules, or says that it is a skeleton and not published."""
    rows = json.loads(
        subprocess.run([program, "list", "--json"], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    )["models"]
    for model in rows:
        name = model["name"]
        page = (ROOT / "models" / name / "README.md").read_text()
        if SKELETON in page:
            assert model["citation"] == "not published" and '<a id="rules"></a>' in page, name
            continue
        assert "docs/references.md#" in page and f"docs/rules/{name}.md" in page, name


def test_sources_of_configurations_can_be_opened():
    keys = links.reference_keys(ROOT)
    bad = []
    for file in CONFIGS:
        if "data" in file.parts:  # states the provenance of shapes and profiles in its own words
            continue
        for path, source in links.read_sources(file):
            known = links.bad_source(source, keys) == "" or source.startswith("https://")
            bad += [] if known else [f"{file.relative_to(ROOT)}{path}: {source}"]
    assert bad == []


@pytest.fixture
def planted(tmp_path):
    """A repository with one of every fault."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "rules.md").write_text('# Counting *rules*\n<a id="here"></a>\n## A `b` heading\n')
    page = tmp_path / "docs" / "page.md"
    page.write_text(
        "[good](rules.md#here) [slug](rules.md#counting-rules) [code](rules.md#a-b-heading) "
        "[self](#self)\n# Self\n[no file](none.md) [no anchor](rules.md#gone) [web](https://example.org)\n"
        "```\n[shown](not-a-link.md)\n```\n`[quoted](neither.md)`\n"
    )
    code = tmp_path / "code.cpp"
    code.write_text(
        "// docs/rules.md#here and docs/rules.md#gone and docs/none.md\n// configs/accelerators/none.json\n"
    )
    return tmp_path, page, code


def test_a_planted_bad_link_is_found(planted):
    root, page, _ = planted
    assert links.broken_links(root, page) == [
        "docs/page.md: none.md: no such file",
        "docs/page.md: rules.md#gone: no anchor #gone",
    ]


def test_a_planted_bad_page_in_code_is_found(planted):
    root, _, code = planted
    found = links.broken_pages(root, code)
    assert found[:2] == ["code.cpp: docs/rules.md#gone: no anchor #gone", "code.cpp: docs/none.md: no such file"]
    assert "code.cpp: configs/accelerators/none.json: no such file" in found


def test_a_planted_foreign_citation_is_found(planted):
    root, _, code = planted
    code.write_text("// as the speci" + "fication says\n// (sp" + "ecs/a.md)\n// specific to this\n")
    assert len(links.foreign_citations(root, code)) == 2


def test_sources_outside_the_vocabulary_are_found():
    keys = ["Stripes (MICRO'16)"]
    for good in (
        "our choice",
        "our choice: docs/memory.md",
        "recalled: 980 MHz",
        "Stripes (MICRO'16), abstract",
        "see docs/rules.md#steps",
        "docs/rules/loom.md#cycles",
    ):
        assert links.bad_source(good, keys) == "", good
    for bad in ("", "the paper's text", "docs/rules.md", "Stripes", "the default of the standards"):
        assert links.bad_source(bad, keys) != "", bad

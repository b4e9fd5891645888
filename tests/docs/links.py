# SPDX-License-Identifier: Apache-2.0
"""What the files of a repository cite: links, anchors, pages, and the sources of declared defaults."""
import json
import pathlib
import re
import subprocess

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
# A page of the documents, named in code, JSON or a comment: docs/x.md, models/x/README.md, with an anchor or not.
PAGE = re.compile(r"(?<![\w./-])((?:docs|models|traces|configs)/[\w./-]*\.md)(#[\w-]+)?")
# A file of the repository that text names by its path from the root.
DATA = re.compile(
    r"(?<![\w./<>-])(?:configs|docs|models|scripts|sim|tests|traces)/[\w-]+(?:/[\w-]+)*"
    r"\.(?:json|trace|py|md|cpp|h|cmake)(?![\w*])"
)
# Written apart, so that this file does not cite what it looks for.
FOREIGN = re.compile(r"the speci" r"fication\b|\bspeci" r"fication(?=[,:;'’]|\s+section)|\bsp" r"ecs/", re.IGNORECASE)
TEXT_SUFFIXES = {".md", ".cpp", ".h", ".py", ".json", ".txt", ".cmake", ".in"}


def tracked(root: pathlib.Path) -> list:
    """The text files that are committed, or would be; every text file where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=root, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        files = [root / name for name in listed.stdout.split("\n") if name]
    else:
        files = [f for f in root.rglob("*") if f.relative_to(root).parts[0] not in ("build", ".git")]
    return sorted(f for f in files if f.suffix in TEXT_SUFFIXES and f.is_file() and "stats" not in f.parts)


def slug(heading: str) -> str:
    """The anchor that a heading gets where Markdown is shown."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(page: pathlib.Path) -> set:
    text = without_code(page.read_text())
    found = set(re.findall(r'<a id="([\w-]+)"', text))
    for heading in re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE):
        name, count = slug(heading), 0
        while name in found:
            count += 1
            name = f"{slug(heading)}-{count}"
        found.add(name)
    return found


def missing(target: pathlib.Path, anchor: str) -> str:
    """Why a reader cannot go there, or nothing."""
    if not target.exists():
        return "no such file"
    if anchor and anchor not in anchors(target):
        return f"no anchor #{anchor}"
    return ""


def broken_links(root: pathlib.Path, file: pathlib.Path) -> list:
    """Relative Markdown links of a page that lead nowhere."""
    out = []
    for link in LINK.findall(re.sub(r"`[^`\n]*`", "", without_code(file.read_text()))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (file.parent / path).resolve() if path else file
        if why := missing(target, anchor):
            out.append(f"{file.relative_to(root)}: {link}: {why}")
    return out


def broken_pages(root: pathlib.Path, file: pathlib.Path) -> list:
    """Pages and data that a file names by their path from the root, and that are not there."""
    text = "\n".join(line for line in file.read_text().split("\n") if "https://" not in line)  # others' files
    out = []
    for path, anchor in PAGE.findall(text):
        if why := missing(root / path, anchor[1:]):
            out.append(f"{file.relative_to(root)}: {path}{anchor}: {why}")
    for path in DATA.findall(text):
        is_page = path.endswith(".md")  # found above
        is_placeholder = pathlib.PurePath(path).stem == "x"
        if not is_page and not is_placeholder and not (root / path).exists() and not (file.parent / path).exists():
            out.append(f"{file.relative_to(root)}: {path}: no such file")
    return out


def foreign_citations(root: pathlib.Path, file: pathlib.Path) -> list:
    """Lines that cite a text which is not in the repository."""
    lines = file.read_text().split("\n")
    return [
        f"{file.relative_to(root)}:{i}: {line.strip()[:100]}" for i, line in enumerate(lines, 1) if FOREIGN.search(line)
    ]


def reference_keys(root: pathlib.Path) -> list:
    """The keys of docs/references.md, as sources write them."""
    rows = re.findall(r'^\| <a id="[\w-]+"></a>([^|]+)\|', (root / "docs" / "references.md").read_text(), re.MULTILINE)
    return [row.strip() for row in rows]


def bad_source(source: str, keys: list) -> str:
    """Why a source is not one that docs/rules.md#sources allows, or nothing."""
    if not source:
        return "no source"
    if source.startswith(("our choice", "recalled")):
        return ""
    if re.search(r"docs/rules(/[\w-]+)?\.md#[\w-]+", source) or any(key in source for key in keys):
        return ""
    return f"neither a reference, a rule, our choice nor recalled: {source}"


def leaves(rows: list, path: str = "") -> list:
    """(path, row) of every declared key that is not an object of further keys."""
    out = []
    for row in rows:
        here = f"{path}/{row['name']}"
        out += leaves(row["children"], here) if row.get("children") else [(here, row)]
    return out


def json_sources(document, path: str = "") -> list:
    """(path, text) of every `source` of a configuration or of the list of comparisons."""
    out = []
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in items:
        if key == "source" and isinstance(value, str):
            out.append((f"{path}/{key}", value))
        elif isinstance(value, (dict, list)):
            out += json_sources(value, f"{path}/{key}")
    return out


def read_sources(file: pathlib.Path) -> list:
    return json_sources(json.loads(file.read_text()))

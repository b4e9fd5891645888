# SPDX-License-Identifier: Apache-2.0
"""The messages that docs/troubleshooting.md explains are messages of the program or of the front end."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"


def quoted_messages():
    """The first cell of every row that quotes a message, with ... where the program puts names and numbers."""
    return re.findall(r"^\| `([^|]+)` \|", PAGE.read_text(), re.MULTILINE)


def source_text():
    """All sources in one text, with string literals that stand beside each other joined."""
    files = [f for folder in ("sim", "models", "scripts/quantize/heddle_quantize") for f in (ROOT / folder).rglob("*")]
    text = "\n".join(f.read_text() for f in files if f.suffix in (".cpp", ".h", ".py"))
    return re.sub(r'"\s*\n\s*f?"', "", text).replace('\\"', '"')


def stands_in(part, sources):
    """Whether the sources hold the words in one literal, or as the end of one and the whole of another."""
    cuts = [i + 1 for i, letter in enumerate(part) if letter == " "]
    return part in sources or any(f'{part[:i]}"' in sources and f'"{part[i:]}"' in sources for i in cuts)


def missing_parts(message, sources):
    parts = re.split(r"\s*\.\.\.\s*", message)
    return [part for part in parts if len(part) > 2 and not stands_in(part, sources)]


def test_every_message_is_one_that_the_sources_print():
    sources, messages = source_text(), quoted_messages()
    assert len(messages) >= 40
    assert {m: parts for m in messages if (parts := missing_parts(m, sources))} == {}


def test_a_message_that_nothing_prints_is_found():
    sources = source_text()
    assert missing_parts("the moon is made of ...", sources) == ["the moon is made of"]
    assert missing_parts("there is no ... moon", sources) == ["moon"]

# SPDX-License-Identifier: Apache-2.0
"""The messages that docs/troubleshooting.md explains are messages of the program or of the front end."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"


def quoted_messages():
    """The first cell of every row: a message, with ... where the program puts names and numbers."""
    return re.findall(r"^\| `([^|]+)` \|", PAGE.read_text(), re.MULTILINE)


def source_text():
    """All sources in one text, with string literals that stand beside each other joined."""
    files = [f for folder in ("sim", "models", "scripts/quantize/heddle_quantize") for f in (ROOT / folder).rglob("*")]
    text = "\n".join(f.read_text() for f in files if f.suffix in (".cpp", ".h", ".py"))
    return re.sub(r'"\s*\n\s*f?"', "", text).replace('\\"', '"')


def missing_parts(message, sources):
    return [part for part in re.split(r"\s*\.\.\.\s*", message) if len(part) > 2 and part not in sources]


def test_every_message_is_one_that_the_sources_print():
    sources, messages = source_text(), quoted_messages()
    assert len(messages) >= 25
    assert {m: parts for m in messages if (parts := missing_parts(m, sources))} == {}


def test_a_message_of_nobody_is_found():
    assert missing_parts("the moon is made of ...", source_text()) == ["the moon is made of"]

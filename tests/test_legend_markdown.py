"""Reports as Markdown: what a config or a file says is shown to the letter."""

from __future__ import annotations

import pytest

from clientier.legend.blocks import Bullets, Heading, Level, Paragraph, Pyramid, Table
from clientier.legend.markdown import escaped, markdown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*key* [a](b) <b> `c` | d", r"\*key\* \[a\](b) \<b\> \`c\` \| d"),
        ("customer_share of _all_", r"customer_share of \_all\_"),
        ("# not a heading", r"\# not a heading"),
        ("- not a point", r"\- not a point"),
        ("1. not a list", r"1\. not a list"),
        ("20.0 %", "20.0 %"),
        ("-10.00", r"\-10.00"),
        ("关键客户", "关键客户"),
        ("two\nlines\r", "two lines "),
        ("a\\b", r"a\\b"),
    ],
)
def test_no_text_becomes_a_mark(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_blocks_stand_apart_and_the_pyramid_is_left_to_terminals() -> None:
    blocks = (
        Heading("Tiers", 1),
        Pyramid(("customers",), (Level("Key", (None,), ("–",)),)),
        Paragraph("Best first."),
        Bullets(("Key", "Small")),
        Table(("tier", "customers"), (("Key", "200"), ("a|b", "1"))),
    )
    assert markdown(blocks) == (
        "# Tiers\n\nBest first.\n\n- Key\n- Small\n\n"
        "| tier | customers |\n| :--- | ---: |\n| Key | 200 |\n| a\\|b | 1 |\n"
    )

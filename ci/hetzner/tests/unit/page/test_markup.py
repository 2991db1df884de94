"""No text of a run becomes markup, an address of another scheme, or a character that hides."""

from __future__ import annotations

import unittest
from xml.etree import ElementTree

from lib.page.markup import Html, file_link, join, tag, text

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onload='alert(1)",
    "]]>--><!--",
    "&lt;b&gt;",
    "a\nb\r\x00\x1b[31m\x9b0m",
    "\u202egpj.exe\u2066\u200b",
    "\udcff",
)


class Escaping(unittest.TestCase):
    def test_text_in_content_and_attributes_reads_back_as_text_alone(self) -> None:
        for plain in HOSTILE:
            with self.subTest(plain):
                read = ElementTree.fromstring(tag("p", plain, title=plain))
                self.assertEqual(len(read), 0)
                self.assertEqual(list(read.attrib), ["title"])
                self.assertEqual(read.text, read.attrib["title"])

    def test_characters_that_control_a_display_are_shown_as_dots(self) -> None:
        self.assertEqual(text("\u202ea\x1bb\udcffc"), "·a·b·c")
        self.assertEqual(text("a\nb"), "a\\nb")

    def test_markup_is_put_in_as_it_is(self) -> None:
        self.assertEqual(tag("p", tag("b", "<"), Html("<br>")), "<p><b>&lt;</b><br></p>")

    def test_what_is_none_or_false_is_left_out(self) -> None:
        self.assertEqual(
            tag("p", None, "a", hidden=False, lang=None, open=True), '<p open="">a</p>'
        )

    def test_keywords_of_python_name_attributes(self) -> None:
        made = tag("line", class_="a", stroke_width=1.50)
        self.assertEqual(made, '<line class="a" stroke-width="1.5"></line>')

    def test_pieces_are_joined_and_escaped(self) -> None:
        self.assertEqual(join(["<", None, tag("b", "x")], Html(", ")), "&lt;, <b>x</b>")


class Links(unittest.TestCase):
    def test_file_beside_the_page_is_no_other_scheme_or_host(self) -> None:
        self.assertEqual(file_link("javascript:alert(1).log"), "./javascript%3Aalert%281%29.log")
        self.assertEqual(file_link("//host/a b#c?d"), ".///host/a%20b%23c%3Fd")
        self.assertEqual(file_link("\udcff"), "./%FF")


if __name__ == "__main__":
    unittest.main()

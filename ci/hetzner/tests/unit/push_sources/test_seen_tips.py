"""The last known commit of each branch is kept; a damaged file is refused, not overwritten."""

from __future__ import annotations

from lib.push_sources.seen_tips import SeenTips
from tests.support.files_case import FilesCase

TIPS = {"main": "1" * 40, "ü/b": "2" * 64}


class Seen(FilesCase):
    def test_what_was_written_is_read(self) -> None:
        seen = SeenTips(self.top / "new" / "polled.json")
        self.assertIsNone(seen.read())
        for tips in (TIPS, {}):
            seen.write(tips)
            self.assertEqual(seen.read(), tips)

    def test_damaged_file_is_refused_with_the_remedy_and_stays(self) -> None:
        deep = "[" * 100_000
        for text in ("", "{", "[]", "7", '{"a": 7}', '{"-a": "%s"}' % ("1" * 40), "\xff", deep):
            self.path.write_text(text, "latin-1")
            with self.assertRaisesRegex(ValueError, "remove the file"):
                SeenTips(self.path).read()
            self.assertEqual(self.path.read_text("latin-1"), text)

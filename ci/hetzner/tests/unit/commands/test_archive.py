"""A run in one file: what goes in comes out, and no file from elsewhere reaches another place."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path
from unittest import mock

from lib.commands import archive
from lib.run_directories import run_contents
from tests.support.stored_runs import LOG, NAME, WithStore


class Archive(WithStore):
    def setUp(self) -> None:
        super().setUp()
        self.file = self.root / "x.tar.gz"
        self.into = self.root / "into"
        self.into.mkdir()

    def written(self, run: Path, *, live: bool = False) -> bytes:
        out = io.BytesIO()
        chosen, _ = archive.choose(run_contents.all_files(run))
        archive.write(run, chosen, out, live=live)
        self.file.write_bytes(out.getvalue())
        return out.getvalue()

    def hostile(self, *names: str, **fields: object) -> None:
        with tarfile.TarFile.gzopen(self.file, "w") as tar:
            for name in names:
                entry = tarfile.TarInfo(name)
                for field, value in fields.items():
                    setattr(entry, field, value)
                tar.addfile(entry, io.BytesIO(b"x" * entry.size))

    def test_run_that_is_read_has_the_files_of_the_one_that_was_written(self) -> None:
        run = self.make(files={"kept/test/a b/trace.zip": b"\0\1", "ci.log": LOG, "b.log": b""})
        self.written(run)
        found = archive.read(self.file, self.into)
        self.assertEqual((found.name, found.state), (NAME, "failed"))
        self.assertFalse(archive.was_live(found))
        self.assertEqual(run_contents.all_files(found.path), run_contents.all_files(run))
        for path in ("ci.log", "kept/test/a b/trace.zip"):
            self.assertEqual((found.path / path).read_bytes(), (run / path).read_bytes())

    def test_same_run_gives_the_same_bytes(self) -> None:
        run = self.make()
        self.assertEqual(self.written(run), self.written(run))

    def test_run_that_goes_on_says_so(self) -> None:
        self.written(self.make(), live=True)
        self.assertTrue(archive.was_live(archive.read(self.file, self.into)))

    def test_links_pipes_and_hidden_files_stay_out(self) -> None:
        run = self.make()
        (run / "kept").symlink_to("/etc")
        (run / "link.log").symlink_to("/etc/passwd")
        (run / ".lock").touch()
        os.mkfifo(run / "pipe.log")
        self.written(run)
        archive.read(self.file, self.into)
        self.assertEqual(
            sorted(path.name for path in (self.into / NAME).iterdir()),
            ["ci.log", "summary.json", "test.log"],
        )

    def test_file_that_shrinks_or_is_gone_meanwhile_does_not_break_it(self) -> None:
        run = self.make()
        chosen, _ = archive.choose(
            [*run_contents.all_files(run), run_contents.StoredFile("gone", 3)]
        )
        pread = os.pread

        def cut(handle: int, size: int, place: int) -> bytes:
            return pread(handle, size // 2, place)

        out = io.BytesIO()
        with mock.patch("os.pread", cut):
            self.assertEqual(archive.write(run, chosen, out, live=False), ["gone"])
        self.file.write_bytes(out.getvalue())
        archive.read(self.file, self.into)
        self.assertEqual((self.into / NAME / "test.log").read_bytes(), b"one\n\0\0\0\0")

    def test_hole_of_a_log_is_told_and_not_written(self) -> None:
        run = self.make()
        with (run / "test.log").open("wb") as file:
            file.write(b"a" * 4096)
            file.seek(10**9)
            file.write(b"b\n")
        if (run / "test.log").stat().st_blocks > 1000:
            self.skipTest("this file system has no holes")
        self.written(run)
        self.assertLess(run_contents.all_files(run)[-1].size, 10**6)
        archive.read(self.file, self.into)
        text = (self.into / NAME / "test.log").read_bytes()
        self.assertRegex(text, rb"a\n--- \d+ bytes were left out here\n\0*b\n\Z")

    def test_files_for_which_there_is_no_room_are_told(self) -> None:
        run = self.make(files={"kept/big": b"x" * 5000, "kept/small": b"y"})
        with mock.patch.object(archive, "MOST_BYTES", 4000):
            chosen, others = archive.choose(run_contents.all_files(run))
        self.assertEqual([file.path for file in others], ["kept/big"])
        self.assertIn("kept/small", [file.path for file in chosen])

    def test_paths_that_lead_elsewhere_are_refused(self) -> None:
        within = ("/../x", "/a/../../x", "//x", "", "/")
        for name in ("/etc/x", "../x", "x", "other/x", f"./{NAME}/x", *(NAME + p for p in within)):
            self.refused(name)
        self.assertEqual(list(self.into.iterdir()), [])

    def test_links_devices_and_sparse_files_are_refused(self) -> None:
        for kind in (
            tarfile.SYMTYPE,
            tarfile.LNKTYPE,
            tarfile.FIFOTYPE,
            tarfile.CHRTYPE,
            b"5",
            b"S",
        ):
            self.refused(f"{NAME}/x", type=kind, linkname="/etc/passwd")

    def test_files_of_two_runs_or_of_none_are_refused(self) -> None:
        self.refused(f"{NAME}/x", f"{NAME}-2/x")
        self.refused()

    def test_more_than_fits_is_refused(self) -> None:
        with (
            mock.patch.object(archive, "MOST_BYTES", 10**6),
            mock.patch.object(archive, "MOST", 20),
        ):
            self.refused(f"{NAME}/x", size=3 * 10**6)
            self.refused(*(f"{NAME}/{number}" for number in range(30)))

    def test_damage_anywhere_is_a_sentence(self) -> None:
        whole = self.written(self.make())
        for place in range(0, len(whole), 7):
            self.file.write_bytes(whole[:place])
            self.read_or_refused()
            self.file.write_bytes(whole[:place] + b"\xff\0" + whole[place + 2 :])
            self.read_or_refused()

    def refused(self, *names: str, **fields: object) -> None:
        self.hostile(*names, **fields)
        with self.subTest(names=names[:2], **fields), self.assertRaises(LookupError):
            archive.read(self.file, self.into)

    def read_or_refused(self) -> None:
        try:
            archive.read(self.file, self.into)
        except LookupError as error:
            self.assertIn("expected", str(error))

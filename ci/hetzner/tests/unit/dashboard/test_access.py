"""Read access by a token."""

from __future__ import annotations

import tempfile
from pathlib import Path
from unittest import mock

from lib.dashboard import access
from tests.support.example_box import ExampleBox
from tests.support.queue_case import MEMORY
from tests.support.served import Asking

TOKEN = "0123456789abcdef-token"
PATHS = ("/", "/runs/", "/logs/", "/metrics", "/api/runs.json", "/api/events", "/badge/main.svg")


class WithToken(Asking):
    def setUp(self) -> None:
        state = Path(self.enterContext(tempfile.TemporaryDirectory(dir=MEMORY)))
        self.box = ExampleBox(state, CI_READ_TOKEN=TOKEN)
        self.serve(self.box.dashboard)

    def status(self, path: str, **headers: str) -> int:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.get(path, "HEAD", given).status

    def test_all_but_health_asks_for_the_token(self) -> None:
        for path in (*PATHS, "/nothing", "/%2e%2e/x"):
            answer = self.get(path)
            self.assertEqual(answer.status, 401, path)
            self.assertIn("Bearer", answer.headers["WWW-Authenticate"])
            self.assertNotIn(TOKEN, answer.read().decode() + str(answer.headers))
        self.assertIn(self.get("/health").status, (200, 503))

    def test_health_tells_strangers_no_words_of_programs(self) -> None:
        self.box.queue.set_message("ssh: connect to host 10.0.0.5: refused")
        told = self.get("/health").read().decode()
        self.assertNotIn("10.0.0.5", told)
        self.assertIn("Something keeps runs from starting", told)
        reader = self.get("/health", headers={"Authorization": f"Bearer {TOKEN}"})
        self.assertIn("10.0.0.5", reader.read().decode())

    def test_health_tells_strangers_of_a_note_that_it_holds_nothing_up(self) -> None:
        self.box.queue.set_note("NOTE: example.internal did not answer")
        told = self.get("/health").read().decode()
        self.assertNotIn("example.internal", told)
        self.assertNotIn("keeps runs from starting", told)
        self.assertIn("There is a note", told)

    def test_bearer_reads(self) -> None:
        for path in PATHS:
            self.assertEqual(self.status(path, Authorization=f"Bearer {TOKEN}"), 200, path)
            self.assertEqual(self.status(path, Authorization=f"bearer  {TOKEN}"), 200, path)

    def test_other_words_do_not_read(self) -> None:
        for given in (
            "",
            "Bearer",
            "Bearer ",
            f"Basic {TOKEN}",
            f"Bearer {TOKEN}x",
            TOKEN,
            "Bearer é",
        ):
            self.assertEqual(self.status("/", Authorization=given), 401, given)
        for cookie in ("", f"{access.COOKIE}=", f"{access.COOKIE}={TOKEN}", access.COOKIE, ";;="):
            self.assertEqual(self.status("/", Cookie=cookie), 401, cookie)

    def test_token_in_the_address_becomes_a_cookie_once(self) -> None:
        answer = self.get(f"/runs/?a=1&token={TOKEN}&follow")
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/runs/?a=1&follow="))
        cookie, *rights = answer.headers["Set-Cookie"].split("; ")
        self.assertLessEqual({"HttpOnly", "SameSite=Strict", "Path=/"}, set(rights))
        self.assertNotIn("Secure", rights)
        self.assertNotIn(TOKEN, str(answer.headers))
        self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
        for before in ("other=1; ", f"{access.COOKIE}=another; ", f"{access.COOKIE}=, "):
            self.assertEqual(self.status("/", Cookie=f"{before}{cookie}"), 200, before)
        self.assertEqual(self.status(f"/?token={TOKEN}x"), 401)

    def test_cookie_stays_within_https(self) -> None:
        given = {"X-Forwarded-Proto": "https"}
        answer = self.get(f"/?token={TOKEN}", headers=given)
        self.assertIn("; Secure", answer.headers["Set-Cookie"])

    def test_way_back_never_leads_to_another_host(self) -> None:
        for path in ("//evil.example/x", "/%2f/evil.example/x", "/%5cevil.example"):
            to = self.get(f"{path}?token={TOKEN}").headers["Location"]
            self.assertRegex(to, r"\A/(?![/\\])", path)

    def test_link_of_another_site_is_asked_once_more_with_the_cookie(self) -> None:
        elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        self.assertIn('http-equiv="refresh"', self.get("/", headers=elsewhere).read().decode())
        ours = {**elsewhere, "Sec-Fetch-Site": "same-origin"}
        self.assertNotIn('http-equiv="refresh"', self.get("/", headers=ours).read().decode())

    def test_tokens_are_compared_in_constant_time(self) -> None:
        with mock.patch("hmac.compare_digest", return_value=True) as compared:
            self.assertEqual(self.status("/", Authorization="Bearer other"), 200)
        compared.assert_called_once_with(b"other", TOKEN.encode())


class WithoutToken(Asking):
    def test_all_may_read(self) -> None:
        state = Path(self.enterContext(tempfile.TemporaryDirectory(dir=MEMORY)))
        self.serve(ExampleBox(state).dashboard)
        for path in PATHS:
            self.assertEqual(self.get(path, "HEAD").status, 200, path)
        self.assertEqual(self.get("/?token=").status, 200)

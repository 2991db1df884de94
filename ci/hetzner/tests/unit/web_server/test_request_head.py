"""The head of a request is read strictly: what two programs could read in two ways is refused."""

from __future__ import annotations

import unittest

from lib.web_server.limits import Limits
from lib.web_server.request_head import RefusedError, RequestHead, parse


def head(*lines: str, line: str = "POST /a HTTP/1.1", host: str = "Host: x") -> RequestHead:
    return parse("\r\n".join((line, host, *lines)).encode("latin-1"), Limits())


class Heads(unittest.TestCase):
    def refused(self, status: int, *lines: str, **named: str) -> None:
        with self.assertRaises(RefusedError, msg=f"{lines} {named}") as caught:
            head(*lines, **named)
        self.assertEqual(caught.exception.status.split()[0], str(status), (lines, named))

    def test_method_path_query_and_headers_are_told(self) -> None:
        found = head("A-b:\t1 \t2 \t", "a-B: 3", "C: \t", line="GET /a%20b?c=/d?e HTTP/1.0")
        self.assertEqual(found[:4], ("GET", "/a%20b", "c=/d?e", "HTTP/1.0"))
        self.assertEqual(found.headers, {"host": "x", "a-b": "1 \t2, 3", "c": ""})

    def test_proxy_may_send_a_whole_url(self) -> None:
        self.assertEqual(head(line="GET http://x:1?q HTTP/1.1")[1:3], ("/", "q"))
        self.assertEqual(head(line="GET HTTPS://x/a HTTP/1.1").path, "/a")
        self.assertEqual(head(line="GET /a?b=http://x/c HTTP/1.1")[1:3], ("/a", "b=http://x/c"))

    def test_line_that_is_no_request_is_refused(self) -> None:
        for line in (
            *("", "GET", "GET /", "GET / HTTP/1.1 ", " GET / HTTP/1.1", "GET  / HTTP/1.1"),
            *("G(T / HTTP/1.1", "GET /\x00 HTTP/1.1", "GET /ä HTTP/1.1", "GET a HTTP/1.1"),
            *("GET / HTTP/1.11", "GET / http/1.1", "GET /a#b HTTP/1.1", "OPTIONS * HTTP/1.1"),
            *(
                "GET / HTTP/1.1\nA: b",
                "GET /\rA HTTP/1.1",
                "GET / HTTP/٣.1".encode().decode("latin-1"),
            ),
        ):
            self.refused(400, line=line)
        self.refused(505, line="PRI * HTTP/2.0")

    def test_header_that_could_be_read_in_two_ways_is_refused(self) -> None:
        for line in (
            *("A", ": b", "A : b", " A: b", "\tA: b", "A: b\nC: d", "A: b\rC: d", "A: \x00"),
            *("A: b\x7f", "Ä: b", "A(: b", "Host: y", ""),
        ):
            self.refused(400, line)
        self.refused(400, host="A: without host")
        self.refused(431, *[f"A{number}: b" for number in range(100)])

    def test_name_that_an_application_could_mistake_is_left_out(self) -> None:
        self.assertNotIn("x_hub_signature_256", head("X_Hub_Signature_256: a").headers)

    def test_body_has_one_length_within_the_limit(self) -> None:
        self.assertEqual(head("Content-Length: 0012").length, 12)
        self.assertEqual(head().length, 0)
        for value in ("", "+1", "-1", "1 2", "1, 1", "0x1", "1.0", "1_0", "²", "9" * 16):
            self.refused(400, f"Content-Length: {value}")
        self.refused(400, "Content-Length: 1", "Content-Length: 1")
        self.refused(413, f"Content-Length: {25 * 1024 * 1024 + 1}")

    def test_encoded_body_is_refused(self) -> None:
        self.refused(411, "Transfer-Encoding: Chunked")
        self.refused(400, "Transfer-Encoding: chunked", "Content-Length: 1")
        self.refused(400, "Transfer-Encoding: chunked", "Transfer-Encoding: identity")
        for value in ("", "identity", "xchunked", "chunked, chunked", "gzip, chunked", '"chunked"'):
            self.refused(400, f"Transfer-Encoding: {value}")

    def test_client_may_wait_for_leave_to_send_and_expect_nothing_else(self) -> None:
        self.assertTrue(head("Expect: 100-Continue").waits)
        self.assertFalse(head("Expect: 100-continue", line="POST / HTTP/1.0").waits)
        self.refused(417, "Expect: 200-ok")


if __name__ == "__main__":
    unittest.main()

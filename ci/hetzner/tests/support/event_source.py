"""A client of server-sent events, as html.spec.whatwg.org tells browsers to read them."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import NamedTuple


class Message(NamedTuple):
    """An event; `last_id` is what the client would come back with."""

    name: str
    data: str
    last_id: str


def messages(answer: http.client.HTTPResponse) -> Iterator[Message]:
    """Yield the events of an answer until it ends."""
    name, data, last_id = "", "", ""
    for raw in answer:
        line = raw.decode().removesuffix("\n")
        if not line:
            if data:
                yield Message(name or "message", data.removesuffix("\n"), last_id)
            name, data = "", ""
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data += f"{value}\n"
        elif field == "id":
            last_id = value


def followed(answer: http.client.HTTPResponse) -> tuple[str, str]:
    """Return the text of a log that was followed to its end, and how its job has ended."""
    text = ""
    for message in messages(answer):
        if message.name == "end":
            return text, message.data
        if message.name == "attempt":
            text += f"<attempt {message.data}>"
        elif message.name == "message":
            text += message.data
    raise AssertionError(f"expected an event `end`, found that the stream ended after {text!r}")

"""Shows tables to a browser: `python -m buckaroo.server --port 8701`."""

from __future__ import annotations

import argparse
import asyncio
import json

import tornado.web
from werkzeug.urls import url_quote  # gone from newer versions than the locked one

import buckaroo

ROWS = [{"name": name, "size": size} for name, size in (("ash", 3), ("birch", 1), ("cedar", 2))]
PAGE = """<!doctype html><title>buckaroo</title><h1>buckaroo</h1><div id="root">{table}</div>
<a href="/summary?of={title}">summary</a>
<script type="module">{script}</script>"""


class Page(tornado.web.RequestHandler):
    """The table as a page."""

    def get(self) -> None:
        """Show it."""
        self.write(PAGE.format(title=url_quote("a table"), table=buckaroo.to_html(ROWS), script=buckaroo.widget_script))


class Summary(tornado.web.RequestHandler):
    """The table's summary as JSON."""

    def get(self) -> None:
        """Send it."""
        self.set_header("Content-Type", "application/json")
        self.write(json.dumps(buckaroo.summarize(ROWS)))


async def serve(port: int) -> None:
    """Listen on this machine until the end."""
    tornado.web.Application([("/", Page), ("/summary", Summary)]).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8701)
    asyncio.run(serve(parser.parse_args().port))

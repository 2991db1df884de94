#!/usr/bin/env bash
# In an environment of its own, with the wheel of dist/ and whatever its extra gets.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/serve_and_test.sh

wheels=(dist/buckaroo-*.whl)
environment=$PWD/.venv-server
hash=$(sha256sum "${wheels[0]}" | cut -d' ' -f1)
if [[ ! -e $environment/.wheel-sha256 || $(<"$environment/.wheel-sha256") != "$hash" ]]; then
  uv venv --quiet --clear "$environment"
  uv pip install --quiet --python "$environment/bin/python" "${wheels[0]}[mcp]"
  echo "$hash" >"$environment/.wheel-sha256"
fi

export CI_PORT_SERVER=${CI_PORT_SERVER:-8701} BUCKAROO_SERVER_PYTHON=$environment/bin/python
# from another directory, so that the installed package is imported and not the checkout's
serve() { cd "$core" && exec "$BUCKAROO_SERVER_PYTHON" -m buckaroo.server --port "$CI_PORT_SERVER"; }
serve_and_test playwright.config.server.ts "$CI_PORT_SERVER" serve

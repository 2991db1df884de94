#!/usr/bin/env bash
# Builds the wheel: the JavaScript core unless it is built, the widget, then the Python package.
set -euo pipefail
cd "$(dirname "$0")/.."

# whoever imports the package from this tree meanwhile fails
rm -rf buckaroo/static
mkdir buckaroo/static

core=packages/buckaroo-js-core
if [[ -e $core/dist/style.css && -e $core/dist/index.es.js ]]; then
  echo "the JavaScript core is built"
else
  (cd "$core" && pnpm run build)
fi
(cd packages/js && pnpm run build)
cp "$core/dist/style.css" buckaroo/static/compiled.css
uv build --wheel --quiet
ls dist

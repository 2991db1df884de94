#!/usr/bin/env bash
# Browser tests of the components in their storybook. Port: CI_PORT_STORYBOOK.
# Reads PW_GREP_FILTER; exits with 5 if no test matches it.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

free_ports CI_PORT_STORYBOOK "$CI_PORT_STORYBOOK"
playwright_tree storybook
playwright_script storybook

# The image of the CI box: a warm container in which pipeline.py runs one commit after the other.
# It holds tools and the runner, no dependency of the repository under test: those are installed
# by the first run in a container, and again when the lock files change.
# ci/hetzner/docs/operating.md shows how to build, start and renew it, and how the token gets in.
FROM node:20-bookworm

SHELL ["/bin/bash", "-o", "pipefail", "-c"]

# CI_BOX is the one setting that allows killing by name and cleaning the checkout
ENV CI_BOX=1 \
    DEBIAN_FRONTEND=noninteractive \
    PATH=/opt/uv/bin:$PATH \
    PLAYWRIGHT_BROWSERS_PATH=/opt/ms-playwright \
    PYTHONUNBUFFERED=1 \
    UV_LINK_MODE=hardlink \
    UV_PYTHON_INSTALL_DIR=/opt/uv-python

# the base image is pinned by its release; its security updates are wanted
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl git lsof procps python3 python3-venv tini \
    && rm -rf /var/lib/apt/lists/*

RUN python3 -m venv /opt/uv \
    && /opt/uv/bin/pip install --no-cache-dir uv==0.13.9 \
    && uv python install 3.11 3.12 3.13 3.14

# the system packages of browsers; the browsers belong to one version of Playwright, that of
# the lock file of a commit, and the job node-modules installs them
ARG PLAYWRIGHT=latest
RUN npm install --global pnpm@9.10.0 \
    && npx --yes "playwright@$PLAYWRIGHT" install-deps chromium \
    && rm -rf /root/.npm /var/lib/apt/lists/*

# the checkout belongs to another user than the root of this container
RUN git config --system --add safe.directory '*' \
    && mkdir -p /opt/ci /opt/venvs /opt/pnpm-store /root/.jupyter \
    && echo 'c.ServerApp.allow_root = True' > /root/.jupyter/jupyter_server_config.py

# outside of the checkout, so that no commit under test can change the runner. On a box the
# directory of versions is mounted over this one, and `current` leads to the version in use
COPY ci/hetzner /opt/ci-versions/image/ci/hetzner
RUN ln -s image /opt/ci-versions/current \
    && ln -s /opt/ci-versions/current/ci/hetzner /opt/ci-runner
ARG COMMIT=unknown
RUN echo "$COMMIT" > /opt/ci-runner/BUILD

WORKDIR /repo
VOLUME /opt/ci
# pid 1 reaps orphans
ENTRYPOINT ["tini", "--"]
CMD ["sleep", "infinity"]

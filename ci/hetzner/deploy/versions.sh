#!/usr/bin/env bash
# The versions of the runner on a box, a directory each, and their images: fetched, kept, removed.
# update.sh sources this file; its variables `versions`, `container` and `units` say where they are.
# shellcheck disable=SC2154,SC2034 # update.sh sets them, and uses ours

# version $1, which is here; `found` is its name
kept() {
  [[ $1 =~ ^[0-9a-f]{12}-[0-9a-f]{12}$ && -e $versions/$1/VERSION ]] ||
    fail "expected one of $(cd "$versions" && echo *-*), found $1"
  playwright=$(sed -n 's/^playwright //p' "$versions/$1/VERSION")
  found=$1
}

# the newest version in a directory of its own; `found` is its name: commit and image
fetch() {
  local source=$versions/source.git commit image place
  git init -q --bare "$source"
  playwright=$(playwright_of_repository)
  git -C "$source" fetch -q --depth 1 -- "$CI_SOURCE_URL" "$CI_SOURCE_REF" 9>&- ||
    fail "$CI_SOURCE_URL cannot be reached, or has no $CI_SOURCE_REF (a commit needs all its digits): see $settings"
  commit=$(git -C "$source" rev-parse 'FETCH_HEAD^{commit}')
  place=$(mktemp -d "$versions/.new.XXXXXX")
  chmod 755 "$place"
  git -C "$source" archive "$commit" Dockerfile ci/hetzner | tar -x -C "$place"
  image=$(image_of "$place")
  found=${commit:0:12}-$image
  if [[ ! -d $versions/$found ]]; then
    compiled python3 "$place" || fail "$commit cannot be compiled: it stays out"
    echo "${commit:0:12}" >"$place/ci/hetzner/BUILD"
    printf '%s\n' "commit $commit" "image ci-runner:$image" "playwright $playwright" >"$place/VERSION"
    mv -T "$place" "$versions/$found"
    fresh=1
  fi
}

# nobody can put compiled modules beside the source later: the user ci must not write there, and
# the container has it read-only
compiled() { ${1} -m compileall -q "$2"/ci/hetzner/{lib,deploy} "$2"/ci/hetzner/*.py >&2 9>&-; }

# a name for all that the image is made of: the Dockerfile, and the version of Playwright, whose
# browsers need packages of the system
image_of() {
  { cat "$1/Dockerfile" && echo "$playwright"; } | sha256sum | cut -c1-12
}

# the version of Playwright in the lock file of the repository under test; without an answer that of
# the version in use. Not from /repo: jobs could have written what git executes there
playwright_of_repository() {
  local source=$versions/source.git lock=FETCH_HEAD:packages/pnpm-lock.yaml found=
  if [[ -n $container ]] && git -C "$source" fetch -q --depth 1 -- "$CI_REPO_URL" HEAD 9>&-; then
    found=$(git -C "$source" show "$lock" 2>/dev/null |
      sed -nE "s/^ +'?\/?playwright-core[@\/]([0-9][^:'(]*).*/\1/p" | sort -uV | tail -n 1) || true
  else
    found=$(sed -n 's/^playwright //p' "$versions/current/VERSION" 2>/dev/null) || true
  fi
  echo "${found:-latest}"
}

have_image() {
  local image=ci-runner:${1#*-}
  [[ -n $container ]] || return 0
  if ! docker image inspect "$image" >/dev/null 2>&1 9>&-; then
    say "building $image"
    docker build -t "$image" --build-arg "COMMIT=${1%-*}" --build-arg "PLAYWRIGHT=$playwright" \
      "$versions/$1" 9>&- || fail "the image cannot be built: the box stays as it is"
  fi
  # its Python is another than the host's
  compiled "docker run --rm -v $versions:$versions $image python3" "$versions/$1" ||
    fail "the image of $1 does not work: the box stays as it is"
}

# removes what neither this version nor the one before needs
tidy() {
  local place image
  if [[ -n $units ]]; then
    drop_units "$(files "$1")"
  fi
  for place in "$versions"/*-*; do
    case ${place##*/} in
      "$1" | "$2") ;;
      *) rm -rf "$place" ;;
    esac
  done
  [[ -n $container ]] || return 0
  for image in $(docker image ls --format '{{.Tag}}' ci-runner 9>&-); do
    case $image in
      "${1#*-}" | "${2#*-}") ;;
      *) docker image rm "ci-runner:$image" >/dev/null 9>&- || true ;;
    esac
  done
}

# removes units that only other versions have: those of the one in use are in $1
drop_units() {
  local unit
  for unit in "$versions"/*-*/ci/hetzner/deploy/*.{service,timer}; do
    unit=${unit##*/}
    if [[ ! -e $1/$unit && -e $units/$unit ]]; then
      systemctl disable -q --now "$unit" || true
      rm "$units/$unit"
    fi
  done
}

#!/bin/sh
# Prepares this checkout on a machine with nothing but Python 3.11+ and network: brings uv, then the locked packages into .venv.
# Prints nothing when all is in place. Usage: ./bootstrap.sh [uv-sync options]; `./bootstrap.sh --uv` prints where uv is.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
UV_VERSION=0.13.9
UV_OLDEST=0.9
cache=${XDG_CACHE_HOME:-$HOME/.cache}/taskforce/uv-$UV_VERSION

python=
for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
  if command -v "$candidate" >/dev/null 2>&1 &&
    "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
    python=$(command -v "$candidate")
    break
  fi
done

new_enough() {
  "$1" --version 2>/dev/null | awk -v want="$UV_OLDEST" \
    '{ split($2, a, "."); split(want, b, "."); exit !(a[1] > b[1] || (a[1] == b[1] && a[2] + 0 >= b[2] + 0)) }
     END { if (!NR) exit 1 }'
}

find_uv() {
  if command -v uv >/dev/null 2>&1 && new_enough uv; then
    command -v uv
  elif new_enough "$cache/bin/uv"; then
    echo "$cache/bin/uv"
  else
    return 1
  fi
}

unreachable() {
  echo "uv を取得できません。ネットワークを確かめるか、uv を入れて PATH に置いてください / uv could not be fetched; check the network, or install uv on PATH" >&2
  exit 1
}

bring_uv() {
  if [ -z "$python" ]; then
    echo "Python 3.11 以降が見つかりません。入れてからもう一度実行してください / Python 3.11 or newer is needed; install it and run this again" >&2
    exit 2
  fi
  echo "uv $UV_VERSION を用意しています / bringing uv" >&2
  rm -rf "$cache.new"
  mkdir -p "$(dirname "$cache")"
  # Without ensurepip (Debian ships it apart) there is no venv, but perhaps the system's pip.
  if "$python" -m venv "$cache.new" >/dev/null 2>&1; then
    "$cache.new/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION" >&2 || unreachable
  elif "$python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$cache.new"
    "$python" -m pip install --quiet --disable-pip-version-check --target "$cache.new" "uv==$UV_VERSION" >&2 || unreachable
  else
    echo "pip がありません。Debian/Ubuntu では apt install python3-venv を実行してください / no pip; on Debian or Ubuntu: apt install python3-venv" >&2
    exit 2
  fi
  rm -rf "$cache"
  mv "$cache.new" "$cache"
}

uv=$(find_uv) || { bring_uv; uv=$(find_uv); }
if [ "${1:-}" = --uv ]; then
  echo "$uv"
  exit 0
fi
cd "$here"
# An environment that works keeps its Python. A new one takes the Python that is here: no other is downloaded.
if [ -n "$python" ] && ! .venv/bin/python -c '' >/dev/null 2>&1; then
  export UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1 # compiled once here, not at somebody's first command
  set -- --python "$python" "$@"
fi
if ! "$uv" sync --locked --quiet "$@"; then
  echo "パッケージを用意できません。上の行とネットワークを確かめてください / the packages could not be brought; see the lines above, and the network" >&2
  exit 1
fi

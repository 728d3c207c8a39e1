#!/bin/sh
# Prepares this checkout on a machine with nothing but Python 3.11+ and network: brings uv, then the locked packages into .venv.
# Prints nothing when all is in place. Usage: ./bootstrap.sh [uv-sync options]; `./bootstrap.sh --uv` prints where uv is.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
UV_VERSION=0.13.9
cache=${XDG_CACHE_HOME:-$HOME/.cache}/taskforce/uv-$UV_VERSION

python=
for candidate in python3.13 python3.12 python3.11 python3.14 python3 python; do
  if command -v "$candidate" >/dev/null 2>&1 &&
    "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
    python=$(command -v "$candidate")
    break
  fi
done

find_uv() {
  if command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; then
    command -v uv
  elif [ -x "$cache/bin/uv" ]; then
    echo "$cache/bin/uv"
  else
    return 1
  fi
}

bring_uv() {
  if [ -z "$python" ]; then
    echo "Python 3.11 以降が見つかりません。入れてからもう一度実行してください / Python 3.11 or newer is needed; install it and run this again" >&2
    exit 2
  fi
  echo "uv $UV_VERSION を用意しています / bringing uv" >&2
  rm -rf "$cache.new"
  # A venv without pip needs no ensurepip (Debian ships it apart); pip of the system installs into it.
  if "$python" -m venv "$cache.new" >/dev/null 2>&1; then
    "$cache.new/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION" >&2
  elif "$python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$cache.new"
    "$python" -m pip install --quiet --disable-pip-version-check --target "$cache.new" "uv==$UV_VERSION" >&2
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
if [ -n "$python" ]; then
  exec "$uv" sync --locked --quiet --python "$python" "$@"
fi
exec "$uv" sync --locked --quiet "$@"

# Shared by the scripts beside it; sourced, not run. Enters the root of the repository.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# The comment at the head of the script that calls it, as its help.
print_help() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"; }

say() { printf '== %s\n' "$*"; }

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# quietly WHAT COMMAND...: its output goes to a file, whose end is shown only if the command fails.
quietly() {
  local what=$1 log
  shift
  log=$(mktemp "${TMPDIR:-/tmp}/plastic-XXXXXX.log")
  if "$@" >"$log" 2>&1 </dev/null; then
    rm -f "$log"
    return
  fi
  tail -n 60 "$log" >&2
  die "$what failed; the whole output is in $log"
}

# The folder of the virtual environment with PyTorch, which all clones share: one for each list of
# what is in it.
peer_folder() {
  local list
  list=$(cksum <tests/parity/requirements.txt)
  echo "${XDG_CACHE_HOME:-${HOME:?is not set}/.cache}/plastic/peer-${list%% *}"
}

# The Python that the tests compare with; see scripts/peer-python.
peer_python() { echo "${PLASTIC_PEER_PYTHON:-$(peer_folder)/bin/python}"; }

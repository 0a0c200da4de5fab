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

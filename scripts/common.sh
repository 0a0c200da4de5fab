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

# Whether a package of Debian's is installed.
is_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

apt_get() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 "$@"
}

update_and_install() {
  # A broken third-party source fails the update, though what we need may still be found.
  apt_get update || echo "apt-get update failed; trying with the lists at hand"
  apt_get install -y --no-install-recommends "$@"
}

# install_packages PACKAGE...: as root or by sudo, or says which to install.
install_packages() {
  command -v apt-get >/dev/null ||
    die "no apt-get here; install what Debian calls: $*"
  as_root=()
  if [[ $(id -u) != 0 ]]; then
    local advice="install these packages as root: $*"
    command -v sudo >/dev/null || die "neither root nor sudo; $advice"
    # With a terminal it may ask for the password, before its output goes to a file.
    sudo -n true 2>/dev/null || { [[ -t 0 ]] && sudo -v; } || die "sudo refused; $advice"
    as_root=(sudo)
  fi
  say "setup: installing $* (a minute or so)"
  quietly "apt-get install" update_and_install "$@"
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

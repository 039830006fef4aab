#!/usr/bin/env bash
# Puts the vpinfer that was built here on the other hosts of a hostfile, at the same path, with the
# packages that it needs to run, and sees that it starts there:
#     jobs/setup-pis.sh HOSTFILE
# The hosts have the same processor and Debian as this one, and let this user in by ssh, and there
# use sudo, without a password.
set -euo pipefail

if [[ $# -ne 1 || ! -r $1 ]]; then
  echo "usage: jobs/setup-pis.sh HOSTFILE" >&2
  exit 2
fi
mapfile -t hosts < <(awk '$1 && $1 !~ /^#/ { print $1 }' "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ ! -x build/release/vpinfer ]]; then
  echo "setup-pis.sh: build/release/vpinfer is missing; jobs/quickstart.sh builds it" >&2
  exit 2
fi
folder=$(printf '%q' "$PWD")

# shellcheck disable=SC2029  # $folder is meant to expand here
set_up() {
  local host=$1 processor
  processor=$(ssh -n "$host" uname -m) || return
  if [[ $processor != "$(uname -m)" ]]; then
    echo "$host has another processor, $processor" >&2
    return 1
  fi
  tar -c build/release/vpinfer jobs | ssh "$host" "mkdir -p $folder && tar -x -C $folder" \
    && ssh -n "$host" "$folder/jobs/install-packages.sh run && $folder/build/release/vpinfer --version"
}

failed=()
for host in "${hosts[@]}"; do
  [[ $host != localhost && $host != "$(hostname)" ]] || continue
  echo "$host"
  set_up "$host" || failed+=("$host")
done
if [[ ${#failed[@]} -gt 0 ]]; then
  echo "setup-pis.sh: not set up: ${failed[*]}" >&2
  exit 1
fi

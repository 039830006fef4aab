#!/usr/bin/env bash
# Puts the vpinfer that was built here on the other hosts of a hostfile, at the same path, with the
# packages that it needs to run:
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
folder=$(printf '%q' "$PWD")

for host in "${hosts[@]}"; do
  [[ $host != localhost && $host != "$(hostname)" ]] || continue
  echo "$host"
  # shellcheck disable=SC2029  # $folder is meant to expand here
  tar -c build/release/vpinfer jobs | ssh "$host" "mkdir -p $folder && tar -x -C $folder"
  ssh -n "$host" "$folder/jobs/install-packages.sh run"
done

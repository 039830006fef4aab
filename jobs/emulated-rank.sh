#!/usr/bin/env bash
# Becomes a rank with the core, the share of it and the memory limit of its emulated host:
#     jobs/emulated-rank.sh COMMAND [ARGUMENT]...
# $VPINFER_EMULATION is the folder of the emulation.
set -euo pipefail

# shellcheck source=/dev/null
source "$VPINFER_EMULATION/$(hostname)"
for group in "${groups[@]:?}"; do
  echo $$ >"$group/cgroup.procs"
done
exec taskset --cpu-list "${core:?}" "$@"

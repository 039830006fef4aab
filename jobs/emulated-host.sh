#!/usr/bin/env bash
# Runs a command on an emulated host, as ssh does on a real one: the launch agent of the mpirun in
# emulate.sh.
#     jobs/emulated-host.sh HOST COMMAND...
# $VPINFER_EMULATION is the folder of the emulation.
set -euo pipefail

host=$1
shift
# shellcheck source=/dev/null
source "$VPINFER_EMULATION/$host"

# mpirun and its daemons belong to the emulation, but are not slowed down: they do next to nothing
# while ranks run.
echo $$ >"${launcher:?}/cgroup.procs"

# nsenter, unlike ip netns exec, leaves /sys as it is, so that a rank finds its control group.
# shellcheck disable=SC2016  # $1 and so on are the inner shell's
exec nsenter "--net=/run/netns/${namespace:?}" unshare --uts --mount bash -c '
  hostname "$1"
  mount --bind "$2" /etc/hosts
  exec bash -c "$3"' bash "$host" "$VPINFER_EMULATION/hosts" "$*"

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

# Of /sys, the host sees its own network interfaces, and the control groups of this machine, by which
# a rank finds its own.
# shellcheck disable=SC2016  # $1 and so on are the inner shell's
exec nsenter "--net=/run/netns/${namespace:?}" unshare --uts --mount bash -c '
  hostname "$1"
  mount --bind "$2/$1.hosts" /etc/hosts
  mount --rbind /sys/fs/cgroup "$2/cgroup"
  mount -t sysfs sysfs /sys
  mount --rbind "$2/cgroup" /sys/fs/cgroup
  exec bash -c "$3"' bash "$host" "$VPINFER_EMULATION" "$*"

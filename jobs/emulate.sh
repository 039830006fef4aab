#!/usr/bin/env bash
# A cluster on one machine; see --help.
set -euo pipefail

usage() {
  cat <<'END'
usage: jobs/emulate.sh [OPTION]... -- COMMAND [ARGUMENT]...
       jobs/emulate.sh --calibrate [OPTION]...

Runs COMMAND as one MPI rank on each of several emulated hosts, which have a share of a core, a
network link and, if wanted, a memory limit of their own, as `mpirun --hostfile` does on real ones.
Standard input goes to rank 0.  Needs root.  For example:

    jobs/emulate.sh --hosts 8 --cpu 20% --link 1gbit -- build/release/vpinfer --model out/yolov2.h5

Where hosts differ, a list says each host's value: --hosts 3 --cpu 20%,20%,10%

  --hosts N           number of hosts, pi1 to piN, 1 to 64 [8]
  --cpu SHARE,...     each host's share of one core, 1% to 100% [20%]
  --link RATE,...     each host's link in both directions, such as 100mbit or 1gbit [1gbit]
  --memory SIZE,...   each host's memory, such as 128MiB; at least 16MiB [no limit]
  --extra THING,...   what every host has besides, as real ones may: docker (a bridge docker0 with
                      the same address everywhere), wifi (wlan0 at 20mbit, on the subnet of eth0),
                      other-wifi (the same on a subnet of its own), ipv6 (an address for eth0),
                      own-name (the host's name is 127.0.1.1)
  --calibrate         instead of COMMAND, evenly divided work with tiny messages, on one host like
                      pi1 and on all: its speed-up is the most that this emulation can show
  --quiet             do not print the command for real hosts
  --help

On real hosts, the same is, with a line `HOST slots=1` for each host in HOSTFILE,

    source jobs/mpi-environment.sh
    mpirun --hostfile HOSTFILE COMMAND [ARGUMENT]...

Exit codes: mpirun's, which is COMMAND's; 2 bad usage; 69 this machine lacks something to emulate
hosts; 129, 130 and 143 after a hang-up, Ctrl-C and a termination.  Whatever ends an emulation, its
processes, namespaces and control groups end with it.
END
}

jobs=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
name=vpinfer-$$
folder=/run/$name
# shellcheck source=SCRIPTDIR/emulation.sh
source "$jobs/emulation.sh"

## Options

hosts=8 cpu=20% link=1gbit memory='' extra='' calibrate='' quiet=''
while [[ $# -gt 0 ]]; do
  case $1 in
    --hosts | --cpu | --link | --memory | --extra)
      [[ $# -ge 2 ]] || die 2 "$1 needs a value; see --help"
      printf -v "${1#--}" %s "$2"
      shift 2
      ;;
    --calibrate) calibrate=yes; shift ;;
    --quiet) quiet=yes; shift ;;
    --help) usage; exit 0 ;;
    --) shift; break ;;
    -*) die 2 "no option '$1'; see --help" ;;
    *) break ;;
  esac
done
[[ $hosts =~ ^([1-9]|[1-5][0-9]|6[0-4])$ ]] || die 2 "--hosts: '$hosts' is not a number from 1 to 64"

# Puts each host's value of an option into the array of the option's name.
spread() {
  local option=$1 values host
  # shellcheck disable=SC2178  # the array is another one
  local -n list=${option}s
  IFS=, read -ra values <<<"${!option}"
  [[ ${#values[@]} -eq 1 || ${#values[@]} -eq $hosts ]] \
    || die 2 "--$option: ${#values[@]} values for $hosts hosts; give one for all, or one for each"
  for ((host = 0; host < hosts; host++)); do
    # shellcheck disable=SC2034
    list[host]=${values[host % ${#values[@]}]}
  done
}

cpus=() links=() memorys=()
spread cpu
spread link
for value in "${cpus[@]}"; do
  [[ $value =~ ^([1-9]|[1-9][0-9])(\.[0-9]+)?%$|^100%$ ]] \
    || die 2 "--cpu: '$value' is not a share of one core, 1% to 100%"
done
for value in "${links[@]}"; do
  [[ $value =~ ^[1-9][0-9]{0,5}[kmg]bit$ ]] \
    || die 2 "--link: '$value' is not a rate such as 100mbit or 1gbit"
done
if [[ -n $memory ]]; then
  spread memory
  for ((i = 0; i < hosts; i++)); do
    value=${memorys[i]}
    [[ $value =~ ^[1-9][0-9]{0,5}(MiB|GiB)$ ]] \
      || die 2 "--memory: '$value' is not a size such as 128MiB or 2GiB"
    memorys[i]=$(numfmt --from=iec-i --suffix=B "$value")
    memorys[i]=${memorys[i]%B}
    ((memorys[i] >= 16 << 20)) || die 2 "--memory: '$value' is less than 16MiB"
  done
fi
IFS=, read -ra extras <<<"$extra"
for value in "${extras[@]}"; do
  [[ $value =~ ^(docker|wifi|other-wifi|ipv6|own-name)$ ]] \
    || die 2 "--extra: '$value' is none of docker, wifi, other-wifi, ipv6 and own-name"
done
[[ ,$extra, != *,wifi,* || ,$extra, != *,other-wifi,* ]] \
  || die 2 "--extra: wifi and other-wifi are one interface"
if [[ -n $calibrate ]]; then
  [[ $# -eq 0 ]] || die 2 "--calibrate runs a program of its own; '$1' is too much"
else
  [[ $# -gt 0 ]] || die 2 "the command to run is missing; see --help"
fi

## What this machine must have

[[ $EUID -eq 0 ]] || die 69 "needs root, to make network namespaces and control groups"
for program in mpirun ip tc nsenter unshare taskset hostname; do
  command -v "$program" >/dev/null \
    || die 69 "needs $program, which jobs/install-packages.sh emulate installs"
done
cpu_parent=$(control_parent cpu)
[[ -n $cpu_parent ]] || die 69 "the kernel has no control groups for cpu, or they are not mounted"

if [[ -n $calibrate ]]; then
  null_run=${jobs%/*}/build/release/null_run
  [[ -x $null_run ]] \
    || die 69 "$null_run is missing; cmake --build --preset release --target null_run makes it"
  one=$("$0" --quiet --hosts 1 --cpu "${cpus[0]}" --link "${links[0]}" -- "$null_run")
  all=$("$0" --quiet --hosts "$hosts" --cpu "$cpu" --link "$link" -- "$null_run")
  awk -v hosts="$hosts" -v one="$one" -v all="$all" 'BEGIN {
    printf "1 host: %.3f s, %d hosts: %.3f s; ceiling %.2f\n", one, hosts, all, one / all
  }'
  exit
fi

## Build the cluster

# The supervisor takes everything down when this shell, which alone holds $alive, is gone.
# shellcheck disable=SC2016  # $1 and $2 are the inner shell's
exec {alive}> >(exec setsid bash -c 'source "$1/emulation.sh"; name=$2; supervise' \
  bash "$jobs" "$name" >/dev/null)
supervisor=$!
# What mpirun says passes through a filter: a daemon's start that is quicker than mpirun is no news.
exec {log}> >(trap '' INT TERM HUP; exec sed --unbuffered '/plm:rsh: Warning: setpgid/d' {alive}>&- >&2)
filter=$!
# shellcheck disable=SC2317  # the trap reaches it
finish() {
  trap '' INT TERM HUP
  exec {alive}>&-
  wait "$supervisor" || true
  exec {log}>&-
  wait "$filter" || true
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

must "make its folder" mkdir --mode=700 "$folder" "$folder/tmp" "$folder/cgroup"
mapfile -t numbers < <(seq "$hosts")
make_groups "$cpu_parent" cpu launcher "${numbers[@]}"
prefer_hosts "$cpu_parent/$name"
memory_parent=
if [[ -n $memory ]]; then
  memory_parent=$(control_parent memory)
  if [[ -n $memory_parent ]]; then
    make_groups "$memory_parent" memory "${numbers[@]}"
  else
    echo "emulate.sh: the kernel has no control groups for memory; a rank that has gone over its" \
      "limit is found and killed a moment later" >&2
  fi
fi
make_switch

# Every host is pinned to the core that is least used so far, which makes a rank use one thread.
mapfile -t cores < <(awk '$1 == "Cpus_allowed_list:" {
  count = split($2, ranges, ",")
  for (i = 1; i <= count; i++) {
    split(ranges[i], ends, "-")
    for (core = ends[1]; core <= (ends[2] == "" ? ends[1] : ends[2]); core++) print core
  }
}' /proc/self/status)
mapfile -t pins < <(awk -v cores="${cores[*]}" -v shares="${cpus[*]%\%}" 'BEGIN {
  count = split(cores, core); hosts = split(shares, share)
  for (host = 1; host <= hosts; host++) {
    best = 1
    for (i = 2; i <= count; i++) if (used[i] < used[best]) best = i
    used[best] += share[host]
    if (used[best] > 100.001) full = 1
    print core[best]
  }
  if (full)
    print "emulate.sh: warning: hosts that share a core have more than all of it, and will be slower than --cpu says" >"/dev/stderr"
}')

names=$(for number in "${numbers[@]}"; do echo "$subnet.$number pi$number"; done)
for ((host = 1; host <= hosts; host++)); do
  make_host "$host" "${links[host - 1]}"
  groups=("$cpu_parent/$name/$host")
  limit_cpu "${groups[0]}" "${cpus[host - 1]%\%}"
  if [[ -n $memory_parent ]]; then
    limit_memory "$memory_parent/$name/$host" "${memorys[host - 1]}"
    [[ $memory_parent == "$cpu_parent" ]] || groups+=("$memory_parent/$name/$host")
  fi
  printf '%s\n' "127.0.0.1 localhost" "$names" >"$folder/pi$host.hosts"
  for value in "${extras[@]}"; do
    "add_${value//-/_}" "$host"
  done
  echo "pi$host slots=1" >>"$folder/hostfile"
  namespace=$name-$host core=${pins[host - 1]} launcher=$cpu_parent/$name/launcher
  declare -p namespace launcher groups core >"$folder/pi$host"
done

## Run the command

# shellcheck source=SCRIPTDIR/mpi-environment.sh
source "$jobs/mpi-environment.sh"
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE OPENBLAS_NUM_THREADS
export VPINFER_EMULATION=$folder

# Plain TCP, and every daemon started from the first host.  Which network they take is left to them,
# as on real hosts.
# shellcheck disable=SC2054  # the commas are Open MPI's
mpirun=(mpirun --hostfile "$folder/hostfile"
  --mca plm_rsh_agent "$jobs/emulated-host.sh" --mca plm_rsh_no_tree_spawn 1
  --mca pml ob1 --mca btl tcp,self
  --mca orte_tmpdir_base "$folder/tmp")
if [[ -z $quiet ]]; then
  {
    echo "$hosts emulated hosts, pi1 to pi$hosts. On real ones, with a line 'pi1 slots=1' for each in pis.txt:"
    printf '    mpirun --hostfile pis.txt'
    printf ' %q' "$@"
    printf '\n'
  } >&2
fi

# In the background, because a shell takes signals only then; with the standard input of this one.
printf -v command '%q ' "${mpirun[@]}" "$jobs/emulated-rank.sh" "$@"
"$jobs/emulated-host.sh" pi1 "exec $command" <&0 2>&"$log" {alive}>&- {log}>&- &
mpirun_process=$!
if [[ -n $memory && -z $memory_parent ]]; then
  watch_memory "$cpu_parent/$name" "$folder/out_of_memory" "${memorys[@]}" {alive}>&- {log}>&- &
fi
code=0
wait "$mpirun_process" || code=$?

if [[ -n $memory ]]; then
  for ((host = 1; host <= hosts; host++)); do
    if ran_out_of_memory "$memory_parent/$name/$host" "$folder/out_of_memory" "$host"; then
      echo "emulate.sh: pi$host ran out of its $(in_mebibytes "${memorys[host - 1]}") of memory" >&"$log"
    fi
  done
fi
exit "$code"

# To be sourced by emulate.sh: builds an emulated cluster of network namespaces and control groups,
# and takes it down.  Everything in it is named after the emulation, $name (vpinfer-PID):
#     namespace $name-switch            a bridge, with one end of every link
#     namespaces $name-1, -2, ...       one per host, with the other ends as eth0 and wlan0
#     control groups $name/1, /2, ...   one per host, with its rank's processes
#     control group $name/launcher      mpirun and its daemons
#     folder /run/$name                 what ranks must know of hosts, and Open MPI's own files
# shellcheck shell=bash disable=SC2154  # emulate.sh sets $name

subnet=10.77.0  # of every emulation: nothing leads from one into another, or out of it

die() {
  echo "emulate.sh: $2" >&2
  exit "$1"
}

# Runs a command; if it fails, says what could not be done, and why.
must() {
  local what=$1 message
  shift
  if ! message=$("$@" 2>&1); then
    message=${message//$'\n'/; }
    die 69 "could not $what: ${message:-$1 failed}"
  fi
}

# Writes a value into a file of a control group.
control() {
  local value=$1 file=$2
  # shellcheck disable=SC2016  # $1 and $2 are the inner shell's
  must "limit a host with $file" bash -c 'echo "$1" >"$2"' bash "$value" "$file"
}

# Where the groups of an emulation go: the folder of control group version 1 in which this process
# is, and for version 2, whose inner folders hold no processes, the top.  Empty without the
# controller $1.
control_parent() {
  local controller=$1 mount own
  mount=$(awk -v c="$controller" '$3 == "cgroup" && ("," $4 ",") ~ ("," c ",") { print $2; exit }' /proc/mounts)
  if [[ -n $mount ]]; then
    own=$(awk -F: -v c="$controller" '("," $2 ",") ~ ("," c ",") { print $3; exit }' /proc/self/cgroup)
    [[ -d $mount$own ]] || own=
    own=${own%/}
    echo "$mount$own"
    return
  fi
  mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
  if [[ -n $mount ]] && grep -qw "$controller" "$mount/cgroup.controllers"; then
    echo "$mount"
  fi
}

is_version_2() {
  [[ -e $1/cgroup.controllers ]]
}

# Makes the group of an emulation, and in it one for each of these.
make_groups() {
  local parent=$1 controller=$2 group
  shift 2
  must "make control groups" mkdir -p "$parent/$name"
  if is_version_2 "$parent"; then
    grep -qw "$controller" "$parent/cgroup.subtree_control" \
      || control "+$controller" "$parent/cgroup.subtree_control"
    control "+$controller" "$parent/$name/cgroup.subtree_control"
  fi
  for group in "$@"; do
    must "make control groups" mkdir -p "$parent/$name/$group"
  done
}

# A host's share of a core, in percent: in a period as short as the shortest quota of 1 ms allows,
# because a host that has used its quota up stands still until the next one.
limit_cpu() {
  local group=$1 percent=$2 period quota
  read -r period quota < <(awk -v percent="$percent" 'BEGIN {
    period = 5000
    if (period * percent / 100 < 1000) period = 100000 / percent
    printf "%.0f %.0f\n", period, period * percent / 100
  }')
  if is_version_2 "$group"; then
    control "$quota $period" "$group/cpu.max"
    [[ ! -e $group/cpu.max.burst ]] || control $((quota / 2)) "$group/cpu.max.burst"
  else
    control "$period" "$group/cpu.cfs_period_us"
    control "$quota" "$group/cpu.cfs_quota_us"
    [[ ! -e $group/cpu.cfs_burst_us ]] || control $((quota / 2)) "$group/cpu.cfs_burst_us"
  fi
}

# Other work on this machine does not slow the hosts down, as far as it can be told to wait.
prefer_hosts() {
  local group=$1
  if is_version_2 "$group"; then
    control 10000 "$group/cpu.weight"
  else
    control 262144 "$group/cpu.shares"
  fi
}

# Without swap, which a Pi has none of to speak of.
limit_memory() {
  local group=$1 bytes=$2
  if is_version_2 "$group"; then
    control "$bytes" "$group/memory.max"
    [[ ! -e $group/memory.swap.max ]] || control 0 "$group/memory.swap.max"
  else
    control "$bytes" "$group/memory.limit_in_bytes"
    [[ ! -e $group/memory.memsw.limit_in_bytes ]] \
      || control "$bytes" "$group/memory.memsw.limit_in_bytes"
  fi
}

# Where the kernel does not limit the memory of hosts: looks every moment for a rank that has ever
# been larger than its host, kills it, and notes the host in a file.  A limit on what a process may
# allocate (prlimit --data) is no substitute: OpenBLAS reserves more than it uses, and when it gets
# nothing, tries again for ever.
watch_memory() {
  local parent=$1 notes=$2 host bytes process kibibytes
  local limits=("${@:2}")
  while [[ -d $parent ]]; do
    for ((host = 1; host < ${#limits[@]}; host++)); do
      bytes=0
      while read -r process; do
        kibibytes=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$process/status" 2>/dev/null) || continue
        bytes=$((bytes + ${kibibytes:-0} * 1024))
        if ((bytes > limits[host])); then
          echo "$host" >>"$notes"
          kill -KILL "$process" 2>/dev/null || true
        fi
      done < <(cat "$parent/$host/cgroup.procs" 2>/dev/null)
    done
    sleep 0.1
  done
}

# Whether a process of a host was killed for its memory: by the kernel, or by watch_memory.
ran_out_of_memory() {
  local group=$1 notes=$2 host=$3
  grep -qsx "$host" "$notes" \
    || grep -qs '^oom_kill [1-9]' "$group/memory.events" "$group/memory.oom_control"
}

in_mebibytes() {
  echo "$(($1 >> 20)) MiB"
}

make_switch() {
  must "make a network namespace (ip netns)" ip netns add "$name-switch"
  must "make a bridge" ip -n "$name-switch" link add switch type bridge
  must "start the bridge" ip -n "$name-switch" link set switch up
}

# What a link that has been idle may bring at once, in bytes: as much as it brings in 0.64 ms, and
# one packet at least.  Beyond that, short messages on slow links would cost nothing.
burst_of() {
  local number=${1%[kmg]bit} bits
  case $1 in
    *kbit) bits=$((number * 1000)) ;;
    *mbit) bits=$((number * 1000000)) ;;
    *gbit) bits=$((number * 1000000000)) ;;
  esac
  local burst=$((bits * 8 / 100000)) least=2000
  echo "$((burst > least ? burst : least))"
}

# Connects a host to the switch by a link of this rate in both directions, as the interface $2 with
# the address $3, whose routes are taken in the order of the metric $5.
make_link() {
  local host=$1 interface=$2 address=$3 rate=$4 metric=$5 namespace=$name-$1 port=$2-$1
  local shape=(root tbf rate "$rate" burst "$(burst_of "$rate")" latency 50ms)
  must "make a pair of interfaces (veth)" \
    ip -n "$name-switch" link add "$port" type veth peer name "$interface" netns "$namespace"
  must "connect a host" ip -n "$name-switch" link set "$port" master switch up
  must "give a host its address" \
    ip -n "$namespace" address add "$address/24" dev "$interface" metric "$metric"
  must "start a host's interface" ip -n "$namespace" link set "$interface" up
  must "shape a link (tc, tbf)" tc -n "$namespace" qdisc add dev "$interface" "${shape[@]}"
  must "shape a link (tc, tbf)" tc -n "$name-switch" qdisc add dev "$port" "${shape[@]}"
}

make_host() {
  local host=$1 rate=$2 namespace=$name-$1
  must "make a network namespace (ip netns)" ip netns add "$namespace"
  must "start a host's interface" ip -n "$namespace" link set lo up
  make_link "$host" eth0 "$subnet.$host" "$rate" 100
}

# What Docker leaves on every host where it is installed: the same address everywhere.
add_docker() {
  local namespace=$name-$1
  must "make a bridge" ip -n "$namespace" link add docker0 type bridge
  must "give a bridge its address" ip -n "$namespace" address add 172.17.0.1/16 dev docker0
  must "start a bridge" ip -n "$namespace" link set docker0 up
}

# Wi-Fi with this address.  Each interface answers only for its own address, though both are on one
# switch: of a real host's, the wired one answers first, or the other cannot be asked.
add_wlan() {
  local host=$1 address=$2
  must "let interfaces answer for themselves" ip netns exec "$name-$host" bash -c '
    echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore
    echo 2 >/proc/sys/net/ipv4/conf/all/arp_announce'
  make_link "$host" wlan0 "$address" 20mbit 600
}

# A second way to the same network, as a Pi has whose Wi-Fi is on beside its Ethernet.
add_wifi() {
  add_wlan "$1" "$subnet.$((100 + $1))"
}

add_other_wifi() {
  add_wlan "$1" "10.78.0.$1"
}

add_ipv6() {
  local namespace=$name-$1
  must "give a host an IPv6 address" ip -n "$namespace" address add "fd77::$1/64" dev eth0 nodad
}

# As Debian's installer does.
add_own_name() {
  sed -i "s/^$subnet.$1 /127.0.1.1 /" "$folder/pi$1.hosts"
}

# The processes of an emulation: those in its groups, and guests in its namespaces.
processes() {
  local group namespace
  for group in "${groups[@]}"; do
    cat "$group"/*/cgroup.procs 2>/dev/null || true
  done
  for namespace in "${namespaces[@]}"; do
    ip netns pids "${namespace##*/}" 2>/dev/null || true
  done
}

# Leaves nothing of the emulation $name, however much of it was built.
take_down() {
  local namespace group try left
  local namespaces=(/run/netns/"$name"-*) groups=()
  mapfile -t groups < <(for controller in cpu memory; do
    group=$(control_parent $controller)
    [[ -z $group ]] || echo "$group/$name"
  done | sort --unique)

  for ((try = 0; try < 100; try++)); do
    mapfile -t left < <(processes)
    [[ ${#left[@]} -gt 0 ]] || break
    kill -KILL "${left[@]}" 2>/dev/null || true
    sleep 0.05
  done
  for namespace in "${namespaces[@]}"; do
    [[ ! -e $namespace ]] || ip netns delete "${namespace##*/}"
  done
  for group in "${groups[@]}"; do
    for ((try = 0; try < 100; try++)); do
      rmdir "$group"/*/ "$group" 2>/dev/null || true
      [[ -d $group ]] || break
      sleep 0.05
    done
  done
  rm -rf "/run/$name"
}

# Waits for the end of emulate.sh, however it comes, which ends its standard input.  Then takes
# the emulation down.
supervise() {
  trap '' INT TERM HUP
  cat >/dev/null || true
  take_down
}

#!/usr/bin/env bash
# Finds what keeps hosts from running vpinfer together; see --help.
set -euo pipefail
shopt -s extglob

usage() {
  cat <<'END'
usage: jobs/doctor.sh HOSTFILE [--program PATH]

To be run on the host where mpirun will be: looks at every host of HOSTFILE, all at once, before MPI
starts, and says in a line each what has to be mended, and how, and what is worth knowing.

  --program PATH  the vpinfer that will run [build/release/vpinfer of this source tree]
  --help

It asks each host whether ssh lets this user in without a question, for the same vpinfer, Open MPI
and kind of processor as here, what the hosts are called, how they are linked to this one, and what
memory and clock they have.  It changes nothing.  If OMPI_MCA_plm_rsh_agent is set, it is what
reaches hosts instead of ssh, as it is for mpirun.

Exit codes: 0 all is well, with notes or without; 1 something has to be mended; 2 bad usage;
3 HOSTFILE cannot be read, is not one, or has no hosts.
END
}

die() {
  echo "doctor.sh: $2" >&2
  exit "$1"
}

jobs=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
connect_seconds=5 answer_seconds=20
little_memory=128  # MiB

## Options

hostfile='' program='' options=yes
while [[ $# -gt 0 ]]; do
  case $options$1 in
    yes--program)
      [[ $# -ge 2 && -n $2 ]] || die 2 "$1 needs a value; see --help"
      program=$2
      shift 2
      continue
      ;;
    yes--help) usage; exit 0 ;;
    yes--) options='' ;;
    yes-*) die 2 "no option '$1'; see --help" ;;
    *)
      [[ -z $hostfile ]] || die 2 "'$1' is too much; see --help"
      [[ -n $1 ]] || die 2 "HOSTFILE is empty; see --help"
      hostfile=$1
      ;;
  esac
  shift
done
[[ -n $hostfile ]] || die 2 "HOSTFILE is missing; see --help"

own_program=${jobs%/*}/build/release/vpinfer
program=${program:-$own_program}
[[ $program == /* ]] || program=$PWD/$program
if [[ $program == "$own_program" ]]; then
  mend_here="run jobs/quickstart.sh, which builds it"
  mend_program="run jobs/setup-pis.sh $hostfile"
else
  mend_here=
  mend_program="put the one from here there, at $program"
fi

## The hostfile

# Puts the hosts of a hostfile, each once, in the order of their first lines, into $hosts.
hosts=()
read_hostfile() {
  local file=$1 line word number=0 seen=' '
  [[ -e $file ]] || die 3 "cannot read $file: there is no such file"
  [[ ! -d $file ]] || die 3 "cannot read $file: it is a folder"
  [[ -r $file ]] || die 3 "cannot read $file: permission denied"
  while IFS= read -r line || [[ -n $line ]]; do
    number=$((number + 1))
    [[ $line != *$'\r'* ]] \
      || die 3 "$file:$number: ends as lines of Windows do: run sed -i 's/\\r\$//' $file"
    line=${line%%#*}
    line=${line//*([[:blank:]])=*([[:blank:]])/=}
    read -ra words <<<"$line"
    [[ ${#words[@]} -gt 0 ]] || continue
    [[ ${words[0]} =~ ^([A-Za-z0-9_.-]+@)?[A-Za-z0-9_.-]+$ && ${words[0]} != -* ]] \
      || die 3 "$file:$number: '${words[0]}' is not the name of a host"
    for word in "${words[@]:1}"; do
      [[ $word == *=* ]] || die 3 "$file:$number: '$word' is not like slots=1"
      [[ $word != slots=* || $word =~ ^slots=[1-9][0-9]*$ ]] \
        || die 3 "$file:$number: '$word' is not a number of ranks, such as slots=1"
    done
    if [[ $seen != *" ${words[0]} "* ]]; then
      hosts+=("${words[0]}")
      seen+="${words[0]} "
    fi
  done <"$file"
  [[ ${#hosts[@]} -gt 0 ]] || die 3 "$file has no hosts; jobs/hostfile.example has some"
}
read_hostfile "$hostfile"

## Asking

# What runs on every host, with $program and $launcher, this host's name, before it.  $VPINFER_ROOT
# is for tests: where /proc and /sys are.  Whatever else a shell says at its start, only lines that
# begin with "vpinfer-doctor " count.
# shellcheck disable=SC2016  # the host's shell expands it
questions='
export LC_ALL=C
root=${VPINFER_ROOT-}
say() { echo "vpinfer-doctor $1=$2"; }
first() { head -n 1 "$1" 2>/dev/null; }
addresses() { getent ahosts "$1" | awk "!seen[\$1]++ { printf \"%s \", \$1 }"; }
kind() {
  if [ -d "$1/bridge" ] && ! ls -d "$1"/brif/*/device >/dev/null 2>&1; then echo bridge; return; fi
  type=$(first "$1/type"); flags=$(first "$1/flags")
  if [ -e "$1/tun_flags" ] || [ $((${flags:-0} & 0x90)) -ne 0 ] || { [ "${type:-1}" != 1 ] && [ "$type" != 32 ]; }; then
    echo tunnel; return
  fi
  case ${1##*/} in
    docker* | br-* | veth* | virbr* | cni* | flannel* | cali* | cilium* | lxc* | lxd* | podman* | ve-* | vb-* | vnet*)
      echo container; return ;;
    wl*) echo wireless; return ;;
  esac
  if [ -e "$1/wireless" ] || [ -e "$1/phy80211" ]; then echo wireless; else echo wired; fi
}
answer() {
  say name "$(hostname)"
  say machine "$(uname -m)"
  say bits "$(getconf LONG_BIT)"
  say cores "$(nproc)"
  if [ ! -e "$program" ]; then
    say program missing
  elif version=$("$program" --version 2>&1); then
    say program works
    say version "$(echo "$version" | tail -n 1)"
  else
    say program fails
    say failure "$(echo "$version" | grep . | tail -n 1 | sed "s/^[a-z]*sh: [0-9]*: //")"
  fi
  if command -v mpirun >/dev/null; then
    say mpi "$(mpirun --version 2>&1 | head -n 1)"
  elif command -v ompi_info >/dev/null; then
    say mpi "$(ompi_info --version 2>&1 | head -n 1)"
  fi
  if command -v orted >/dev/null; then say daemon yes; fi
  say own_addresses "$(addresses "$(hostname)")"
  say launcher_addresses "$(addresses "$launcher")"
  way=${SSH_CONNECTION%% *}
  if [ -z "$way" ]; then way=$(addresses "$launcher"); way=${way%% *}; fi
  used=
  if [ -n "$way" ]; then
    used=$(ip -o route get "$way" 2>/dev/null | sed -n "1s/.* dev \([^ ]*\).*/\1/p")
    if [ "$used" = lo ]; then used=; fi
  fi
  others=
  for interface in "$root"/sys/class/net/*; do
    name=${interface##*/}
    flags=$(first "$interface/flags")
    [ "$name" != lo ] && [ $((${flags:-0} & 1)) -ne 0 ] || continue
    sort=$(kind "$interface")
    if [ "$name" = "$used" ]; then
      say interface "$name"
      say kind "$sort"
      if [ -e "$interface/device" ]; then say speed "$(first "$interface/speed")"; fi
    elif [ "$sort" = wired ] || [ "$sort" = wireless ] || [ -e "$interface/master" ]; then
      :
    else
      others="$others$name "
    fi
  done
  say others "$others"
  say memory "$(awk "\$1 == \"MemAvailable:\" { print int(\$2 / 1024) }" "$root/proc/meminfo")"
  say memory_of "$(awk "\$1 == \"MemTotal:\" { print int(\$2 / 1024) }" "$root/proc/meminfo")"
  say governor "$(first "$root/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")"
  if command -v vcgencmd >/dev/null; then say throttled "$(vcgencmd get_throttled 2>/dev/null)"; fi
  say end yes
}
answer </dev/null 2>/dev/null
'

# What mpirun uses to reach hosts: the first that is there of a list with colons between.
agent=(ssh)
if [[ -n ${OMPI_MCA_plm_rsh_agent-} ]]; then
  IFS=: read -ra candidates <<<"$OMPI_MCA_plm_rsh_agent"
  for candidate in "${candidates[@]}"; do
    read -ra words <<<"$candidate"
    if [[ ${#words[@]} -gt 0 ]] && command -v "${words[0]}" >/dev/null; then
      agent=("${words[@]}")
      break
    fi
  done
fi
command -v "${agent[0]}" >/dev/null \
  || die 2 "needs ssh to reach hosts: sudo apt install openssh-client"
if [[ ${agent[0]##*/} == ssh ]]; then
  agent+=(-o BatchMode=yes -o "ConnectTimeout=$connect_seconds")
fi

here=$(hostname)
quoted() {
  echo "'${1//\'/\'\\\'\'}'"
}
questions="program=$(quoted "$program") launcher=$(quoted "$here")"$questions

addresses() {
  { getent ahosts "$1" || true; } | awk '!seen[$1]++ { printf "%s ", $1 }'
}

is_here() {
  local name=${1##*@} address
  [[ $name != localhost && $name != "$here" && $name != "${here%%.*}" ]] || return 0
  for address in $2; do
    [[ $address == 127.* || $address == ::1 || $own_interfaces == *" $address "* ]] && return 0
  done
  return 1
}

# Asks the host of this number, into files of its own.
ask() {
  local number=$1 host=$2 code=0 name found child
  found=$(addresses "${host##*@}")
  echo "$found" >"$folder/$number.found"
  if is_here "$host" "$found"; then
    touch "$folder/$number.here"
    return
  fi
  # The address from which this shell was reached means nothing there.
  env -u SSH_CONNECTION LC_ALL=C timeout "$answer_seconds" "${agent[@]}" "$host" sh -s \
    <<<"$questions" >"$folder/$number.out" 2>"$folder/$number.err" &
  child=$!
  trap 'kill "$child" 2>/dev/null' TERM
  wait "$child" || code=$?
  echo "$code" >"$folder/$number.code"
  name=$(value_in "$folder/$number.out" name)
  [[ -z $name ]] || addresses "$name" >"$folder/$number.own_found"
}

value_in() {
  sed -n "s/^vpinfer-doctor $2=//p" "$1" | tail -n 1 | sed 's/[[:space:]]*$//'
}

folder=$(mktemp -d)
# shellcheck disable=SC2317  # the trap reaches it
finish() {
  local asked
  mapfile -t asked < <(jobs -p)
  [[ ${#asked[@]} -eq 0 ]] || kill "${asked[@]}" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

own_interfaces=" $({ ip -o address show 2>/dev/null || true; } | awk '{ sub("/.*", "", $4); printf "%s ", $4 }')"
for i in "${!hosts[@]}"; do
  ask "$i" "${hosts[i]}" &
done
env -u SSH_CONNECTION sh -s <<<"$questions" >"$folder/here.out" 2>/dev/null &
wait

## Judging

errors=() notes=() facts=()
broken=' '
error() {
  errors+=("$1: $2")
  [[ $broken == *" $1 "* ]] || broken+="$1 "
}
note() {
  notes+=("$1: $2")
}

# Fills the array of answers of the host of this number.
declare -A answers own
read_answers() {
  local line
  answers=()
  while IFS= read -r line; do
    [[ $line =~ ^vpinfer-doctor\ ([a-z_]+)=(.*)$ ]] || continue
    line=${BASH_REMATCH[2]}
    answers[${BASH_REMATCH[1]}]=${line%"${line##*[![:space:]]}"}
  done <"$1"
}
get() {
  echo "${answers[$1]-}"
}

# 64-bit kernels run 32-bit systems, so that the processor's name alone tells too little.
class_of() {
  case $1 in
    aarch64 | arm*) echo "$2-bit ARM" ;;
    x86_64 | i?86) echo "$2-bit x86" ;;
    *) echo "$2-bit $1" ;;
  esac
}

mpi_version() {
  sed -nE 's/^(mpirun \(Open MPI\) |Open MPI v)([^ ]+).*/\2/p' <<<"$1"
}

judge_unreached() {
  local host=$1 number=$2 code=$3 said last
  said=$(<"$folder/$number.err")
  last=$({ grep -v '^[[:space:]]*$' <<<"$said" || true; } | tail -n 1 | tr -d '\r')
  case $said in
    *"IDENTIFICATION HAS CHANGED"*)
      error "$host" "is not the host that ssh knew by this name: if it was installed anew, run ssh-keygen -R ${host##*@}, then ssh $host" ;;
    *"Host key verification failed"*)
      error "$host" "ssh does not know its host key yet: run ssh $host once and answer yes" ;;
    *"Permission denied ("*)
      error "$host" "ssh does not let $(id -un) in without a password: run ssh-copy-id $host, after ssh-keygen if you have no key" ;;
    *"Could not resolve hostname"* | *"not known"*)
      error "$host" "has no address here: write it into /etc/hosts, or mend its name in $hostfile" ;;
    *"Connection refused"*)
      error "$host" "is on, but takes no ssh: run sudo systemctl enable --now ssh there" ;;
    *"timed out"* | *"No route to host"* | *"Network is unreachable"*)
      error "$host" "does not answer: see that it is on and on this network" ;;
    *)
      if [[ $code -eq 124 ]]; then
        error "$host" "did not answer within $answer_seconds s: see why ssh $host true takes so long"
      else
        error "$host" "${agent[0]##*/} fails with ${last:-exit code $code}: try ssh $host true until it says nothing"
      fi
      ;;
  esac
}

judge_program() {
  local host=$1 there=$2
  case $(get program) in
    missing)
      if [[ $there == here ]]; then
        error "$host" "$program is missing: ${mend_here:-give the path of vpinfer with --program}"
      else
        error "$host" "$program is missing: $mend_program"
      fi
      ;;
    fails)
      local why remedy
      why=$(get failure)
      case $why in
        *"shared librar"*) remedy="run jobs/install-packages.sh run there" ;;
        *) if [[ $there == here ]]; then remedy=${mend_here:-build or install it anew}; else remedy=$mend_program; fi ;;
      esac
      error "$host" "vpinfer does not start: ${why:-it says nothing}: $remedy"
      ;;
    *)
      if [[ $there != here && ${own[program]-} == works && $(get version) != "${own[version]}" ]]; then
        error "$host" "vpinfer is $(short_version "$(get version)"), here $(short_version "${own[version]}"): $mend_program"
      fi
      ;;
  esac
}

short_version() {
  echo "${1#vpinfer }"
}

judge_mpi() {
  local host=$1 there=$2 version own_version
  version=$(mpi_version "$(get mpi)")
  own_version=$(mpi_version "${own[mpi]-}")
  if [[ -z $(get mpi) || -z $(get daemon) ]]; then
    error "$host" "Open MPI is missing, or not in the PATH of commands by ssh: run jobs/install-packages.sh run there"
  elif [[ -z $version ]]; then
    error "$host" "mpirun is not Open MPI's but $(get mpi): run jobs/install-packages.sh run there, and sudo update-alternatives --config mpirun"
  elif [[ $there != here && -n $own_version && $version != "$own_version" ]]; then
    error "$host" "Open MPI is $version, here $own_version: install the same release of Debian or Raspberry Pi OS, and sudo apt full-upgrade on both"
  fi
}

# Open MPI finds its way by addresses: a job runs even if no host knows any name.  But people read
# names, and other programs wait for them.
declare -A host_of_name
judge_names() {
  local host=$1 number=$2 there=$3 name found address
  name=$(get name)
  if [[ -n $name && -n ${host_of_name[$name]-} ]]; then
    note "$host" "is called $name, as ${host_of_name[$name]} is, and reports will not tell them apart: run sudo hostnamectl set-hostname ${host##*@} there, or, if they are one host, take one out of $hostfile"
  fi
  [[ -z $name ]] || host_of_name[$name]=${host_of_name[$name]:-$host}
  [[ -n $(get own_addresses) ]] \
    || note "$host" "does not know its own name, $name, which slows sudo and others down: add 127.0.1.1 $name to its /etc/hosts"
  [[ $there != here ]] || return 0
  found=$(<"$folder/$number.found")
  if [[ -z $found ]]; then
    note "$host" "its name has no address here but in ssh's settings: add it to /etc/hosts here"
  fi
  if [[ $name != "${host##*@}" && ! -s $folder/$number.own_found ]]; then
    note "$host" "calls itself $name, a name that has no address here: reports will say $name; add it to /etc/hosts here"
  fi
  found=$(get launcher_addresses)
  if [[ -z $found ]]; then
    note "$host" "does not know this host's name, $here: add it to /etc/hosts there"
  fi
  for address in $found; do
    if [[ $address == 127.* || $address == ::1 ]]; then
      [[ $name == "$here" ]] \
        || note "$host" "takes $here, this host's name, for itself ($address): give it this host's address in /etc/hosts there"
      break
    fi
  done
}

judge_network() {
  local host=$1 there=$2 interface kind speed others
  interface=$(get interface) kind=$(get kind) speed=$(get speed) others=$(get others)
  if [[ $there != here ]]; then
    case $kind in
      wireless) note "$host" "$interface, which leads here, is wireless: a cable is several times faster" ;;
      tunnel) note "$host" "$interface, which leads here, is a tunnel: an address on a network of its own for this host is faster" ;;
      bridge | container) note "$host" "$interface, which leads here, is a bridge of containers: see that $host has its own address on the network" ;;
    esac
    if [[ $kind == wired && $speed =~ ^[0-9]+$ && $speed -lt $fastest ]]; then
      note "$host" "$interface runs at $speed Mbit/s, others at $fastest: if it can do more, try another cable or port of the switch"
    fi
  fi
  [[ -z $others ]] || note "$host" "has ${others// /, } besides, of containers or tunnels: vpinfer steers clear of them by itself"
}

judge_machine() {
  local host=$1 memory governor throttled bits
  memory=$(get memory) governor=$(get governor)
  if [[ $memory =~ ^[0-9]+$ && $memory -lt $little_memory ]]; then
    note "$host" "has $memory MiB of memory left: stop what else runs there; vpinfer plan tells what a rank needs"
  fi
  if [[ $governor == powersave ]]; then
    note "$host" "its clock stays low, by the governor powersave: run echo ondemand | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor there"
  fi
  throttled=$(get throttled)
  if [[ $throttled =~ ^throttled=(0x[0-9a-fA-F]+)$ ]]; then
    bits=$((BASH_REMATCH[1]))
    if ((bits & 0x1)); then
      note "$host" "has too low a voltage now and clocks itself down: use a stronger power supply or a shorter cable"
    elif ((bits & 0x10000)); then
      note "$host" "had too low a voltage since it was started: use a stronger power supply or a shorter cable"
    fi
    # Too low a voltage brings a capped and a slow clock, too.
    if ((bits & 0x8 || (!(bits & 0x1) && bits & 0x6))); then
      note "$host" "clocks itself down now: cool it with a fan or a heat sink"
    elif ((bits & 0x80000 || (!(bits & 0x10000) && bits & 0x60000))); then
      note "$host" "has clocked itself down since it was started: cool it with a fan or a heat sink"
    fi
  fi
}

# A host in a line.
describe() {
  local host=$1 there=$2 parts=() link
  if [[ $there == here ]]; then
    parts+=("this host")
  elif [[ -n $(get interface) ]]; then
    link=$(get interface)
    case $(get kind) in
      wired) [[ ! $(get speed) =~ ^[1-9][0-9]*$ ]] || link+=" at $(get speed) Mbit/s" ;;
      *) link+=" ($(get kind))" ;;
    esac
    parts+=("$link")
  fi
  parts+=("$(class_of "$(get machine)" "$(get bits)"), $(get cores) cores")
  [[ -z $(get memory) ]] || parts+=("$(get memory) of $(get memory_of) MiB free")
  [[ -z $(get governor) ]] || parts+=("governor $(get governor)")
  printf -v link '%s; ' "${parts[@]}"
  facts+=("$host: ${link%; }")
}

judge() {
  local host=$1 number=$2 there=$3 class own_class
  class=$(class_of "$(get machine)" "$(get bits)")
  own_class=$(class_of "${own[machine]-}" "${own[bits]-}")
  describe "$host" "$there"
  if [[ $there != here && $class != "$own_class" ]]; then
    error "$host" "is $class ($(get machine)), here $own_class (${own[machine]}), and Open MPI needs one kind: install the same system, of $own_class, or take it out of $hostfile"
  else
    judge_program "$host" "$there"
  fi
  judge_mpi "$host" "$there"
  judge_names "$host" "$number" "$there"
  judge_network "$host" "$there"
  judge_machine "$host"
}

read_answers "$folder/here.out"
for key in "${!answers[@]}"; do
  own[$key]=${answers[$key]}
done

fastest=0
for file in "$folder"/*.out; do
  speed=$(value_in "$file" speed)
  if [[ $(value_in "$file" kind) == wired && $speed =~ ^[0-9]+$ && $speed -gt $fastest ]]; then
    fastest=$speed
  fi
done

here_at='' ready=0
for i in "${!hosts[@]}"; do
  if [[ -e $folder/$i.here ]]; then
    [[ -n $here_at ]] || here_at=$i
  fi
done
if [[ -z $here_at ]]; then
  read_answers "$folder/here.out"
  judge "$here" here here
  note "$here" "this host is not in $hostfile: no rank will run on it"
elif [[ $here_at != 0 ]]; then
  note "$here" "is not the first host of $hostfile: ${hosts[0]} will be rank 0, which reads the model and the pictures"
fi
judged_here=''
for i in "${!hosts[@]}"; do
  host=${hosts[i]}
  if [[ -e $folder/$i.here ]]; then
    [[ -z $judged_here ]] || continue
    judged_here=yes
    read_answers "$folder/here.out"
    judge "$host" "$i" here
    continue
  fi
  read_answers "$folder/$i.out"
  if [[ -n $(get end) ]]; then
    judge "$host" "$i" there
  else
    judge_unreached "$host" "$i" "$(<"$folder/$i.code")"
  fi
done

## The verdict

printf '%s\n' "${facts[@]}"
if [[ ${#notes[@]} -gt 0 ]]; then
  printf '\nNotes:\n'
  printf '  %s\n' "${notes[@]}"
fi
if [[ ${#errors[@]} -gt 0 ]]; then
  printf '\nTo be mended:\n'
  printf '  %s\n' "${errors[@]}"
fi
for host in "${hosts[@]}"; do
  [[ $broken == *" $host "* ]] || ready=$((ready + 1))
done
plural() {
  if [[ $1 -eq 1 ]]; then echo "$1 $2"; else echo "$1 $2s"; fi
}
echo
if [[ ${#errors[@]} -gt 0 ]]; then
  echo "$ready of $(plural ${#hosts[@]} host) ready; $(plural ${#errors[@]} thing) to be mended"
  exit 1
fi
if [[ ${#notes[@]} -gt 0 ]]; then with=", with $(plural ${#notes[@]} note)"; else with=''; fi
echo "all is well on $(plural ${#hosts[@]} host)$with:"
model=${jobs%/*}/out/yolov2.h5
[[ -r $model ]] || model=MODEL.h5
printf '    source %q\n    mpirun -np %d --map-by node --hostfile %q %q --model %q --compare-single\n' \
  "$jobs/mpi-environment.sh" "${#hosts[@]}" "$hostfile" "$program" "$model"

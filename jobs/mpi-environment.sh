# To be sourced: lets Open MPI 4 run any number of ranks on this machine, also in a container.
#     source jobs/mpi-environment.sh
# shellcheck shell=bash

# mpirun refuses to run as root, which containers and CI do, unless told twice.
if [[ $EUID -eq 0 ]]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

# More ranks than cores are welcome.
export OMPI_MCA_rmaps_base_oversubscribe=1

# vpinfer shares a host's cores among its ranks itself.  Bound to a core, as one or two ranks are by
# default, a rank would see only that one.
export OMPI_MCA_hwloc_base_binding_policy=none

# Small machines are linked by Ethernet: the libraries for other networks, which every rank would
# otherwise load and try at its start, can be left alone.  On a cluster with InfiniBand, set
# OMPI_MCA_pml=ucx first.
export OMPI_MCA_pml=${OMPI_MCA_pml:-ob1}

# Ranks on one host read large messages from each other's memory.  Some containers forbid the system
# call for that, process_vm_readv, and Open MPI then prints an error for every message before it
# copies through shared memory.  Try the call; if it fails, choose shared memory (8 MiB more per rank).
if ! perl -e '
    my $number = `uname -m` =~ /^x86_64/ ? 310 : 270;
    my ($from, $to) = ("a", "b");
    exit(1 != syscall($number, 0 + $$, pack("PJ", $to, 1), 1, pack("PJ", $from, 1), 1, 0))'
then
  export OMPI_MCA_btl_vader_single_copy_mechanism=none
fi

"""The environment for vpinfer and mpirun in tests: this one, with the settings of jobs/mpi-environment.sh."""

import subprocess
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "jobs" / "mpi-environment.sh"


def mpi_environment():
    """{name: value}; what is set already and the script leaves to its user stays as it is."""
    shell = subprocess.run(["bash", "-c", 'source "$0" && env -0', SCRIPT], stdout=subprocess.PIPE, text=True, check=True)
    variables = dict(line.split("=", 1) for line in shell.stdout.split("\0") if line)
    # Tests share the cores: a rank that waits leaves its one to others, also where it has one of its own.
    return variables | {"OMPI_MCA_mpi_yield_when_idle": "1"}

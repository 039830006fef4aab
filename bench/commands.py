"""What the benchmarks share: running commands, and what to say of the machine."""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MIB = 2.0**20


def environment():
    """This one's, with OpenBLAS left to itself."""
    return {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}


def run(command, unless=(), **variables):
    """What the command prints, run in the repository's folder, or None if it ends with one of the codes `unless`; with
    another, the benchmark ends."""
    command = list(map(str, command))
    done = subprocess.run(command, env=environment() | variables, cwd=ROOT, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    if done.returncode in unless:
        return None
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def with_mpi(command):
    """The command with the settings for any number of ranks on one machine."""
    return ["bash", "-c", f'source "{ROOT}/jobs/mpi-environment.sh"; exec "$@"', "bash", *command]


def machine():
    cpu = next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    return {"cpu": cpu, "cores": os.cpu_count(), "kernel": os.uname().release}

#!/usr/bin/python3
"""A rank that stops or dies takes the whole job down within seconds, and the last word names it."""

import os
import re
import signal
import subprocess
import time
import unittest
from pathlib import Path

from program import ENVIRONMENT, RANK_FAILED, Outcome, ProgramTest, command_of, small_yolo, vpinfer

BUSY_SECONDS = 0.7  # of processor time: start-up takes half of it, then frames run
PATIENCE_SECONDS = 60


def processor_seconds(process):
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ranks_of(launcher):
    """{rank: process} of the ranks that an mpirun has started."""
    ranks = {}
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    for child in children:
        environment = Path(f"/proc/{child}/environ").read_bytes()
        if rank := re.search(rb"\bOMPI_COMM_WORLD_RANK=(\d+)", environment):
            ranks[int(rank.group(1))] = int(child)
    return ranks


class Job:
    """An endless run on several ranks, all of them busy with frames."""

    def __init__(self, ranks, *arguments):
        command = command_of(ranks, [*arguments, "--repeat", 1000000])
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.is_busy(ranks):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError(f"the job did not start: {self.end()}")
            time.sleep(0.05)

    def is_busy(self, count):
        try:
            self.ranks = ranks_of(self.process.pid)
            return len(self.ranks) == count and all(
                processor_seconds(process) > BUSY_SECONDS for process in self.ranks.values())
        except FileNotFoundError:  # a process came or went meanwhile
            return False

    def signal(self, rank, number):
        os.kill(self.ranks[rank], number)

    def wait(self):
        """How the job ended, if it did so in time."""
        try:
            out, err = self.process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the job still runs after {PATIENCE_SECONDS} s: {self.end()}") from None
        return Outcome(self.process.returncode, out, err)

    def end(self):
        """Kills what is left of the job."""
        for process in [*self.ranks.values(), self.process.pid]:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        out, err = self.process.communicate()
        return Outcome(self.process.returncode, out, err)


class FailingRanks(ProgramTest):
    def start(self, ranks, *options):
        model = self.import_random("m.h5", small_yolo(128, 128))
        job = Job(ranks, "--model", model, *options)
        self.addCleanup(self.assert_all_gone, job)
        return job

    def assert_all_gone(self, job):
        if job.process.returncode is None:
            job.end()
        deadline = time.monotonic() + 10  # mpirun does not wait for what it has killed
        for process in job.ranks.values():
            while self.still_runs(process) and time.monotonic() < deadline:
                time.sleep(0.1)
            self.assertFalse(self.still_runs(process))

    def still_runs(self, process):
        """A process that nobody has waited for yet counts as gone."""
        try:
            return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except FileNotFoundError:
            return False

    def test_a_stopped_rank_is_named(self):
        for stopped, strategy in ((1, "data"), (2, "vertical")):
            with self.subTest(stopped=stopped, strategy=strategy):
                job = self.start(3, "--strategy", strategy, "--timeout", 2)
                job.signal(stopped, signal.SIGSTOP)
                done = job.wait()
                self.assertEqual(done.code, RANK_FAILED, done)
                self.assertRegex(done.err, r"(?m)^\[rank \d \S+\] (the input|layer \d+|between frames): could not "
                                           rf"(receive from|send to|reach) rank {stopped} \(\S+\) within 2\.0 s")

    def test_a_stopped_rank_0_is_named(self):
        job = self.start(2, "--timeout", 2)
        job.signal(0, signal.SIGSTOP)
        done = job.wait()
        self.assertEqual(done.code, RANK_FAILED, done)
        self.assertRegex(done.err, r"(?m)^\[rank 1 \S+\] .*rank 0 \(\S+\)")

    def test_a_killed_rank_takes_all_down(self):
        job = self.start(3)
        job.signal(1, signal.SIGKILL)
        done = job.wait()
        self.assertEqual(done.code, 128 + signal.SIGKILL, done)


class WrongUsage(ProgramTest):
    def test_is_explained_once_however_many_ranks_there_are(self):
        model = self.import_random()
        for arguments in (["--model", model, "--bogus"],
                          ["--model", model, "--dump-output", self.path("d.h5"), "--dump-layers", "99"],
                          ["--model", model, "--memory-limit", "1kB"]):
            for _ in range(5):
                done = vpinfer(*arguments, ranks=4)
                self.assertNotEqual(done.code, 0)
                lines = [line for line in done.err.splitlines() if re.match(r"vpinfer: |\[rank \d", line)]
                self.assertEqual(len(lines), 1, done)


if __name__ == "__main__":
    unittest.main()

"""Hosts are measured, plans are made for them, and a run tells what was predicted of it."""

import json
import os
import pty
import re
import shlex
import subprocess
import unittest
import xml.etree.ElementTree

from program import (BAD_INPUT, BAD_USAGE, DONE, ENVIRONMENT, NOT_ENOUGH_MEMORY, ProgramTest, command_of, convolution, run,
                     vpinfer)


def shown_on_a_terminal(command):
    """What a command that ends well writes to its stderr if that is a terminal."""
    terminal, stderr = pty.openpty()
    try:
        subprocess.run(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr,
                       timeout=120, check=True)
        return os.read(terminal, 4096).decode()
    finally:
        os.close(stderr)
        os.close(terminal)


class Planning(ProgramTest):
    def setUp(self):
        super().setUp()
        self.model = self.import_random()
        self.cluster = self.path("cluster.json")

    def calibrate(self, ranks):
        outcome = vpinfer("calibrate", "-o", self.cluster, ranks=ranks, timeout=120)
        self.assertEqual(outcome.code, DONE, outcome)  # it may warn of this machine
        self.assertNotIn("calibrating", outcome.err)
        return outcome.out

    def run_json(self, *options, ranks):
        report = self.path("report.json")
        out = self.assert_done(vpinfer("--model", self.model, "--compare-single", "--json", report, *options, ranks=ranks))
        self.assertIn("PASS", out)
        return json.loads(report.read_text())

    def test_calibrates_plans_and_runs(self):
        table = self.calibrate(3)
        self.assertIn("Winograd", table)
        hosts = json.loads(self.cluster.read_text())["hosts"]
        self.assertEqual(len(hosts), 3)
        verdict = self.assert_done(vpinfer("plan", self.model, "--cluster", self.cluster))
        self.assertIn("Recommended: ", verdict)
        for strategy in ["single", "auto", "vertical", "data", "sequential"]:
            self.assertIn(strategy, verdict)
        for strategy in ["auto", "vertical"]:
            report = self.run_json("--strategy", strategy, "--cluster", self.cluster, ranks=3)
            self.assertGreater(report["predicted"]["latency_seconds"], 0)
            self.assertGreater(report["predicted"]["frames_per_second"], 0)

    def test_tells_a_terminal_what_it_measures(self):
        for ranks, last in [(None, "kernels"), (3, "(2 of 2)")]:
            with self.subTest(ranks=ranks):
                shown = shown_on_a_terminal(command_of(ranks, ["calibrate"]))
                self.assertIn("\rcalibrating: kernels\033[K", shown)
                self.assertIn(f"{last}\033[K\r\033[K", shown)

    def test_auto_measures_hosts_that_nobody_told_it_of(self):
        for ranks in [1, 2, 5]:
            with self.subTest(ranks=ranks):
                self.assertIn("predicted", self.run_json("--strategy", "auto", ranks=ranks))
        self.assertNotIn("predicted", self.run_json("--strategy", "vertical", ranks=2))

    def test_only_the_first_host_needs_the_cluster_file(self):
        self.calibrate(3)
        own, others = ([str(w) for w in ["-np", ranks, *command_of(None, ["--model", self.model, "--strategy", "auto",
                                                                          "--cluster", cluster])]]
                       for ranks, cluster in [(1, self.cluster), (2, self.path("missing.json"))])
        self.assertIn("predicted", self.assert_done(run(["mpirun", *own, ":", *others])))

    def test_plans_for_kinds_of_hosts_keep_their_objectives(self):
        model = self.import_random("large.h5", "[net]\nheight=64\nwidth=64\nchannels=3\n\n" + 3 * convolution(128))
        measures = {}
        for objective in ["latency", "throughput", "memory"]:
            plan = self.path(f"{objective}.json")
            told = self.assert_done(vpinfer("plan", model, "--cluster", "pi3:2+pi4:1@1gbit", "--strategy", "auto",
                                            "--objective", objective, "--memory-limit", "1GiB", "-o", plan))
            latency, rate = re.search(r"a frame alone takes ([0-9.]+) ms, in a stream ([0-9.]+) frames", told).groups()
            memory = re.search(r"fullest rank ([0-9.]+) MiB", told)[1]
            measures[objective] = {"latency": float(latency), "throughput": -float(rate), "memory": float(memory)}
            outcome = vpinfer("--model", model, "--plan", plan, "--compare-single", ranks=3)
            self.assertIn("PASS", outcome.out)
            self.assertNotIn("predicted:", outcome.out)
        self.assertLess(measures["latency"]["latency"], measures["memory"]["latency"])
        self.assertLess(measures["throughput"]["throughput"], measures["memory"]["throughput"])
        self.assertLessEqual(measures["throughput"]["throughput"], measures["latency"]["throughput"])
        self.assertLess(measures["memory"]["memory"], measures["throughput"]["memory"])

    def test_plans_for_the_hosts_of_a_hostfile(self):
        hosts = self.path("pis.txt")
        hosts.write_text("pi1 slots=1\npi2 slots=1\n")
        model = self.import_random("large.h5", "[net]\nheight=64\nwidth=64\nchannels=3\n\n" + 3 * convolution(128))
        for link, best in [("10gbit", "2 hosts"), ("1mbit", "one host")]:
            verdict = self.assert_done(vpinfer("plan", model, "--hosts", hosts, "--link", link))
            self.assertIn(f"Recommended: {best}", verdict)
            self.assertEqual(f"--hostfile {hosts} vpinfer --model {model} --strategy " in verdict, best == "2 hosts")
            self.assertNotIn("--cluster", verdict)  # the hosts' speed is a guess, which a run does not need
        self.assert_refused(vpinfer("plan", self.model, "--hosts", hosts, "--ranks", "3"), BAD_INPUT, "too few for 3 ranks")
        self.assert_refused(vpinfer("plan", self.model, "--hosts", hosts, "--cluster", "pi4:2"), BAD_USAGE, "--hosts", "--cluster")
        hosts.write_text("pi1 slots=4\n")
        self.assert_refused(vpinfer("plan", self.model, "--hosts", hosts), BAD_INPUT, "pis.txt:1: pi1 would have several ranks")

    def test_tells_where_the_time_of_each_layer_goes(self):
        for strategy, division in [("vertical", "3 rows"), ("sequential", "whole on rank 2"), ("horizontal", "3 channels")]:
            with self.subTest(strategy=strategy):
                out = self.assert_done(vpinfer("plan", self.model, "--cluster", "pi4:3@10mbit", "--strategy", strategy))
                self.assertIn(division, out)
                self.assertRegex(out, r"(?m)^ +0  convolution .*[0-9] .*\S$")
                self.assertRegex(out, r"(?m)  link$")
                latency = float(re.search(r"a frame alone takes ([0-9.]+) ms", out)[1])
                compute, messages, wait, moved = (float(n) for n in re.search(r"(?m)^ +frame +(.*)$", out)[1].split())
                self.assertAlmostEqual(compute + messages + wait, latency, delta=0.07)  # as printed
                mebibytes = float(re.search(r"([0-9.]+) MiB moved per frame", out)[1])
                self.assertAlmostEqual(moved / 1024, mebibytes, delta=0.06)

    def drawn(self, path):
        """The texts of a picture that is well-formed."""
        root = xml.etree.ElementTree.parse(path).getroot()
        self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
        return [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]

    def test_lists_the_plans_to_choose_from(self):
        model = self.import_random("large.h5", "[net]\nheight=64\nwidth=64\nchannels=3\n\n" + 3 * convolution(128))
        front = ["plan", model, "--cluster", "pi3:2+pi4:1@1gbit", "--threads", "1", "--front"]
        out = self.assert_done(vpinfer(*front))
        lines = {line.split()[0]: line.split()[1:] for line in out.splitlines() if re.match(r" *(\d+|[a-z]+)  +[\d.]+  ", line)}
        strategies = ["vertical", "data", "sequential", "single"]
        numbers = [name for name in lines if name not in strategies]
        self.assertEqual(list(lines), [*numbers, *strategies])
        self.assertEqual(numbers, [str(i + 1) for i in range(len(numbers))])
        for measure in ["memory", "latency", "throughput"]:
            self.assertRegex(out, rf"best [a-z, ]*{measure}")
        latencies = [float(lines[number][0]) for number in numbers]
        self.assertEqual(latencies, sorted(latencies))
        for number in {numbers[0], numbers[-1]}:
            plan = self.path(f"{number}.json")
            told = self.assert_done(vpinfer(*front, "--pick", number, "-o", plan))
            self.assertIn(f"a frame alone takes {lines[number][0]} ms, in a stream {lines[number][1]} frames", told)
            ran = self.path("report.json")
            outcome = vpinfer("--model", model, "--plan", plan, "--threads", "1", "--json", ran, ranks=3)
            self.assertEqual(outcome.code, DONE, outcome)  # it may warn that there are few cores
            report = json.loads(ran.read_text())
            fullest = max(rank["predicted_bytes"] for rank in report["ranks"])
            self.assertEqual([f"{n / 2**20:.1f}" for n in (fullest, report["bytes_moved"])], lines[number][2:4])
            self.assertIn(f"fullest rank {lines[number][2]} MiB, {lines[number][3]} MiB moved", told)

    def test_draws_the_plans_to_choose_from(self):
        picture = self.path("front.svg")
        cluster = self.path('a<b> & "c".json')
        self.calibrate(2)
        cluster.write_text(self.cluster.read_text())
        out = self.assert_done(vpinfer("plan", self.model, "--cluster", cluster, "--front", "--svg", picture))
        self.assertIn(f"drawn in {picture}", out)
        texts = self.drawn(picture)
        self.assertTrue(texts[0].endswith(f" on {cluster.name}"), texts)
        for text in ["1", "vertical", "data", "sequential", "single", "memory of the fullest rank, MiB"]:
            self.assertIn(text, texts)
        self.assert_done(vpinfer("plan", self.model, "--ranks", "1", "--front", "--svg", picture))
        self.assertIn("single", self.drawn(picture))
        self.assertNotIn("vertical", self.drawn(picture))

    def test_leaves_out_of_the_front_what_does_not_fit(self):
        front = ["plan", self.model, "--cluster", "pi4:4", "--front"]
        single = re.search(r"(?m)^ *single +\S+ +\S+ +(\S+)", self.assert_done(vpinfer(*front)))[1]
        picture = self.path("front.svg")
        out = self.assert_done(vpinfer(*front, "--memory-limit", f"{float(single) - 0.2}MiB", "--svg", picture))
        self.assertRegex(out, r"(?m)^ *single +does not fit$")
        self.assertNotIn("single", self.drawn(picture))
        self.assert_refused(vpinfer(*front, "--memory-limit", "1MiB"), NOT_ENOUGH_MEMORY, "no plan fits: rank ")

    def test_refuses_a_front_that_leaves_nothing_to_choose_or_no_place_for_it(self):
        plan = ["plan", self.model, "--cluster", "pi4:2"]
        for options, fragment in [(["--svg", self.path("f.svg")], "--svg requires --front"),
                                  (["--pick", "1"], "--pick requires --front"),
                                  (["--front", "-o", self.path("p.json")], "--front --pick"),
                                  (["--front", "--strategy", "auto"], "--strategy"),
                                  (["--front", "--pick", "99"], "--pick 99: the front has "),
                                  (["--front", "--svg", self.model], f"--svg must not be {self.model}"),
                                  (["--front", "--pick", "1", "-o", self.path("p"), "--svg", self.path("p")],
                                   "--svg must not be ")]:
            with self.subTest(options=options):
                self.assert_refused(vpinfer(*plan, *options), BAD_USAGE, fragment)
        for place in ["/dev/full", self.path("absent/f.svg"), self.folder]:
            self.assert_refused(vpinfer(*plan, "--front", "--svg", place), BAD_INPUT, f"cannot write {place}")
        self.assertEqual(self.names(), ["m.cfg", "m.h5"])

    def test_keeps_its_inputs(self):
        hosts = self.path("pis.txt")
        hosts.write_text("pi1\npi2\n")
        self.cluster.write_text(json.dumps({"schema": "vpinfer-cluster-1", "hosts": []}))
        for option, given in [("--cluster", self.cluster), ("--hosts", hosts)]:
            before = given.read_bytes()
            for arguments in [("--strategy", "auto", "-o", given), ("--front", "--svg", given)]:
                self.assert_refused(vpinfer("plan", self.model, option, given, *arguments), BAD_USAGE, given.name)
                self.assertEqual(given.read_bytes(), before)

    def test_recommends_what_can_be_typed(self):
        model = self.path("a $(model).h5")
        model.write_bytes(self.model.read_bytes())
        verdict = self.assert_done(vpinfer("plan", model, "--cluster", "pi4:2@10gbit", "--wire", "half", "--conv", "direct",
                                           "--threads", "2", "--memory-limit", "1GiB"))
        command = verdict.splitlines()[verdict.splitlines().index(next(
            line for line in verdict.splitlines() if line.startswith("Recommended"))) + 1]
        self.assertIn(f"--model '{model}'", command)
        for option in ["--conv direct", "--threads 2", "--memory-limit 1073741824"]:
            self.assertIn(option, command)
        words = shlex.split(command)
        self.assertEqual(words[words.index("vpinfer") + 1 :][:2], ["--model", str(model)])
        self.assert_done(vpinfer(*words[words.index("vpinfer") + 1 :]))

    def test_refuses_what_is_no_cluster(self):
        self.cluster.write_text('{"schema": "vpinfer-cluster-1", "hosts": [{"name": "pi1", "direct_gflops": 0}]}')
        self.assert_refused(vpinfer("plan", self.model, "--cluster", self.cluster), BAD_INPUT, "host 1: direct_gflops is 0")
        self.assert_refused(vpinfer("plan", self.model, "--cluster", "pi7:2"), BAD_USAGE, "pi3, pi4, pi5, zero2")
        self.assert_refused(vpinfer("plan", self.model, "--cluster", "pi4:2", "--ranks", "3"), BAD_INPUT, "too few for 3 ranks")
        self.assert_refused(vpinfer("plan", self.model, "--cluster", "pi4:2", "--strategy", "auto", "--memory-limit", "1MiB"),
                            NOT_ENOUGH_MEMORY, "no plan fits: rank ")


if __name__ == "__main__":
    unittest.main()

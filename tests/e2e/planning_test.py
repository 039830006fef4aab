"""Hosts are measured, plans are made for them, and a run tells what was predicted of it."""

import json
import re
import unittest

from program import BAD_INPUT, BAD_USAGE, DONE, NOT_ENOUGH_MEMORY, ProgramTest, command_of, run, vpinfer


class Planning(ProgramTest):
    def setUp(self):
        super().setUp()
        self.model = self.import_random()
        self.cluster = self.path("cluster.json")

    def calibrate(self, ranks):
        outcome = vpinfer("calibrate", "-o", self.cluster, ranks=ranks, timeout=120)
        self.assertEqual(outcome.code, DONE, outcome)  # it may warn of this machine
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
        for objective in ["latency", "throughput", "memory"]:
            plan = self.path(f"{objective}.json")
            self.assert_done(vpinfer("plan", self.model, "--cluster", "pi3:2+pi4:1@100mbit", "--strategy", "auto",
                                     "--objective", objective, "-o", plan))
            self.assertNotIn("predicted", self.run_json("--plan", plan, ranks=3))

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

    def test_refuses_what_is_no_cluster(self):
        self.cluster.write_text('{"schema": "vpinfer-cluster-1", "hosts": [{"name": "pi1", "direct_gflops": 0}]}')
        self.assert_refused(vpinfer("plan", self.model, "--cluster", self.cluster), BAD_INPUT, "host 1: direct_gflops is 0")
        self.assert_refused(vpinfer("plan", self.model, "--cluster", "pi7:2"), BAD_USAGE, "pi3, pi4, pi5, zero2")
        self.assert_refused(vpinfer("plan", self.model, "--cluster", "pi4:2", "--ranks", "3"), BAD_INPUT, "too few for 3 ranks")
        self.assert_refused(vpinfer("plan", self.model, "--cluster", "pi4:2", "--strategy", "auto", "--memory-limit", "1MiB"),
                            NOT_ENOUGH_MEMORY, "no plan fits: rank ")


if __name__ == "__main__":
    unittest.main()

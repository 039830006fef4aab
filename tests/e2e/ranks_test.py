#!/usr/bin/python3
"""Several ranks under mpirun give the answer of one, wherever their weights lie."""

import json
import re
import shutil
import unittest

import h5py
import numpy as np

from program import (BAD_INPUT, COMPARISON_FAILED, FACE, NANODET, PROGRAM, ProgramTest, read_dump, run, small_yolo,
                     vpinfer, write_png)

TOLERANCE = 1e-4
HALF_TOLERANCE = 1e-2  # with halves on the wire
BYTE_TOLERANCE = 2e-1


class RanksTest(ProgramTest):
    def dump_of(self, model, *options, ranks=None):
        """Every layer's output on the built-in picture."""
        dump = self.path("dump.h5")
        self.assert_done(vpinfer("--model", model, *options, "--dump-output", dump, "--dump-layers", "all",
                                 ranks=ranks))
        return read_dump(dump)

    def assert_same(self, actual, expected, tolerance=TOLERANCE):
        self.assertEqual(actual.keys(), expected.keys())
        for name, reference in expected.items():
            difference = np.abs(actual[name] - reference).max() / np.abs(reference).max()
            self.assertLessEqual(difference, tolerance, name)

    def run_in_folders(self, ranks, *arguments):
        """An MPI job in which rank N runs in the folder rankN."""
        words = []
        for rank in range(ranks):
            folder = self.path(f"rank{rank}")
            folder.mkdir(exist_ok=True)
            words += [":"] * (rank > 0) + ["-np", "1", "-wdir", str(folder), PROGRAM, *map(str, arguments)]
        return run(["mpirun", *words])

    def partition(self, model, name, *options):
        path = self.path(name)
        self.assert_done(vpinfer("partition", model, *options, "-o", path))
        return path


class Layers(RanksTest):
    def check(self, height, width, ranks, strategies=("data", "vertical")):
        model = self.import_random("m.h5", small_yolo(height, width))
        alone = self.dump_of(model)
        for count in ranks:
            for strategy in strategies:
                with self.subTest(ranks=count, strategy=strategy):
                    self.assert_same(self.dump_of(model, "--strategy", strategy, ranks=count), alone)

    def test_any_number_of_ranks(self):
        self.check(64, 64, (1, 2, 3, 5, 8))

    def test_single_strategy_leaves_the_others_idle(self):
        self.check(64, 64, (2,), ("single",))

    def test_more_ranks_than_rows(self):
        self.check(32, 32, (7,))

    def test_oblong_pictures_of_odd_extent(self):
        self.check(80, 48, (3,))
        self.check(16, 112, (4,))

    def test_half_precision_weights(self):
        model = self.import_random(options=["--half"])
        self.assert_same(self.dump_of(model, ranks=3), self.dump_of(model))


class Faces(RanksTest):
    def expected_box(self):
        """Score, left, top, width, height as inputs/face/README.md has them."""
        row = re.search(r"^\| face \|(.*)\|$", (FACE / "README.md").read_text(), re.M)
        return [float(cell) for cell in row.group(1).split("|")]

    def find_face(self, *options, ranks=None):
        out = self.path("out")
        shutil.rmtree(out, ignore_errors=True)
        text = self.assert_done(vpinfer("--model", FACE / "face.h5", "--input", FACE / "astronaut.jpg", "--output", out,
                                        *options, ranks=ranks))
        self.assertIn("astronaut.jpg: 1 object\n", text)
        self.assertTrue((out / "astronaut.jpg").exists())
        [face] = json.loads((out / "detections.json").read_text())
        return face

    def assert_near(self, score, box, expected, pixels, points):
        self.assertAlmostEqual(score, expected[0], delta=points)
        for actual, wanted in zip(box, expected[1:], strict=True):
            self.assertAlmostEqual(actual, wanted, delta=pixels)

    def test_every_number_of_ranks_finds_it(self):
        alone = self.find_face()
        self.assert_near(alone["score"], alone["bbox"], self.expected_box(), pixels=2, points=0.01)
        for ranks in (2, 3, 5, 8):
            for strategy in ("data", "vertical"):
                with self.subTest(ranks=ranks, strategy=strategy):
                    face = self.find_face("--strategy", strategy, ranks=ranks)
                    self.assert_near(face["score"], face["bbox"], [alone["score"], *alone["bbox"]], 0.01, 1e-4)

    def test_a_folder_with_a_corrupt_picture(self):
        jpeg = (FACE / "astronaut.jpg").read_bytes()
        self.write("in/1.jpg", jpeg)
        self.write("in/2.jpg", jpeg[:300])  # in its header
        write_png(self.path("in/3.png"), 50, 30)
        done = vpinfer("--model", FACE / "face.h5", "--input", self.path("in"), "--output", self.path("out"), ranks=3)
        self.assert_job_failed(done, BAD_INPUT, "2.jpg", "corrupt JPEG")
        self.assertIn("1.jpg: 1 object\n", done.out)
        self.assertEqual(sorted(path.name for path in self.path("out").iterdir()),
                         ["1.jpg", "3.png.jpg", "detections.json"])


class CocoObjects(RanksTest):
    """NanoDet, imported from ONNX, on the photo that Darknet's examples use."""

    # What two other engines say, see inputs/nanodet/README.md.
    JUDGES = {"bicycle": 0.683, "dog": 0.415, "truck": 0.361}

    def find_objects(self, *options, ranks=None):
        out = self.path("out")
        shutil.rmtree(out, ignore_errors=True)
        self.assert_done(vpinfer("--model", NANODET / "nanodet.h5", "--input", NANODET / "dog.jpg", "--output", out, *options,
                                 ranks=ranks))
        return json.loads((out / "detections.json").read_text())

    def test_every_number_of_ranks_finds_them(self):
        for ranks, strategy in ((None, "vertical"), (3, "data"), (8, "data"), (5, "vertical"), (8, "vertical")):
            with self.subTest(ranks=ranks, strategy=strategy):
                objects = self.find_objects("--strategy", strategy, ranks=ranks)
                scores = {found["category"]: found["score"] for found in objects}
                self.assertEqual(scores.keys(), self.JUDGES.keys())
                for name, score in scores.items():
                    self.assertAlmostEqual(score, self.JUDGES[name], delta=0.01)


class Partitions(RanksTest):
    def setUp(self):
        super().setUp()
        self.model = self.import_random()
        self.alone = self.dump_of(self.model)

    def test_in_one_file(self):
        for strategy in ("vertical", "data"):
            partition = self.partition(self.model, "m-3.h5", "--ranks", 3, "--strategy", strategy)
            self.assert_same(self.dump_of(partition, ranks=3), self.alone)

    def test_of_a_saved_plan(self):
        plan = self.path("p.json")
        self.assert_done(vpinfer("plan", self.model, "--ranks", 2, "--strategy", "data", "-o", plan))
        self.assert_same(self.dump_of(self.partition(self.model, "m-2.h5", "--plan", plan), ranks=2), self.alone)
        self.assert_same(self.dump_of(self.model, "--plan", plan, ranks=2), self.alone)

    def test_in_split_files(self):
        partition = self.partition(self.model, "m-3.h5", "--ranks", 3, "--split-files")
        self.assert_same(self.dump_of(partition, ranks=3), self.alone)

    def test_for_another_number_of_ranks(self):
        partition = self.partition(self.model, "m-3.h5", "--ranks", 3)
        self.assert_job_failed(vpinfer("--model", partition, ranks=2), BAD_INPUT, partition, "3 ranks", "has 2")

    def spread_shares(self, folders):
        """The master and share 0 on rank 0, share N on rank N for the given ranks."""
        self.partition(self.model, "m-3.h5", "--ranks", 3, "--split-files")
        for name, rank in [("m-3.h5", 0), *((f"m-3.rank{rank}.h5", rank) for rank in folders)]:
            self.path(f"rank{rank}").mkdir(exist_ok=True)
            self.path(name).rename(self.path(f"rank{rank}") / name)

    def dump_in_folders(self, model, ranks=3):
        self.assert_done(self.run_in_folders(ranks, "--model", model, "--dump-output", self.path("dump.h5"),
                                             "--dump-layers", "all"))
        return read_dump(self.path("dump.h5"))

    def test_each_rank_has_only_its_share(self):
        self.spread_shares((0, 1, 2))
        self.assert_same(self.dump_in_folders("m-3.h5"), self.alone)

    def test_rank_0_serves_a_share_that_lies_beside_the_master(self):
        self.spread_shares((0, 2))
        self.path("m-3.rank1.h5").rename(self.path("rank0/m-3.rank1.h5"))
        self.assert_same(self.dump_in_folders("m-3.h5"), self.alone)

    def test_a_share_that_nobody_has(self):
        self.spread_shares((0, 2))
        self.assert_job_failed(self.run_in_folders(3, "--model", "m-3.h5"), BAD_INPUT, "m-3.rank1.h5", "rank 1")

    def test_rank_0_serves_a_model_that_only_it_has(self):
        self.path("rank0").mkdir()
        self.model.rename(self.path("rank0/m.h5"))
        self.assert_same(self.dump_in_folders("m.h5"), self.alone)

    def test_rank_0_serves_a_partition_that_only_it_has(self):
        self.path("rank0").mkdir()
        self.partition(self.model, "rank0/m-3.h5", "--ranks", 3)
        self.assert_same(self.dump_in_folders("m-3.h5"), self.alone)


class HalvesOnTheWire(RanksTest):
    def setUp(self):
        super().setUp()
        self.model = self.import_random()

    def report_of(self, model, *options):
        report = self.path("r.json")
        out = self.assert_done(vpinfer("--model", model, *options, "--json", report, ranks=3))
        return json.loads(report.read_text()), out

    def test_half_the_bytes_as_predicted(self):
        for strategy in ("vertical", "data"):
            with self.subTest(strategy=strategy):
                # The planner counts with the bytes that travel: the same plan, not the same strategy.
                plan = self.path(f"{strategy}.json")
                text = self.assert_done(vpinfer("plan", self.model, "--ranks", 3, "--strategy", strategy,
                                                "--wire", "half", "-o", plan))
                self.assertIn(f"{strategy}, half on the wire, on 3 ranks", text)
                floats, _ = self.report_of(self.model, "--plan", plan, "--wire", "float")
                halves, out = self.report_of(self.model, "--plan", plan, "--compare-single")
                self.assertIn(f"{strategy}, half on the wire, on 3 ranks: latency", out)
                self.assertRegex(out, r"PASS: .* relative of 1e-02 allowed\n")
                self.assertEqual((floats["context"]["wire"], halves["context"]["wire"]), ("float", "half"))
                self.assertTrue(0 < halves["comparison"]["max_rel"] <= HALF_TOLERANCE)
                self.assertAlmostEqual(halves["bytes_moved"], floats["bytes_moved"] / 2, delta=1000)
                self.assertIn(f"{halves['bytes_moved'] / 2**20:.1f} MiB moved per frame", text)

    def test_every_layer(self):
        alone = self.dump_of(self.model)
        for ranks in (2, 5, 8):
            with self.subTest(ranks=ranks):
                self.assert_same(self.dump_of(self.model, "--wire", "half", ranks=ranks), alone, HALF_TOLERANCE)

    def test_plans_and_partitions_remember_and_run_overrides(self):
        plan = self.path("p.json")
        self.assert_done(vpinfer("plan", self.model, "--ranks", 3, "--wire", "half", "-o", plan))
        split = self.partition(self.model, "m-3.h5", "--plan", plan, "--split-files")
        whole = self.partition(self.model, "w-3.h5", "--ranks", 3, "--wire", "half")
        for source in ((self.model, "--plan", plan), (split,), (whole,)):
            for options, wire in (((), "half"), (("--wire", "half"), "half"), (("--wire", "float"), "float")):
                with self.subTest(source=source, options=options):
                    report, _ = self.report_of(*source, *options, "--compare-single")
                    self.assertEqual(report["context"]["wire"], wire)
                    self.assertIs(report["comparison"]["pass"], True)
                    if wire == "float":
                        self.assertLessEqual(report["comparison"]["max_rel"], TOLERANCE)


class BytesOnTheWire(RanksTest):
    def report_of(self, model, *options, ranks):
        report = self.path("r.json")
        out = self.assert_done(vpinfer("--model", model, *options, "--compare-single", "--json", report, ranks=ranks))
        return json.loads(report.read_text()), out

    def test_any_number_of_ranks(self):
        model = self.import_random()
        for ranks in range(1, 10):
            for wire in ("int8", "auto"):
                with self.subTest(ranks=ranks, wire=wire):
                    report, out = self.report_of(model, "--wire", wire, ranks=ranks)
                    self.assertRegex(out, r"PASS: ")
                    comparison = report["comparison"]
                    self.assertLessEqual(comparison["max_rel"], BYTE_TOLERANCE if ranks > 1 else TOLERANCE)

    def test_bytes_as_predicted(self):
        model = self.import_random()
        for strategy in ("vertical", "data", "horizontal"):
            for wire in ("int8", "auto"):
                with self.subTest(strategy=strategy, wire=wire):
                    plan = self.path("p.json")
                    text = self.assert_done(vpinfer("plan", model, "--ranks", 3, "--strategy", strategy, "--wire", wire,
                                                    "-o", plan))
                    report, _ = self.report_of(model, "--plan", plan, ranks=3)
                    self.assertEqual(report["context"]["wire"], "int8")
                    self.assertIn(f"{report['bytes_moved'] / 2**20:.1f} MiB moved per frame", text)
                    floats, _ = self.report_of(model, "--plan", plan, "--wire", "float", ranks=3)
                    self.assertLess(report["bytes_moved"], 0.5 * floats["bytes_moved"])

    def test_finds_the_same_objects(self):
        for wire in ("int8", "auto"):
            with self.subTest(wire=wire):
                report, out = self.report_of(NANODET / "nanodet.h5", "--input", NANODET / "dog.jpg", "--threshold", 0.5,
                                             "--wire", wire, ranks=4)
                found = report["comparison"]["findings"]["detections"]
                self.assertEqual((found["same"], found["lost"], found["added"]), (1, 0, 0))
                self.assertLess(found["score_change"], 0.02)
                self.assertGreater(found["least_overlap"], 0.9)
                self.assertRegex(out, r"objects: 1 found again, 0 lost, 0 new; ")


class Convolutions(RanksTest):
    """By the micro-kernel or by BLAS, the results are the same."""

    def setUp(self):
        super().setUp()
        self.model = self.import_random("m.h5")

    def test_every_layer(self):
        alone = self.dump_of(self.model, "--conv", "blas")
        for ranks in (1, 3):
            for conv in ("auto", "direct", "blas"):
                with self.subTest(ranks=ranks, conv=conv):
                    self.assert_same(self.dump_of(self.model, "--conv", conv, ranks=ranks), alone, TOLERANCE)

    def test_plans_remember_and_run_overrides(self):
        plan = self.path("p.json")
        text = self.assert_done(vpinfer("plan", self.model, "--ranks", 3, "--conv", "blas", "-o", plan))
        self.assertIn("vertical, convolved by BLAS, on 3 ranks", text)
        for options, conv in (((), "blas"), (("--conv", "auto"), "auto")):
            with self.subTest(options=options):
                report = self.path("r.json")
                self.assert_done(vpinfer("--model", self.model, "--plan", plan, *options, "--json", report, ranks=3))
                report = json.loads(report.read_text())
                self.assertEqual(report["context"]["conv"], conv)
                self.assertTrue(report["ranks"][2]["micro_kernel"])


class DifferentModels(RanksTest):
    """Ranks whose files come from different imports must notice."""

    def checksum(self, path):
        with h5py.File(path) as file:
            return file.attrs["checksum"].decode()

    def setUp(self):
        super().setUp()
        for rank, seed in ((0, 7), (1, 8)):
            self.path(f"rank{rank}").mkdir()
            self.import_random(f"rank{rank}/m.h5", seed=seed)

    def assert_noticed(self, outcome, name):
        self.assert_job_failed(outcome, BAD_INPUT, name, self.checksum(self.path("rank0/m.h5")),
                               self.checksum(self.path("rank1/m.h5")))

    def test_models(self):
        self.assert_noticed(self.run_in_folders(2, "--model", "m.h5"), "m.h5")

    def test_a_broken_copy(self):
        self.write("rank1/m.h5", self.path("rank1/m.h5").read_bytes()[:5000])
        self.assert_job_failed(self.run_in_folders(2, "--model", "m.h5"), BAD_INPUT, "[rank 1 ", "m.h5", "truncated")

    def split(self):
        for rank in (0, 1):
            self.partition(self.path(f"rank{rank}/m.h5"), f"rank{rank}/m-2.h5", "--ranks", 2, "--split-files")

    def test_shares(self):
        self.split()
        self.path("rank1/m-2.h5").unlink()
        self.assert_noticed(self.run_in_folders(2, "--model", "m-2.h5"), "m-2.rank1.h5")

    def test_a_share_beside_the_master(self):
        self.split()
        shutil.copy(self.path("rank1/m-2.rank1.h5"), self.path("rank0"))
        self.assert_noticed(vpinfer("--model", self.path("rank0/m-2.h5"), ranks=2), "m-2.rank1.h5")

    def test_a_damaged_share_beside_the_master(self):
        self.split()
        share = self.path("rank0/m-2.rank1.h5")
        share.write_bytes(share.read_bytes()[:3000])
        for options in ([], ["--compare-single"]):
            self.assert_job_failed(vpinfer("--model", self.path("rank0/m-2.h5"), *options, ranks=2), BAD_INPUT,
                                   "m-2.rank1.h5", "truncated")

    def test_comparing_needs_all_shares(self):
        self.split()
        self.path("rank0/m-2.rank1.h5").unlink()
        self.assert_job_failed(vpinfer("--model", self.path("rank0/m-2.h5"), "--compare-single", ranks=2), BAD_INPUT,
                               "m-2.rank1.h5", "needs all shares")


class CompareSingle(RanksTest):
    RANK_KEYS = {"rank", "host", "boxes", "cores", "blas", "micro_kernel", "weights_bytes", "weights_bytes_by_form",
                 "load_seconds", "activations_bytes", "workspace_bytes", "message_bytes", "library_bytes",
                 "results_bytes", "predicted_bytes", "peak_rss_bytes", "compute_seconds", "pack_seconds",
                 "message_seconds", "wait_seconds", "frame_seconds", "utilisation", "sent_bytes", "received_bytes"}

    def test_pass(self):
        report = self.path("r.json")
        out = self.assert_done(vpinfer("--model", self.import_random(), "--compare-single", "--repeat", 3, "--json",
                                       report, ranks=3))
        for fragment in ("PASS: largest difference", "speed-up", "% of one rank's", "vertical on 3 ranks: latency"):
            self.assertIn(fragment, out)
        content = json.loads(report.read_text())
        self.assertEqual({"pass", "max_abs", "max_rel", "first_layer", "speedup"} - content["comparison"].keys(), set())
        self.assertIs(content["comparison"]["pass"], True)
        self.assertIsNone(content["comparison"]["first_layer"])
        self.assertLessEqual(content["comparison"]["max_rel"], TOLERANCE)
        self.assertEqual(content["comparison"]["tolerance"], TOLERANCE)
        self.assertGreater(content["comparison"]["speedup"], 0)
        self.check_report(content)

    def check_report(self, content):
        latency = content["latency_seconds"]
        self.assertTrue(0 < latency["min"] <= latency["median"] <= latency["max"], latency)
        self.assertGreater(content["frames_per_second"], 0)
        self.assertEqual([rank["rank"] for rank in content["ranks"]], [0, 1, 2])
        for rank in content["ranks"]:
            self.assertEqual(self.RANK_KEYS - rank.keys(), set())
            self.assertGreater(rank["peak_rss_bytes"], 0)
        sent = sum(rank["sent_bytes"] for rank in content["ranks"])
        self.assertEqual(sent, sum(rank["received_bytes"] for rank in content["ranks"]))
        self.assertEqual(sent, content["bytes_moved"])
        self.assertGreater(sent, 0)
        for key in ("version", "git_hash", "command_line", "model_checksum", "mpi", "threads"):
            self.assertIn(key, content["context"])

    def test_fail_names_the_first_layer(self):
        partition = self.partition(self.import_random(), "m-3.h5", "--ranks", 3, "--strategy", "data")
        with h5py.File(partition, "r+") as file:
            for layer in (4, 10):
                file[f"ranks/1/layers/{layer}/weights"][0] *= 2  # the comparison reads rank 0's copy
        report = self.path("r.json")
        done = vpinfer("--model", partition, "--compare-single", "--json", report, ranks=3)
        self.assertEqual(done.code, COMPARISON_FAILED, done)
        self.assertRegex(done.out, r"FAIL: largest difference .*, first in layer 4\n")
        comparison = json.loads(report.read_text())["comparison"]
        self.assertEqual((comparison["pass"], comparison["first_layer"]), (False, 4))
        self.assertGreater(comparison["max_rel"], TOLERANCE)


if __name__ == "__main__":
    unittest.main()

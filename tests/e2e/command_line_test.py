#!/usr/bin/python3
"""Every subcommand as users type it, in one process: what it prints, writes and answers."""

import json
import os
import re
import shutil
import time
import unittest

import h5py
import numpy as np

from program import (BAD_INPUT, BAD_USAGE, DONE, FACE, NOT_ENOUGH_MEMORY, SOURCE, ProgramTest, convolution, read_dump,
                     small_classifier, small_yolo, small_yolov3, vpinfer, write_png)


class Texts(ProgramTest):
    def test_list_layers_is_what_the_readme_shows(self):
        listing = self.assert_done(vpinfer("import", "--list-layers"))
        block = "".join(f"    {line}" if line.strip() else line for line in listing.splitlines(keepends=True))
        self.assertIn(block, (SOURCE / "README.md").read_text())

    def test_help_and_version(self):
        for arguments in ([], ["--help"], ["-h"]):
            text = self.assert_done(vpinfer(*arguments))
            for word in ("run", "import", "info", "plan", "partition", "Exit codes"):
                self.assertIn(word, text)
        self.assertIn("--compare-single", self.assert_done(vpinfer("run", "--help")))
        self.assertRegex(self.assert_done(vpinfer("--version")), r"^vpinfer \d+\.\d+\.\d+ \(\S+\)\n$")

    def test_wrong_usage(self):
        for arguments in (["--bogus"], ["bogus"], ["run"], ["import"], ["plan", "m.h5"], ["--model"],
                          ["--model", "m.h5", "--repeat", "0"], ["plan", "m.h5", "--ranks", "many"]):
            self.assert_refused(vpinfer(*arguments), BAD_USAGE, "--help")
        self.assert_refused(vpinfer("--model", "m.h5", "--strategy", "diagonal"), BAD_USAGE, "diagonal", "vertical",
                            "data", "single")


class Import(ProgramTest):
    def test_random_weights(self):
        labels = self.write("four.names", "cat\ndog\r\nbird\nfish\n")
        path = self.import_random("m.h5", options=["--labels", labels])
        with h5py.File(path) as file:
            self.assertEqual(file.attrs["format"], b"vpinfer-model")
            self.assertEqual(file["layers/0/weights"].shape, (8, 3, 3, 3))
            self.assertEqual(file["layers/16/biases"].shape, (27,))
            self.assertEqual(json.loads(file["network"][()])["labels"], ["cat", "dog", "bird", "fish"])
        self.assertEqual(self.names(), ["four.names", "m.cfg", "m.h5"])

    def test_half_takes_half_the_place(self):
        whole = self.import_random("whole.h5").stat().st_size
        half = self.import_random("half.h5", options=["--half"])
        self.assertLess(half.stat().st_size, 0.6 * whole)
        with h5py.File(half) as file:
            self.assertEqual(file["layers/0/weights"].dtype, np.float16)

    def test_the_same_seed_makes_the_same_file(self):
        first = self.import_random("m.h5").read_bytes()
        time.sleep(1.1)  # HDF5 knows how to note the second in which a dataset was made
        self.assertEqual(first, self.import_random("m.h5").read_bytes())
        self.assertNotEqual(first, self.import_random("m.h5", seed=8).read_bytes())

    def test_crlf_is_accepted(self):
        self.import_random("plain.h5")
        self.import_random("crlf.h5", cfg=small_yolo().replace("\n", "\r\n"))
        with h5py.File(self.path("plain.h5")) as plain, h5py.File(self.path("crlf.h5")) as crlf:
            np.testing.assert_array_equal(plain["layers/15/weights"], crlf["layers/15/weights"])

    def test_warns_of_unknown_and_repeated_keys(self):
        cfg = self.write("m.cfg", "[net]\nheight=8\nwidth=8\nbatch=1\nbatch=64\nwidth=9\nletterboxed=1\n"
                                  "[maxpool]\nsize=2\nceiling=1\nsize=3\nsize=4\n")
        done = vpinfer("import", cfg, "--random-weights", 1, "-o", self.path("m.h5"))
        self.assertEqual(done.code, DONE)
        repeated = "was given before, which counts; this one was"
        unknown = "is not known and was"
        self.assertEqual(done.err, "".join(
            f"warning: m.cfg:{line} [{block}]: the key '{key}' {what} ignored\n" for line, block, key, what in (
                (6, "net", "width", repeated), (7, "net", "letterboxed", unknown), (10, "maxpool", "ceiling", unknown),
                (11, "maxpool", "size", repeated), (12, "maxpool", "size", repeated))))

    def test_labels_name_what_the_network_tells_apart(self):
        labels = self.write("l.names", "a\nb\nc\n")

        def command(cfg):
            return ["import", self.write("m.cfg", cfg), "--random-weights", 1, "--labels", labels, "-o",
                    self.path("m.h5")]

        self.assert_done(vpinfer(*command(small_classifier(3))))
        self.assert_refused(vpinfer(*command(small_classifier(4))), BAD_INPUT, "l.names", "3 labels", "4 classes")
        self.assert_done(vpinfer(*command(small_yolov3(3, 3))))
        self.assert_refused(vpinfer(*command("[net]\nheight=8\nwidth=8\nchannels=3\n" + convolution(3))), BAD_USAGE,
                            "--labels", "m.cfg", "no classes to name")
        tree = self.write("t.tree", "x -1\ny -1\nz 0\nw 0\n")
        self.write("t.map", "1\n3\n2\n")
        head = f"[region]\nclasses=4\nnum=1\nsoftmax=1\nanchors=1,1\ntree={tree}\nmap={self.path('t.map')}\n"
        cfg = "[net]\nheight=8\nwidth=8\nchannels=3\n" + convolution(9, 1, 1, "linear", False) + head
        self.assert_done(vpinfer(*command(cfg)))

    def test_heads_of_different_classes(self):
        cfg = self.write("m.cfg", small_yolov3(4, 5))
        self.assert_refused(vpinfer("import", cfg, "--random-weights", 1, "-o", self.path("m.h5")), BAD_INPUT, "m.cfg",
                            "layer 5", "layer 10", "4 classes", "5")


class Info(ProgramTest):
    def test_prints_layers_and_what_ranks_hold(self):
        text = self.assert_done(vpinfer("info", self.import_random()))
        for fragment in ("18 layers", "GFLOP", "weights", "64x64x3", "seed 7", "region", "3 anchors, 4 classes",
                         "vertical/MiB", "checksum"):
            self.assertIn(fragment, text)
        self.assertEqual(len(re.findall(r"^ *\d+ +convolution", text, re.M)), 9)

    def test_of_a_partition(self):
        model = self.import_random()
        self.assert_done(vpinfer("partition", model, "--ranks", 3, "-o", self.path("m-3.h5")))
        self.assertIn("vertical on 3 ranks", self.assert_done(vpinfer("info", self.path("m-3.h5"))))


class Plan(ProgramTest):
    def test_prints_and_saves(self):
        model = self.import_random()
        plan = self.path("p.json")
        for strategy in ("vertical", "data", "single"):
            text = self.assert_done(vpinfer("plan", model, "--ranks", 4, "--strategy", strategy, "-o", plan))
            for fragment in (f"{strategy} on 4 ranks", "weights", "activations", "workspace", "messages",
                             "moved per frame"):
                self.assertIn(fragment, text)
            self.assertEqual(json.loads(plan.read_text())["ranks"], 4)

    def test_a_saved_plan_runs(self):
        model = self.import_random()
        self.assert_done(vpinfer("plan", model, "--ranks", 1, "-o", self.path("p.json")))
        self.assert_done(vpinfer("--model", model, "--plan", self.path("p.json")))


class Run(ProgramTest):
    def test_without_input_there_is_a_test_picture(self):
        text = self.assert_done(vpinfer("--model", self.import_random()))
        self.assertRegex(text, r"(?m)^test picture: \d+ objects?$")
        self.assertIn("on 1 rank: latency", text)
        self.assertEqual(text, re.sub(r"[^\n -~]", "?", text))

    def test_finds_the_face(self):
        done = vpinfer("run", "--model", FACE / "face.h5", "--input", FACE / "astronaut.jpg", "--output",
                       self.path("out"), "--json", self.path("r.json"))
        self.assertIn("astronaut.jpg: 1 object\n", self.assert_done(done))
        found = json.loads(self.path("out/detections.json").read_text())
        self.assertEqual(found, json.loads(self.path("r.json").read_text())["detections"])
        self.assertTrue(self.path("out/astronaut.jpg").read_bytes().startswith(b"\xff\xd8\xff"))

    def test_a_classifier_names_classes(self):
        labels = self.write("l.names", "".join(f"thing {i}\n" for i in range(7)))
        model = self.import_random(cfg=small_classifier(), options=["--labels", labels])
        write_png(self.path("a.png"), 40, 60)
        text = self.assert_done(vpinfer("--model", model, "--input", self.path("a.png"), "--output", self.path("out"),
                                        "--json", self.path("r.json"), "--dump-output", self.path("d.h5")))
        probabilities = read_dump(self.path("d.h5"))["output/7"].ravel()
        order = np.argsort(-probabilities)[:5]
        shown = re.findall(r"^(thing \d) +(\d\.\d{3})$", text, re.M)
        self.assertEqual([name for name, _ in shown[-5:]], [f"thing {i}" for i in order])
        self.assertIn(f"a.png: thing {order[0]} {probabilities[order[0]]:.3f}\n", text)
        [picture] = json.loads(self.path("out/classifications.json").read_text())
        self.assertEqual(picture["file_name"], "a.png")
        self.assertEqual([entry["class_index"] for entry in picture["classes"]], list(order))
        report = json.loads(self.path("r.json").read_text())
        self.assertEqual(report["classifications"], [picture])
        self.assertEqual(report["detections"], [])
        self.assertEqual(os.listdir(self.path("out")), ["classifications.json"])

    def test_of_a_tree_leaves_are_named(self):
        tree = self.write("t.tree", "x -1\ny -1\nz 0\nw 0\nv 2\nu 2\n")
        model = self.import_random(cfg=small_classifier(6, f"tree={tree}"))
        text = self.assert_done(vpinfer("--model", model))
        self.assertEqual(sorted(set(re.findall(r"class \d", text))), ["class 1", "class 3", "class 4", "class 5"])

    def test_two_heads_are_one_detector(self):
        model = self.import_random(cfg=small_yolov3())
        text = self.assert_done(vpinfer("--model", model, "--threshold", 0.2, "--json", self.path("r.json"),
                                        "--dump-output", self.path("d.h5")))
        self.assertRegex(text, r"test picture: \d+ objects?\n")
        self.assertEqual(sorted(read_dump(self.path("d.h5"))),
                         sorted(["output/4", "output/5", "output/9", "output/10"]))
        boxes = json.loads(self.path("r.json").read_text())["detections"]
        self.assertEqual({box["category"] for box in boxes}, {f"class {i}" for i in range(4)})

    def test_a_folder_of_pictures(self):
        self.path("in").mkdir()
        write_png(self.path("in/b.PNG"), 40, 60)
        shutil.copy(FACE / "astronaut.jpg", self.path("in/a.jpeg"))
        self.write("in/notes.txt", "no picture")
        text = self.assert_done(vpinfer("--model", FACE / "face.h5", "--input", self.path("in"), "--output",
                                        self.path("out")))
        self.assertRegex(text, r"(?s)a\.jpeg: 1 object.*b\.PNG: \d object")
        self.assertEqual(sorted(path.name for path in self.path("out").iterdir()),
                         ["a.jpeg", "b.PNG.jpg", "detections.json"])

    def test_no_picture_replaces_another(self):
        for name in ("a.png", "a.png.jpg"):
            self.write(f"in/{name}", (FACE / "astronaut.jpg").read_bytes())
        self.assert_done(vpinfer("--model", FACE / "face.h5", "--input", self.path("in"), "--output", self.path("out"),
                                 "--repeat", 2))
        self.assertEqual(set(os.listdir(self.path("out"))), {"a.png.jpg", "a.png.jpg.jpg", "detections.json"})

    def test_file_names_may_be_no_utf8(self):
        cfg = self.write(os.fsdecode(b"n\xe9.cfg"), small_yolo())
        picture = self.path(os.fsdecode(b"caf\xe9.png"))
        write_png(picture, 20, 30)
        self.assert_done(vpinfer("import", cfg, "--random-weights", 1, "-o", self.path("m.h5")))
        self.assert_done(vpinfer("--model", self.path("m.h5"), "--input", picture, "--json", self.path("r.json")))
        self.assertIn("context", json.loads(self.path("r.json").read_text("utf-8")))

    def test_a_tensor_bypasses_decoding(self):
        model = self.import_random()
        tensor = np.random.default_rng(1).random((64, 64, 3), dtype=np.float32)
        with h5py.File(self.path("t.h5"), "w") as file:
            file["input"] = tensor
        dump = self.path("d.h5")
        text = self.assert_done(vpinfer("--model", model, "--input", self.path("t.h5"), "--dump-output", dump,
                                        "--dump-layers", "0,13"))
        self.assertIn("t.h5: 4 tensors\n", text)
        self.assertIn("layer 17: 4x4x27 values from", text)
        tensors = read_dump(dump)
        self.assertEqual({name: (value.shape, value.dtype) for name, value in tensors.items()},
                         {"output/16": ((4, 4, 27), np.float32), "output/17": ((4, 4, 27), np.float32),
                          "layers/0": ((64, 64, 8), np.float32), "layers/13": ((4, 4, 64), np.float32)})
        with h5py.File(dump) as file:
            self.assertEqual(file["output/16"].attrs["name"], b"convolutional")
            self.assertEqual(file["output/17"].attrs["name"], b"region")
        self.assert_convolution(model, tensor, tensors["layers/0"])

    def assert_convolution(self, model, tensor, output):
        """Layer 0 is what the stored weights make of the input: 3 x 3, zeros around it, leaky."""
        with h5py.File(model) as file:
            weights, biases = file["layers/0/weights"][()], file["layers/0/biases"][()]
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(tensor, ((1, 1), (1, 1), (0, 0))), (3, 3), (0, 1))
        sums = np.einsum("yxcij,fijc->yxf", windows, weights) + biases
        np.testing.assert_allclose(output, np.where(sums > 0, sums, 0.1 * sums), atol=1e-5)

    def test_dumps_all_layers(self):
        dump = self.path("d.h5")
        self.assert_done(vpinfer("--model", self.import_random(), "--dump-output", dump, "--dump-layers", "all"))
        self.assertEqual(sorted(read_dump(dump)),
                         sorted([f"layers/{i}" for i in range(18)] + ["output/16", "output/17"]))

    def test_compares_with_itself(self):
        done = vpinfer("--model", self.import_random(), "--compare-single", "--repeat", 2)
        self.assertRegex(self.assert_done(done), r"PASS: largest difference 0\.00e\+00 absolute")

    def test_more_threads_than_cores_are_slow_and_work(self):
        done = vpinfer("--model", self.import_random("m.h5"), "--threads", 64, "--compare-single")
        self.assertEqual(done.code, DONE)
        self.assertRegex(done.err, r"^warning: 64 threads on \d+ cores of .*; fewer threads are faster\n")

    def test_memory_limit(self):
        model = self.import_random()
        for command in (["--model", model], ["plan", model, "--ranks", 2]):
            self.assert_refused(vpinfer(*command, "--memory-limit", "100KiB"), NOT_ENOUGH_MEMORY, "rank ", "MiB",
                                "use more ranks")
            self.assert_done(vpinfer(*command, "--memory-limit", "1GiB"))

    def test_a_refused_job_leaves_no_folder(self):
        self.assert_refused(vpinfer("--model", self.import_random(), "--output", self.path("out"), "--memory-limit",
                                    "100KiB"), NOT_ENOUGH_MEMORY, "rank 0 ")
        self.assertFalse(self.path("out").exists())

    def test_of_a_partition(self):
        model = self.import_random()
        for options in ([], ["--split-files"]):
            self.assert_done(vpinfer("partition", model, "--ranks", 1, *options, "-o", self.path("m-1.h5")))
            self.assert_done(vpinfer("--model", self.path("m-1.h5")))


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
"""Bad files and places: one line that names the culprit, the documented exit code, and nothing half-written."""

import json
import os
import resource
import shutil
import struct
import subprocess
import unittest

import h5py
import numpy as np

from program import (BAD_INPUT, BAD_USAGE, DONE, FACE, NO_FILE, ProgramTest, command_of, run, small_yolo, vpinfer,
                     write_png)

# Two filters of 1 x 1 over three channels and their biases: 8 floats.
SMALL_CFG = "[net]\nheight=4\nwidth=4\n[convolutional]\nfilters=2\nsize=1\n"


class BadNetworks(ProgramTest):
    def refuse(self, cfg, *fragments):
        path = self.write("n.cfg", cfg)
        self.assert_refused(vpinfer("import", path, "--random-weights", 1, "-o", self.path("m.h5")), BAD_INPUT,
                            *fragments)
        self.assertEqual(self.names(), ["n.cfg"])

    def test_cfg(self):
        net = "[net]\nheight=8\nwidth=8\n"
        self.refuse(net + "[lstm]\noutput=3\n", "n.cfg:4 [lstm]", "not supported", "convolutional")
        self.refuse(net + "[convolutional]\nsize=3\n", "n.cfg:4 [convolutional]", "'filters' is missing")
        self.refuse(net + "[maxpool]\n[route]\nlayers=-3\n", "n.cfg:5 [route]", "no layer -3")
        self.refuse(net + "[maxpool]\n[route]\nlayers=9\n", "n.cfg:5 [route]", "no layer 9")
        self.refuse(net + "[convolutional]\nsize=3\nfilters=many\n", "n.cfg:6", "filters=many")
        self.refuse("", "n.cfg")
        self.refuse("not a cfg\n", "n.cfg:1")
        self.refuse(net + "[reorg]\nstride=65536\n", "n.cfg:4 [reorg]")

    def test_a_binary_file_is_not_echoed(self):
        cfg = self.write("n.cfg", b"\x1b[31mred\r\0\x07" + bytes(range(128, 256)))
        done = vpinfer("import", cfg, "--random-weights", 1, "-o", self.path("m.h5"))
        self.assert_refused(done, BAD_INPUT, "n.cfg:1")
        self.assertTrue(done.err.strip().isprintable(), repr(done.err))

    def test_missing_files(self):
        cfg = self.write("n.cfg", SMALL_CFG)
        out = self.path("m.h5")
        self.assert_refused(vpinfer("import", self.path("absent.cfg"), "--random-weights", 1, "-o", out), BAD_INPUT,
                            NO_FILE.format(self.path("absent.cfg")))
        self.assert_refused(vpinfer("import", cfg, self.path("absent.weights"), "-o", out), BAD_INPUT,
                            NO_FILE.format(self.path("absent.weights")))
        self.assert_refused(vpinfer("import", cfg, "--random-weights", 1, "--labels", self.path("absent.names"), "-o",
                                    out), BAD_INPUT, NO_FILE.format(self.path("absent.names")))
        self.assertEqual(self.names(), ["n.cfg"])

    def test_weights(self):
        cfg = self.write("n.cfg", SMALL_CFG)
        header = struct.pack("<iiiq", 0, 2, 0, 0)
        for content, found in ((header + b"\0" * 31, "has 51 bytes"), (header + b"\0" * 36, "has 56 bytes"),
                               (header[:10], "w.weights"), (b"", "w.weights")):
            weights = self.write("w.weights", content)
            self.assert_refused(vpinfer("import", cfg, weights, "-o", self.path("m.h5")), BAD_INPUT, "w.weights", found)
        self.assertIn("52", vpinfer("import", cfg, self.write("w.weights", header), "-o", self.path("m.h5")).err)
        self.assertEqual(self.names(), ["n.cfg", "w.weights"])
        weights = self.write("w.weights", header + b"\0" * 32)
        self.assert_done(vpinfer("import", cfg, weights, "-o", self.path("m.h5")))

    def test_labels(self):
        cfg = self.write("n.cfg", small_yolo())
        labels = self.write("l.names", "one\ntwo\n")
        command = ["import", cfg, "--random-weights", 1, "--labels", labels, "-o", self.path("m.h5")]
        self.assert_refused(vpinfer(*command), BAD_INPUT, "l.names", "2 labels", "4 classes")
        self.write("l.names", "Käse\nØl\nbird\nfish\n".encode("latin-1"))
        self.assert_refused(vpinfer(*command), BAD_INPUT, "l.names", "UTF-8")
        self.assertEqual(self.names(), ["l.names", "n.cfg"])


class ResultsThatAreNone(ProgramTest):
    """A layer of weights that overflow in single precision."""

    def overflowing(self, cfg, name="m.h5"):
        model = self.import_random(name, cfg)
        with h5py.File(model, "r+") as file:
            file["layers/0/weights"][...] = 3e38
        return model

    def test_a_detector_names_picture_and_layer(self):
        model = self.overflowing(small_yolo())
        write_png(self.path("a.png"), 40, 50)
        out = self.path("out")
        for options in ([], ["--compare-single"]):
            done = vpinfer("--model", model, "--input", self.path("a.png"), "--output", out, *options)
            self.assertEqual(done.code, BAD_INPUT, done)
            self.assert_says(done, "a.png: layer 16 (convolution) gave", "NaN or infinite")
            self.assertNotIn("PASS", done.out)
            self.assertFalse((out / "a.png.jpg").exists())
            self.assertEqual(json.loads((out / "detections.json").read_text()), [])

    def test_any_network(self):
        model = self.overflowing(SMALL_CFG + "activation=linear\n")
        self.assert_says(vpinfer("--model", model), "test picture: layer 0 (convolution) gave")

    def test_output_without_pictures_or_meaning(self):
        with h5py.File(self.path("t.h5"), "w") as file:
            file["input"] = np.zeros((64, 64, 3), np.float32)
        detector, tensors = self.import_random(), self.import_random("n.h5", SMALL_CFG)
        out = self.path("out")
        self.assert_refused(vpinfer("--model", detector, "--input", self.path("t.h5"), "--output", out), BAD_USAGE,
                            "--output", "t.h5", "--dump-output")
        self.assert_refused(vpinfer("--model", tensors, "--output", out), BAD_USAGE, "--output", "n.h5",
                            "neither boxes nor classes")
        self.assertFalse(out.exists())
        self.assert_done(vpinfer("--model", detector, "--input", self.path("t.h5")))


class BadModels(ProgramTest):
    def refuse(self, path, *fragments):
        commands = (["--model", path], ["info", path], ["plan", path, "--ranks", 2],
                    ["partition", path, "--ranks", 2, "-o", self.path("out.h5")])
        for command in commands:
            self.assert_refused(vpinfer(*command), BAD_INPUT, path, *fragments)
        self.assertFalse(self.path("out.h5").exists())

    def test_no_model(self):
        self.refuse(self.path("absent.h5"), NO_FILE.format(self.path("absent.h5")))
        self.refuse(self.folder, "Is a directory")
        self.refuse(self.write("empty.h5", ""), "empty")
        self.refuse(self.write("text.h5", "hello\n"), "not an HDF5 file")

    def test_truncated(self):
        content = self.import_random().read_bytes()
        for length in (600, len(content) // 2, len(content) - 1):
            self.refuse(self.write("cut.h5", content[:length]), "truncated")

    def test_foreign(self):
        with h5py.File(self.path("foreign.h5"), "w") as file:
            file["weights"] = np.zeros(3)
        self.refuse(self.path("foreign.h5"), "not made by vpinfer")

    def test_foreign_with_an_attribute_of_our_name(self):
        for value in ("of variable length", 1.5, np.bytes_(b"netcdf"), np.array([b"vpinfer-model"] * 4000)):
            with h5py.File(self.path("foreign.h5"), "w") as file:
                file.attrs["format"] = value
            with self.subTest(value):
                self.refuse(self.path("foreign.h5"))

    def refuse_changed(self, change, *fragments):
        """A good model in which `change(file)` damaged what a run reads."""
        path = self.import_random("changed.h5")
        with h5py.File(path, "r+") as file:
            change(file)
        with self.subTest(fragments):
            self.assert_refused(vpinfer("--model", path), BAD_INPUT, path, *fragments)

    def refuse_replaced(self, name, *values):
        for value in values:
            def replace(file):
                del file[name]
                if value is not None:
                    file[name] = value
            self.refuse_changed(replace, name)

    def test_changed_weights(self):
        self.refuse_replaced("layers/4", None)
        self.refuse_replaced("/layers/4/weights", None, np.zeros((32, 3, 3, 15), "f4"), np.zeros((32, 3, 3, 16), "f8"),
                             np.zeros(32 * 9 * 16, "f4"))
        self.refuse_replaced("/layers/4/biases", None, np.zeros(31, "f4"), np.zeros(33, "f4"),
                             np.zeros((32, 2), "f4"), np.float32(1), np.zeros(32, "i4"))

    def test_changed_network(self):
        self.refuse_replaced("network", None, np.bytes_(b"{}"), np.float32(1), "text of variable length",
                             np.array([b"{}"] * 4096))

    def test_changed_attributes(self):
        self.refuse_changed(lambda file: file.attrs.__delitem__("checksum"), "'checksum'")
        self.refuse_changed(lambda file: file.attrs.modify("schema", np.bytes_(b"9\0")), "schema 9")

    def test_partition_for_another_rank_count(self):
        model = self.import_random()
        partition = self.path("m-3.h5")
        self.assert_done(vpinfer("partition", model, "--ranks", 3, "-o", partition))
        self.assert_refused(vpinfer("--model", partition), BAD_INPUT, partition, "3 ranks", "has 1")
        self.assert_refused(vpinfer("--model", partition, "--strategy", "data"), BAD_USAGE, partition)
        self.assert_refused(vpinfer("partition", partition, "--ranks", 2, "-o", self.path("m-2.h5")), BAD_INPUT,
                            partition, "partitioned already")

    def test_plans(self):
        model = self.import_random()
        plan = self.path("p.json")
        other = self.import_random("other.h5", SMALL_CFG)
        self.assert_refused(vpinfer("--model", model, "--plan", plan), BAD_INPUT, plan)
        for content in ("", "{}", "[1, 2", '{"schema": 9}'):
            self.write("p.json", content)
            self.assert_refused(vpinfer("--model", model, "--plan", plan), BAD_INPUT, plan)
        self.assert_done(vpinfer("plan", other, "--ranks", 1, "-o", plan))
        self.assert_refused(vpinfer("--model", model, "--plan", plan), BAD_INPUT, plan)
        self.assert_done(vpinfer("plan", model, "--ranks", 2, "-o", plan))
        self.assert_refused(vpinfer("--model", model, "--plan", plan), BAD_INPUT, plan, "2 ranks", "has 1")


class BadInputs(ProgramTest):
    def refuse(self, path, *fragments, code=BAD_INPUT):
        self.assert_refused(vpinfer("--model", FACE / "face.h5", "--input", path), code, *fragments)

    def test_pictures(self):
        jpeg = (FACE / "astronaut.jpg").read_bytes()
        self.refuse(self.write("cut.jpg", jpeg[:300]), "cut.jpg", "corrupt JPEG")
        self.refuse(self.write("text.jpg", "hello"), "text.jpg")
        self.refuse(self.write("empty.png", ""), "empty.png")
        self.refuse(self.path("absent.jpg"), NO_FILE.format(self.path("absent.jpg")))
        self.refuse(self.path("n" * 300), "nnn")
        self.path("none").mkdir()
        self.refuse(self.path("none"), "none", "no pictures")

    def test_a_cut_off_jpeg_is_used_with_a_warning(self):
        cut = self.write("cut.jpg", (FACE / "astronaut.jpg").read_bytes()[:-2])
        done = vpinfer("--model", FACE / "face.h5", "--input", cut, "--output", self.path("out"))
        self.assertEqual(done.code, DONE, done)
        self.assertEqual(len(done.err.splitlines()), 1, done)
        self.assert_says(done, "warning: cut.jpg: cut off or damaged JPEG")
        self.assertIn("cut.jpg: 1 object", done.out)
        self.assertTrue(self.path("out/cut.jpg").exists())

    def test_a_corrupt_picture_does_not_stop_the_others(self):
        self.path("in").mkdir()
        jpeg = (FACE / "astronaut.jpg").read_bytes()
        self.write("in/1.jpg", jpeg)
        self.write("in/2.jpg", jpeg[:300])
        self.write("in/3.jpg", jpeg)
        done = vpinfer("--model", FACE / "face.h5", "--input", self.path("in"), "--output", self.path("out"))
        self.assert_refused(done, BAD_INPUT, "2.jpg", "corrupt JPEG")
        self.assertIn("1.jpg: 1 object\n", done.out)
        self.assertIn("3.jpg: 1 object\n", done.out)
        self.assertIn("latency", done.out)
        self.assertEqual(sorted(os.listdir(self.path("out"))), ["1.jpg", "3.jpg", "detections.json"])

    def test_tensors(self):
        path = self.path("t.h5")
        self.refuse(path, path)
        for name, shape in (("other", (416, 416, 3)), ("input", (3, 416, 416)), ("input", ())):
            with h5py.File(path, "w") as file:
                file[name] = np.zeros(shape, "f4")
            self.refuse(path, path, "input")
        with h5py.File(path, "w") as file:
            file["input"] = np.zeros((416, 416, 3), "i4")
        self.refuse(path, path, "float32")


class BadPlaces(ProgramTest):
    RUN = ["--model", FACE / "face.h5", "--input", FACE / "astronaut.jpg"]

    def test_report(self):
        for place in ("/dev/full", self.path("absent/r.json"), self.folder):
            self.assert_refused(vpinfer(*self.RUN, "--json", place), BAD_INPUT, f"cannot write {place}")

    def test_folders_are_refused_before_the_run(self):
        for option in ("--json", "--dump-output"):
            self.assertEqual(vpinfer(*self.RUN, option, self.folder).out, "")

    def test_dump(self):
        place = self.path("absent/d.h5")
        self.assert_refused(vpinfer(*self.RUN, "--dump-output", place), BAD_INPUT, f"cannot write {place}",
                            "No such file")
        self.assert_refused(vpinfer(*self.RUN, "--dump-output", self.folder), BAD_INPUT, f"cannot write {self.folder}")
        self.assert_refused(vpinfer(*self.RUN, "--dump-output", self.path("d.h5"), "--dump-layers", "19"), BAD_USAGE,
                            "no layer 19", "last one is 18")
        self.assertEqual(self.names(), [])

    def test_pictures(self):
        file = self.write("file", "")
        for place in (file, file / "below", "/proc/absent"):
            self.assert_refused(vpinfer(*self.RUN, "--output", place), BAD_INPUT, place)

    def test_output_must_not_be_the_input_folder(self):
        shutil.copy(FACE / "astronaut.jpg", self.path("a.jpg"))
        before = self.path("a.jpg").read_bytes()
        command = command_of(None, ["--model", FACE / "face.h5", "--output", ".", "--input"])
        for source in ("a.jpg", ".", str(self.folder)):
            self.assert_refused(run([*command, source], cwd=self.folder), BAD_USAGE, "--output")
        self.assertEqual(self.path("a.jpg").read_bytes(), before)
        self.assertEqual(self.names(), ["a.jpg"])

    def test_a_model_is_not_written_to_a_pipe_or_folder(self):
        cfg = self.write("n.cfg", SMALL_CFG)
        pipe = self.path("pipe")
        os.mkfifo(pipe)
        for place in (pipe, self.path("absent/m.h5"), self.folder):
            self.assert_refused(vpinfer("import", cfg, "--random-weights", 1, "-o", place), BAD_INPUT, place)
        self.assertTrue(pipe.is_fifo())
        self.assertEqual(self.names(), ["n.cfg"])

    def assert_fails_on_a_full_disk(self, largest_file, place, *arguments):
        """As on a full disk, no file may grow beyond some bytes; what the program cannot finish, it removes."""
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

        before = self.names()
        # Python ignores SIGXFSZ; without restore_signals the program does so too and gets an error.
        done = vpinfer(*arguments, self.path(place), preexec_fn=limit, restore_signals=False)
        self.assert_refused(done, BAD_INPUT, "cannot write", self.folder, "File too large")
        self.assertEqual(self.names(), before)

    def test_a_full_disk_for_an_import(self):
        cfg = self.write("n.cfg", small_yolo())
        self.assert_fails_on_a_full_disk(100_000, "m.h5", "import", cfg, "--random-weights", 1, "-o")

    def test_a_full_disk_for_a_partition(self):
        model = self.import_random()
        self.assert_fails_on_a_full_disk(100_000, "m-2.h5", "partition", model, "--ranks", 2, "-o")
        self.assert_fails_on_a_full_disk(100_000, "m-2.h5", "partition", model, "--ranks", 2, "--split-files", "-o")

    def test_a_full_disk_for_a_dump(self):
        # The message-passing library needs room for some MB of its own.
        self.assert_fails_on_a_full_disk(16_000_000, "d.h5", "--model", FACE / "face.h5", "--dump-layers", "all",
                                         "--dump-output")

    def test_a_full_standard_output(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run(command_of(None, ["info", FACE / "face.h5"]), stdout=full, stderr=subprocess.PIPE,
                                  text=True, check=False)
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertIn("standard output", done.stderr)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
"""Motion JPEG, from a file and through a pipe: the answers of a folder with the same pictures."""

import json
import os
import pty
import shutil
import subprocess
import unittest

from program import (BAD_INPUT, BAD_USAGE, DONE, ENVIRONMENT, FACE, NANODET, NO_FILE, ProgramTest, command_of, vpinfer)

FACES = (FACE / "astronaut.jpg").read_bytes()
DOG = (NANODET / "dog.jpg").read_bytes()

# Where FACES is cut off.
IN_THE_HEADER = 300
IN_THE_PIXELS = 20000


class VideoTest(ProgramTest):
    RUN = ["--model", FACE / "face.h5"]

    def piped(self, content, *arguments, ranks=None, name="piped"):
        """A run whose standard input is a pipe that gives `content`."""
        path = self.write(name, content)
        for _ in range(3):
            with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as cat:
                outcome = vpinfer(*self.RUN, "--input", "-", *arguments, ranks=ranks, stdin=cat.stdout)
                cat.stdout.close()
            # Open MPI's mpirun itself crashes now and then while it reads (open-mpi/ompi, issue 7483).
            if "orte_iof_hnp_read_local_handler" not in outcome.err:
                break
        return outcome


class Videos(VideoTest):
    PICTURES = (FACES, DOG, FACES)

    def expected(self):
        """The detections in a folder of the pictures, without the pictures' names."""
        for number, content in enumerate(self.PICTURES, 1):
            self.write(f"in/{number}.jpg", content)
        self.assert_done(vpinfer(*self.RUN, "--input", self.path("in"), "--output", self.path("expected")))
        return self.detections("expected")[1]

    def detections(self, folder):
        found = json.loads(self.path(f"{folder}/detections.json").read_text())
        return [entry.pop("image_id") for entry in found], found

    def check(self, stem, folder="out"):
        names, found = self.detections(folder)
        self.assertEqual(names, [f"{stem}-000001.jpg", f"{stem}-000003.jpg"])
        for entry, expected in zip(found, self.expected(), strict=True):
            self.assertEqual(entry.keys(), expected.keys())
            for number, wanted in zip([entry["score"], *entry["bbox"]], [expected["score"], *expected["bbox"]]):
                self.assertAlmostEqual(number, wanted, delta=0.011)
        self.assertEqual(set(os.listdir(self.path(folder))),
                         {"detections.json", *(f"{stem}-00000{i}.jpg" for i in (1, 2, 3))})

    def test_from_a_file(self):
        video = self.write("walk.mjpeg", b"".join(self.PICTURES))
        for ranks in (None, 3):
            out = self.assert_done(vpinfer(*self.RUN, "--input", video, "--output", self.path("out"), ranks=ranks))
            self.assertIn("walk-000001.jpg: 1 object\n", out)
            self.check("walk")
            shutil.rmtree(self.path("out"))

    def test_through_a_pipe(self):
        for ranks in (None, 3):
            self.assert_done(self.piped(b"".join(self.PICTURES), "--output", self.path("out"), ranks=ranks))
            self.check("stdin")
            shutil.rmtree(self.path("out"))

    def test_from_a_named_pipe(self):
        os.mkfifo(self.path("cam.mjpg"))
        with subprocess.Popen(["cp", self.write("v", b"".join(self.PICTURES)), self.path("cam.mjpg")]):
            self.assert_done(vpinfer(*self.RUN, "--input", self.path("cam.mjpg"), "--output", self.path("out")))
        self.check("cam")

    def test_compares_frames_of_a_file(self):
        video = self.write("walk.mjpeg", b"".join(self.PICTURES))
        self.assertIn("PASS", self.assert_done(vpinfer(*self.RUN, "--input", video, "--compare-single", ranks=2)))

    def test_output_may_be_the_current_folder(self):
        self.assert_done(self.piped(FACES, "--output", self.folder))

    def test_a_result_is_there_before_the_next_picture(self):
        with subprocess.Popen(command_of(None, [*self.RUN, "--input", "-"]), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, env=ENVIRONMENT) as process:
            for number in (1, 2):
                process.stdin.write(FACES)
                process.stdin.flush()
                line = process.stdout.readline().decode()
                while "object" not in line and line:
                    line = process.stdout.readline().decode()
                self.assertEqual(line, f"stdin-00000{number}.jpg: 1 object\n")
            process.stdin.close()
            process.stdout.read()
        self.assertEqual(process.returncode, 0)


class BadVideos(VideoTest):
    def test_pictures_cut_off_in_their_pixels(self):
        for ranks in (None, 3):
            done = self.piped(FACES + FACES[:IN_THE_PIXELS] + FACES + FACES[:IN_THE_PIXELS], ranks=ranks)
            self.assertEqual(done.code, DONE, done)
            for number in (1, 2, 3, 4):
                self.assertIn(f"stdin-00000{number}.jpg: 1 object\n", done.out)
            for number in (2, 4):
                self.assert_says(done, f"warning: stdin-00000{number}.jpg: cut off", "what is missing is grey")

    def test_a_cut_video(self):
        for ranks, check in ((None, self.assert_refused), (3, self.assert_job_failed)):
            done = self.piped(FACES + FACES[:IN_THE_HEADER], "--output", self.path("out"), ranks=ranks)
            check(done, BAD_INPUT, "stdin-000002.jpg", "truncated")
            self.assertIn("stdin-000001.jpg: 1 object\n", done.out)
            self.assertIn("latency", done.out)
            self.assertEqual(sorted(os.listdir(self.path("out"))), ["detections.json", "stdin-000001.jpg"])
        self.assert_refused(self.piped(FACES[:IN_THE_HEADER]), BAD_INPUT, "stdin-000001.jpg", "truncated")

    def test_a_damaged_picture_does_not_stop_the_others(self):
        done = self.piped(FACES + FACES[:IN_THE_HEADER] + FACES)
        self.assert_refused(done, BAD_INPUT, "stdin-000002.jpg", "damaged JPEG", "going on")
        self.assertIn("stdin-000003.jpg: 1 object\n", done.out)

    def test_nothing_and_no_pictures(self):
        self.assert_refused(self.piped(b""), BAD_INPUT, "standard input", "empty", "ffmpeg")
        self.assert_job_failed(self.piped(b"", ranks=2), BAD_INPUT, "standard input", "empty")
        for content in (b"hello", bytes(range(255)) * 1000):
            self.assert_refused(self.piped(content), BAD_INPUT, "standard input", "no JPEG", "ffmpeg")
        video = self.write("v.mjpeg", b"hello")
        self.assert_refused(vpinfer(*self.RUN, "--input", video), BAD_INPUT, video, "no JPEG")
        self.assert_refused(vpinfer(*self.RUN, "--input", self.path("absent.mjpeg")), BAD_INPUT,
                            NO_FILE.format(self.path("absent.mjpeg")))

    def test_what_needs_the_pictures_twice_or_only_one(self):
        self.assert_refused(self.piped(FACES, "--compare-single"), BAD_USAGE, "--compare-single", "pipe", ".mjpeg")
        self.assert_refused(self.piped(FACES, "--dump-output", self.path("d.h5")), BAD_USAGE, "--dump-output",
                            "not a video")

    def test_a_terminal(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        self.addCleanup(os.close, theirs)
        self.assert_refused(vpinfer(*self.RUN, "--input", "-", stdin=theirs), BAD_USAGE, "terminal", "ffmpeg")


if __name__ == "__main__":
    unittest.main()

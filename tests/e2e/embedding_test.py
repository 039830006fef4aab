"""A program that embeds vpinfer, built against the installed package, gives on four ranks what it gives on one."""

import os
import re
import subprocess
import unittest

from program import ENVIRONMENT, NANODET, SOURCE, ProgramTest, run

BUILD = os.environ["VPINFER_BUILD_DIR"]
EXAMPLE = SOURCE / "tests" / "embedding"
MODEL = NANODET / "nanodet.h5"


class Embedding(ProgramTest):
    def setUp(self):
        super().setUp()
        self.prefix = self.folder / "installed"
        self.call(["cmake", "--install", BUILD, "--prefix", self.prefix])

    def call(self, command, **options):
        done = run([str(word) for word in command], timeout=300, **options)
        self.assertEqual(done.code, 0, done)
        return done.out

    def library_folder(self):
        """Where the library was installed, which differs between systems."""
        return next(self.prefix.rglob("libvpinfer.a")).parent

    def check(self, program):
        """The largest values of the outputs agree, and each of four ranks takes less than one alone."""
        def parse(ranks):
            out = self.call(["mpirun", "-np", ranks, program, MODEL])
            values = [float(value) for value in re.findall(r"^\d+x\d+x\d+ (\S+)$", out, re.M)]
            memory = [int(taken) for taken in re.findall(r"^rank \d+ took (\d+) bytes$", out, re.M)]
            self.assertEqual(len(memory), ranks, out)
            return values, memory
        alone, memory_alone = parse(1)
        together, memory = parse(4)
        self.assertGreater(len(alone), 1)
        self.assertEqual(len(together), len(alone))
        for one, four in zip(alone, together):
            self.assertAlmostEqual(one, four, delta=1e-4 * max(1, abs(one)))
        self.assertLess(max(memory), memory_alone[0])

    def test_by_cmake(self):
        build = self.folder / "build"
        self.call(["cmake", "-G", "Ninja", "-S", EXAMPLE, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DCMAKE_BUILD_TYPE=Release"])
        self.call(["cmake", "--build", build])
        self.check(build / "embedding")

    def test_by_pkg_config(self):
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "vpinfer"], capture_output=True, text=True, check=True,
                               env=ENVIRONMENT | {"PKG_CONFIG_PATH": str(self.library_folder() / "pkgconfig")}).stdout
        program = self.folder / "embedding"
        self.call(["c++", "-std=c++20", EXAMPLE / "main.cpp", "-o", program, *flags.split()])
        self.check(program)


if __name__ == "__main__":
    unittest.main()

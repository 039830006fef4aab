"""Every strategy takes many frames in order and gives the answers of one rank."""

import json
import unittest

from program import STRATEGIES, ProgramTest, vpinfer, write_png


class Streams(ProgramTest):
    def setUp(self):
        super().setUp()
        self.model = self.import_random()

    def detections(self, pictures, *options, ranks):
        """The detections of a folder by picture, and the order in which pictures were printed."""
        output = self.path("out")
        out = self.assert_done(vpinfer("--model", self.model, "--input", pictures, "--output", output, "--threshold", "0.2",
                                       *options, ranks=ranks, timeout=120))
        order = [line.split(":")[0] for line in out.splitlines() if line.startswith("p") and "object" in line]
        found = json.loads((output / "detections.json").read_text())
        return order, found

    def test_come_out_complete_and_in_order(self):
        for frames in [1, 2, 50]:
            pictures = self.path(f"pictures-{frames}")
            pictures.mkdir()
            for i in range(frames):
                write_png(pictures / f"p{i:03}.png", 40 + i, 56, seed=i)
            names = [f"p{i:03}.png" for i in range(frames)]
            order, expected = self.detections(pictures, ranks=None)
            self.assertEqual(order, names)
            for strategy in STRATEGIES:
                with self.subTest(frames=frames, strategy=strategy):
                    order, found = self.detections(pictures, "--strategy", *strategy, ranks=3)
                    self.assertEqual(order, names)
                    self.assertEqual(len(found), len(expected))
                    for one, other in zip(expected, found):
                        self.assertEqual(one["image_id"], other["image_id"])
                        self.assertEqual(one["category_id"], other["category_id"])
                        self.assertAlmostEqual(one["score"], other["score"], places=4)

    def test_a_memory_limit_leaves_room_for_one_frame_per_rank(self):
        pictures = self.path("pictures")
        pictures.mkdir()
        for i in range(6):
            write_png(pictures / f"p{i}.png", 64, 64, seed=i)

        def fullest(*options):
            self.assert_done(vpinfer("--model", self.model, "--input", pictures, "--strategy", "sequential",
                                     "--json", self.path("r.json"), *options, ranks=3))
            return max(rank["predicted_bytes"] for rank in json.loads(self.path("r.json").read_text())["ranks"])

        two = fullest()
        one = fullest("--memory-limit", f"{two - 1}")
        self.assertLess(one, two)

    def test_in_flight_is_said(self):
        report = self.path("r.json")
        out = self.assert_done(vpinfer("--model", self.model, "--repeat", 9, "--in-flight", 3,
                                       "--json", report, ranks=2))
        self.assertIn("frames per second with 3 under way", out)
        content = json.loads(report.read_text())
        self.assertEqual(content["context"]["frames_in_flight"], 3)
        self.assertGreater(content["frames_per_second"], 0)
        for rank in content["ranks"]:
            self.assertEqual(len(rank["frame_seconds"]), 9)
            self.assertTrue(0 < rank["utilisation"] <= 1)


if __name__ == "__main__":
    unittest.main()

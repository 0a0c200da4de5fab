"""bench/compare from its beginning to its end, with programs and peers that are acted out."""

import contextlib
import io
import os
import sys
import unittest

from acted import ROOT, Acted

sys.path.insert(0, str(ROOT / "bench"))

from compare import conv, report, suites  # pylint: disable=wrong-import-position

# The first entry whose words are all in the name.
TIMES = {"bf16 compiled": 1, "bf16": 1.5, "compiled": 4, "foreach": 7, "fused": 3, "neuroplastic": 50}


class Whole(unittest.TestCase):
    def run_with(self, *arguments, times=None, suite="mlp", **acted):
        folder = Acted({**(times or {}), **TIMES}, **acted)
        self.addCleanup(folder.close)
        return folder, folder.compare(*arguments, suite=suite)

    def test_the_fastest_way_counts(self):
        folder, result = self.run_with("--precisions", "f32")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("ratio: mlp-sgd-batch16 3.00 (against sgd-fused)", result.stdout)
        self.assertIn("ratio: mlp-neuroplastic-batch16-vs-reference 50.00", result.stdout)
        self.assertIn("| mlp 784-512-512-10, Adam, training, batch 16 | 1.00 ms | 3.00 ms (fused) | "
                      "**3.00** | – | – | – |", result.stdout)
        self.assertIn("PyTorch 9.9", result.stdout)
        self.assertIn("f32: acted instructions", result.stdout)
        self.assertIn("bf16: acted tiles", result.stdout)
        self.assertIn("load average", result.stdout)
        # Peers are prepared once and Plastic's program starts in each round.
        log = [line for line in folder.log() if not line.startswith("keeps")]
        self.assertEqual(len(log), 7 + 2)
        self.assertEqual(log[-2:], ["plastic"] * 2)

    def test_compiled_may_be_the_fastest(self):
        _, result = self.run_with("--precisions", "f32", times={"adam compiled": 2})
        self.assertIn("ratio: mlp-adam-batch16 2.00 (against adam-fused-compiled)", result.stdout)
        self.assertIn("2.00 ms (fused, compiled)", result.stdout)

    def test_bf16_is_compared_with_bf16(self):
        folder, result = self.run_with("--precisions", "f32,bf16")
        self.assertIn("ratio: mlp-sgd-batch16 3.00 (against sgd-fused)", result.stdout)
        self.assertIn("ratio: mlp-sgd-batch16-bf16 2.00 (against sgd-fused-bf16-compiled)",
                      result.stdout)
        self.assertIn("**3.00** | 500 µs | 1.00 ms (fused, bf16, compiled) | **2.00** |",
                      result.stdout)
        # In each round Plastic's program starts once for each precision.
        self.assertEqual(folder.log()[-4:], ["plastic"] * 4)

    def test_bf16_is_left_out_where_it_is_not_asked_for(self):
        folder, result = self.run_with("--precisions", "f32")
        self.assertNotIn("-bf16", "".join(folder.log()) + result.stdout.partition("peer ")[0])

    def test_what_takes_too_long_to_compile_is_left_out(self):
        folder, result = self.run_with("--precisions", "f32", "--compile-limit", "3",
                                       times={"sgd compiled": "hangs"})
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("skipped: sgd-fused-compiled/batch16: not compiled within 3 s",
                      result.stdout)
        self.assertIn("ratio: mlp-sgd-batch16 3.00", result.stdout)
        started, = (line for line in folder.log() if "sgd-fused-compiled" in line)
        with self.assertRaises(ProcessLookupError):
            os.kill(int(started.split()[-1]), 0)

    def test_what_does_not_compile_is_left_out(self):
        for how, reason in (("fails", "ValueError: no such way"), ("dies", "it ended without a word")):
            _, result = self.run_with("--precisions", "f32", times={"sgd compiled": how})
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn(f"skipped: sgd-fused-compiled/batch16: {reason}\n", result.stdout)

    def test_another_failure_ends_it(self):
        _, result = self.run_with("--precisions", "f32", times={"sgd foreach": "fails"})
        self.assertEqual(result.returncode, 1)
        self.assertIn("bench: sgd-foreach/batch16: ValueError: no such way\n", result.stderr)

    def test_memory_is_the_least_of_all_ways_and_settings(self):
        folder, result = self.run_with("--precisions", "f32", "--models", "small_cnn", suite="cnn")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("ratio: cnn-small_cnn-sgd-batch16 3.00 (against sgd-fused-nchw)", result.stdout)
        self.assertIn("\n  sgd-fused-channels_last/small_cnn/batch16, glibc's own settings ",
                      result.stdout)
        self.assertRegex(result.stdout, r"ratio: cnn-small_cnn-sgd-batch16-memory \d+\.\d\d\n")
        # Four ways of which two are prepared again, without the memory kept.
        prepared = [line for line in folder.log() if line.startswith("prepare")]
        self.assertEqual(len(prepared), 6)
        self.assertEqual(folder.log().count("keeps memory"), 4)

    def test_other_models_are_not_compared(self):
        _, result = self.run_with("--precisions", "f32", parameters=11)
        self.assertEqual(result.returncode, 1)
        self.assertIn("10 parameters here, 11 there", result.stderr)

    def test_usage(self):
        _, result = self.run_with("--models", "vgg")
        self.assertEqual(result.returncode, 2)
        self.assertIn("takes small_cnn or resnet18", result.stderr)


class Rows(unittest.TestCase):
    def test_every_row_that_the_summary_must_have(self):
        names = {case.name for suite in suites.SUITES.values()
                 for group in suite.groups(suite.batches, ("small_cnn", "resnet18"))
                 for case in group.cases}
        wanted = {f"mlp-{rule}-batch{batch}" for rule in ("sgd", "adam") for batch in (128, 16, 1)}
        wanted |= {f"cnn-{model}-sgd-batch{batch}" for model in ("small_cnn", "resnet18")
                   for batch in (128, 8, 1)}
        wanted |= {"sgd-resnet18", "adam-resnet18", "neuroplastic-resnet18-vs-adam"}
        wanted |= {f"inference-{model}-batch{batch}" for model in ("mlp", "small_cnn", "resnet18")
                   for batch in (1, 8, 64)}
        self.assertEqual(wanted - names, set())

    def test_durations(self):
        for seconds, text in ((5.8e-5, "58.0 µs"), (1.234e-3, "1.23 ms"), (0.92, "920 ms"),
                              (1.517, "1.52 s")):
            self.assertEqual(report.duration(seconds), text)

    def test_convolutions_of_a_step(self):
        class Entry:
            median = 1.0
        plastic, peer = ({f"{which}-{how}/{layer}/batch128": Entry for which in conv.PASSES
                          for how in ("automatic", "nchw", "channels_last")
                          for layer in conv.SMALL_CNN | conv.RESNET18} for _ in range(2))
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            conv.report(plastic, peer, 128)
        self.assertIn("ratio: conv-resnet18-forward 1.00\n", printed.getvalue())
        self.assertIn("ratio: conv-resnet18 1.00\n", printed.getvalue())
        rows = {cells[0]: cells[1:4] for cells in conv.summary_rows(plastic, peer, 128)}
        self.assertEqual(rows["all convolutions of small_cnn's step, batch 128"],
                         ("9.00 s", "9.00 s (the faster layout of each)", "**1.00**"))


if __name__ == "__main__":
    unittest.main()

"""The examples of the package: the program trains, and the notebook is the same, cell by cell."""

import contextlib
import io
import json
import os
import pathlib
import re
import runpy
import subprocess
import sys
import unittest

EXAMPLES = pathlib.Path(__file__).parents[2] / "apps/python/examples"
DATA = "/usr/share/datasets/fashion-mnist"  # installed by scripts/setup


def accuracies(text):
    return [float(found) for found in re.findall(r"test accuracy ([0-9.]+)%", text)]


needs_data = unittest.skipUnless(os.path.isdir(DATA), f"there is no {DATA}; scripts/setup installs it")


class Examples(unittest.TestCase):
    def run_program(self, *arguments):
        """What it prints; in this process, which has loaded PyTorch already."""
        output, before = io.StringIO(), sys.argv
        sys.argv = ["train_mnist.py", *arguments]
        try:
            with contextlib.redirect_stdout(output):
                self.names = runpy.run_path(str(EXAMPLES / "train_mnist.py"), run_name="__main__")
        finally:
            sys.argv = before
        return output.getvalue()

    @needs_data
    def test_the_program_trains(self):
        output = self.run_program(f"data={DATA}", "epochs=2", "fraction=0.1")
        self.assertIn("6000 images for training, 1000 for testing", output)
        found = accuracies(output)
        self.assertEqual(len(found), 2)
        self.assertGreater(found[-1], 60)
        output = self.run_program(f"data={DATA}", "epochs=1", "fraction=0.1", "optimizer=AdamW")
        self.assertGreater(accuracies(output)[0], 60)

    def test_the_program_says_what_it_does_not_find(self):
        with self.assertRaisesRegex(SystemExit, "/nowhere is a folder; say data=FOLDER"):
            self.run_program("data=/nowhere")

    def test_the_notebook_is_made_of_the_program(self):
        subprocess.run([sys.executable, EXAMPLES / "make_notebook.py", "--check"], check=True)

    @needs_data
    def test_the_program_evaluates_the_weights_of_schedule_free_optimizers(self):
        output = self.run_program(f"data={DATA}", "epochs=2", "fraction=0.1",
                                  "optimizer=ScheduleFreeAdamW")
        self.assertGreater(accuracies(output)[-1], 60)
        # It ends with an evaluation.
        self.assertEqual(self.names["optimizer"].param_groups[0]["evaluating"], 1)

    @needs_data
    def test_the_cells_of_the_notebook_run(self):
        with open(EXAMPLES / "train_mnist.ipynb", encoding="utf-8") as file:
            cells = json.load(file)["cells"]
        names, output = {"__name__": "__main__"}, io.StringIO()
        arguments, sys.argv = sys.argv, ["notebook", f"data={DATA}", "epochs=1", "fraction=0.02"]
        try:
            with contextlib.redirect_stdout(output):
                for cell in cells:
                    if cell["cell_type"] == "code":
                        exec("".join(cell["source"]), names)  # pylint: disable=exec-used
        finally:
            sys.argv = arguments
        self.assertEqual(len(accuracies(output.getvalue())), 1)


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    if result.wasSuccessful() and result.skipped:
        print("skipped:", *sorted({reason for _, reason in result.skipped}))
        sys.exit(77)  # CTest shows it as skipped
    sys.exit(not result.wasSuccessful())

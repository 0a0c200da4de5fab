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


class Examples(unittest.TestCase):
    def setUp(self):
        if not os.path.isdir(DATA):
            self.skipTest(f"there is no {DATA}; scripts/setup installs it")

    def run_program(self, *arguments):
        """What it prints; in this process, which has loaded PyTorch already."""
        output, before = io.StringIO(), sys.argv
        sys.argv = ["train_mnist.py", *arguments]
        try:
            with contextlib.redirect_stdout(output):
                runpy.run_path(str(EXAMPLES / "train_mnist.py"), run_name="__main__")
        finally:
            sys.argv = before
        return output.getvalue()

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
    unittest.main()

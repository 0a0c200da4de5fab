"""Makes train_mnist.ipynb of train_mnist.py, whose cells begin with "# %%".

    python3 make_notebook.py [--check]
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent


def cells(text):
    for number, part in enumerate(text.split("# %%")[1:]):
        head, _, body = part.partition("\n")
        lines = body.strip("\n").split("\n")
        is_text = head.strip() == "[markdown]"
        if is_text:
            lines = [line[2:] if line.startswith("# ") else "" for line in lines]
            lines = "\n".join(lines).strip("\n").split("\n")
        source = [line + "\n" for line in lines[:-1]] + lines[-1:]
        cell = {"cell_type": "markdown" if is_text else "code", "id": f"cell-{number}",
                "metadata": {}, "source": source}
        if not is_text:
            cell.update(execution_count=None, outputs=[])
        yield cell


def notebook():
    text = (HERE / "train_mnist.py").read_text(encoding="utf-8")
    python = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
              "language_info": {"name": "python"}}
    return json.dumps({"cells": list(cells(text)), "metadata": python, "nbformat": 4,
                       "nbformat_minor": 5}, indent=1, ensure_ascii=False) + "\n"


def main():
    path = HERE / "train_mnist.ipynb"
    if sys.argv[1:] == ["--check"]:
        if path.read_text(encoding="utf-8") != notebook():
            sys.exit(f"{path} is not what make_notebook.py makes of train_mnist.py; run it")
    else:
        path.write_text(notebook(), encoding="utf-8")


if __name__ == "__main__":
    main()

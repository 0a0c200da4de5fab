#!/usr/bin/env python3
"""Files of NumPy and of the package safetensors are read by Plastic, and those that Plastic writes
by them, to the bit: every dtype, order of bytes and of axes, shape and version.

usage: files.py PROGRAM, PROGRAM being plastic_copied_files"""
import subprocess
import sys
import tempfile
from pathlib import Path

import ml_dtypes
import numpy as np
import safetensors
import torch
from safetensors.numpy import save_file as save_numpy
from safetensors.torch import load_file as load_torch
from safetensors.torch import save_file as save_torch

PROGRAM = sys.argv[1]
# What Plastic makes of NumPy's types.
MAPPED = {"f2": "f4", "f4": "f4", "f8": "f8", "b1": "u1", "u1": "u1", "u2": "i8", "u4": "i8",
          "u8": "i8", "i1": "i8", "i2": "i8", "i4": "i8", "i8": "i8"}
SHAPES = [(), (1,), (5,), (0,), (3, 0, 2), (2, 3), (2, 3, 4), (1, 2, 1, 2, 1, 2, 1, 2), (300, 400)]
failures = 0


def check(good, text):
    global failures
    failures += not good
    if not good:
        print("FAIL", text, flush=True)


def copied(path, out):
    result = subprocess.run([PROGRAM, path, out], text=True, stderr=subprocess.PIPE)
    return result.stderr if result.returncode else ""


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def array(random, dtype, shape):
    bits = random.integers(0, 256, int(np.prod(shape)) * dtype.itemsize, dtype=np.uint8)
    if dtype.kind == "b":
        bits &= 1
    value = bits.view(dtype).reshape(shape)
    # An unsigned number that no i64 holds is refused; a NaN's bits may change where it is widened.
    if dtype == np.uint64:
        value = value >> np.uint64(1)
    return np.nan_to_num(value) if dtype == np.float16 else value


def npy_files(folder, random):
    for code in MAPPED:
        for order in "<>":
            for shape in SHAPES:
                for axes in "CF":
                    given = array(random, np.dtype(code), shape).astype(order + code, order=axes)
                    np.save(folder / "in.npy", given)
                    error = copied(folder / "in.npy", folder / "out.npy")
                    text = f"npy {order}{code} {shape} {axes}"
                    if error:
                        check(False, text + ": " + error)
                        continue
                    back = np.load(folder / "out.npy")
                    check(same(back, np.ascontiguousarray(given.astype("<" + MAPPED[code])).reshape(shape)), text)
    given = array(random, np.dtype("f4"), (3, 4))
    for version in ((1, 0), (2, 0), (3, 0)):
        with open(folder / "in.npy", "wb") as file:
            np.lib.format.write_array(file, given, version)
        check(not copied(folder / "in.npy", folder / "out.npy"), f"version {version}")
        check(same(np.load(folder / "out.npy"), given), f"version {version}")
    refused = {"c8": np.zeros(2, "c8"), "U3": np.array(["abc"]), "V2": np.zeros(3, ml_dtypes.bfloat16),
               "M8": np.zeros(2, "M8[s]"), "records": np.zeros(2, [("a", "f4")]),
               "i64": np.array([2**63], np.uint64)}
    for name, given in refused.items():
        np.save(folder / "in.npy", given)
        error = copied(folder / "in.npy", folder / "out.npy")
        check(name in error and "in.npy" in error, f"{name} is refused: {error}")
    np.save(folder / "in.npy", np.array([{}], object), allow_pickle=True)
    check("dtype '|O'" in copied(folder / "in.npy", folder / "out.npy"), "objects are refused")


def npz_files(folder, random):
    arrays = {"weight": array(random, np.dtype("f4"), (30, 40)), "ä/b": np.arange(5),
              "empty": np.zeros((0, 3)), "zeros": np.zeros((500, 500), "f4")}
    for save, name in ((np.savez, "stored"), (np.savez_compressed, "deflated")):
        for out in ("stored.npz", "deflated.npz"):
            save(folder / "in.npz", **arrays)
            error = copied(folder / "in.npz", folder / out)
            check(not error, f"npz {name}: {error}")
            back = np.load(folder / out)
            check(list(back) == list(arrays), f"npz {name}: names")
            check(all(same(back[key], value) for key, value in arrays.items()), f"npz {name} {out}")
        check((folder / "deflated.npz").stat().st_size < 100_000, "deflated is smaller")
    np.savez(folder / "in.npz")
    check(not copied(folder / "in.npz", folder / "out.npz"), "an archive of nothing")
    check(len(np.load(folder / "out.npz").files) == 0, "an archive of nothing")


def safetensors_files(folder, random):
    numbers = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    tensors = {"z": numbers, "a.weight": numbers.double() / 7, "half": (numbers / 3).bfloat16(),
               "ids": torch.arange(-3, 4), "bytes": torch.arange(256).to(torch.uint8),
               "none": torch.zeros(0, 5), "scalar": torch.tensor(3.5), "ü": torch.ones(1)}
    metadata = {"format": "pt", "note": "ä \"quoted\"\n\u2028", "empty": ""}
    save_torch(tensors, folder / "in.safetensors", metadata)
    error = copied(folder / "in.safetensors", folder / "out.safetensors")
    check(not error, f"safetensors: {error}")
    back = load_torch(folder / "out.safetensors")
    check(back.keys() == tensors.keys(), "safetensors: names")
    for name, tensor in tensors.items():
        own = back[name]
        check(own.dtype == tensor.dtype and own.shape == tensor.shape and torch.equal(own, tensor),
              f"safetensors: {name}")
    with safetensors.safe_open(folder / "out.safetensors", "pt") as file:
        kept = {key: value for key, value in file.metadata().items() if key != "plastic.checksum"}
        check(kept == metadata, "safetensors: metadata")
        # Both sort wide elements first, and keep names in the order that they were given or sorted.
        with safetensors.safe_open(folder / "in.safetensors", "pt") as given:
            check(list(file.keys()) == list(given.keys()), "safetensors: order")
    # What Plastic wrote, and Python wrote again, Plastic reads.
    save_torch(back, folder / "in.safetensors")
    check(not copied(folder / "in.safetensors", folder / "out.safetensors"), "safetensors: again")
    save_numpy({"x": np.zeros(3, np.float16)}, folder / "in.safetensors")
    error = copied(folder / "in.safetensors", folder / "out.safetensors")
    check("\"F16\"" in error, f"F16 is refused: {error}")
    save_torch({}, folder / "in.safetensors")
    error = copied(folder / "in.safetensors", folder / "out.safetensors")
    check(not error and not load_torch(folder / "out.safetensors"), f"no tensors: {error}")


def main():
    random = np.random.default_rng(5)
    with tempfile.TemporaryDirectory() as folder:
        for part in (npy_files, npz_files, safetensors_files):
            part(Path(folder), random)
            print(part.__name__, "done", flush=True)
    sys.exit(1 if failures else 0)


main()

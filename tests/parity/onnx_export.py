#!/usr/bin/env python3
"""Networks that save_onnx() writes give in ONNX Runtime what they give in Plastic, to 1e-5 of the
largest result, for batches of 3 and of 1; the files pass ONNX's own check, shapes included.

usage: onnx_export.py PROGRAM, PROGRAM being plastic_parity"""
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file

TOLERANCE = 1e-5


def check(path):
    model = onnx.load(path.with_suffix(".onnx"))
    onnx.checker.check_model(model, full_check=True)
    batch = model.graph.input[0].type.tensor_type.shape.dim[0].dim_param
    if batch != "batch" or model.opset_import[0].version != 17 or model.ir_version != 8:
        raise AssertionError("batch, opset or version of the format differ")
    data = load_file(path.with_suffix(".safetensors"))
    session = onnxruntime.InferenceSession(str(path.with_suffix(".onnx")),
                                           providers=["CPUExecutionProvider"])
    scale = max(1.0, float(np.abs(data["y"]).max()))
    worst = 0.0
    for count in (3, 1):
        (y,) = session.run(["output"], {"input": data["x"][:count]})
        wanted = data["y"][:count]
        if y.shape != wanted.shape or y.dtype != wanted.dtype:
            raise AssertionError(f"{y.dtype} {y.shape}, not {wanted.dtype} {wanted.shape}")
        difference = float(np.abs(y - wanted).max()) / scale
        worst = max(worst, difference) if difference == difference else float("inf")
    return worst


def main():
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        names = subprocess.run([sys.argv[1], "onnx", folder], check=True, text=True,
                               stdout=subprocess.PIPE).stdout.split()
        for name in names:
            try:
                worst = check(Path(folder) / name)
                good, text = worst <= TOLERANCE, f"at most {worst:.1e}"
            except Exception as error:
                good, text = False, str(error)
            failed |= not good
            print(f"{'ok  ' if good else 'FAIL'} {name:24} {text}", flush=True)
    sys.exit(1 if failed or len(names) < 40 else 0)


main()

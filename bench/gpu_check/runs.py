"""What a training left in its folder."""

import json
import pathlib
import struct

# Of a checkpoint's tensors, the one that tells the time.
TIMES = {"epoch.seconds"}


def metrics(folder):
    lines = (pathlib.Path(folder) / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def tensors(path):
    """{name: its type, shape and bytes} of a safetensors file."""
    content = pathlib.Path(path).read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:8 + length])
    data = content[8 + length:]
    return {name: (entry["dtype"], entry["shape"], data[slice(*entry["data_offsets"])])
            for name, entry in header.items() if name != "__metadata__"}


def differences(first, second):
    """The names of what differs between two checkpoints."""
    a, b = tensors(first), tensors(second)
    return [name for name in sorted(a.keys() | b.keys())
            if name not in TIMES and a.get(name) != b.get(name)]


def worst(curve, expected, key="train_loss"):
    """The largest relative difference, epoch by epoch, of two runs' metrics."""
    return [abs(a[key] - b[key]) / abs(b[key]) for a, b in zip(curve, expected)]

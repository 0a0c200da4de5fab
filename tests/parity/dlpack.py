#!/usr/bin/env python3
"""NumPy and PyTorch share memory with Plastic by DLPack, both ways, old and versioned form.

usage: dlpack.py LIBRARY, LIBRARY being plastic_parity_dlpack"""
import ctypes
import gc
import sys
import weakref

import numpy as np
import torch

plastic = ctypes.CDLL(sys.argv[1])
plastic.handed_out.restype = plastic.taken_in.restype = ctypes.c_void_p
plastic.handed_out.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_int]
plastic.taken_in.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
plastic.error.restype = ctypes.c_char_p
plastic.element.restype = ctypes.c_double
plastic.element.argtypes = [ctypes.c_void_p, ctypes.c_int64]
plastic.fill.argtypes = [ctypes.c_void_p, ctypes.c_double]
plastic.let_go.argtypes = [ctypes.c_void_p]
python = ctypes.pythonapi
python.PyCapsule_New.restype = ctypes.py_object
python.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
python.PyCapsule_GetPointer.restype = ctypes.c_void_p
python.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
python.PyCapsule_SetName.argtypes = [ctypes.py_object, ctypes.c_char_p]

DTYPES = [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.uint8]
# Capsules refer to their names.
NAMES = (b"dltensor", b"dltensor_versioned")
USED = (b"used_dltensor", b"used_dltensor_versioned")


class Exported:
    """What NumPy and PyTorch ask for a capsule."""

    def __init__(self, dtype, versioned):
        self.dtype, self.versioned = dtype, versioned

    def __dlpack__(self, **_):
        pointer = plastic.handed_out(self.dtype, 3, 4, self.versioned)
        return python.PyCapsule_New(pointer, NAMES[self.versioned], None)

    def __dlpack_device__(self):
        return (1, 0)


def taken_in(capsule, versioned, copy=0):
    """A handle, or the message of what was refused."""
    pointer = python.PyCapsule_GetPointer(capsule, NAMES[versioned])
    handle = plastic.taken_in(pointer, versioned, copy)
    if not handle:
        return plastic.error().decode()
    python.PyCapsule_SetName(capsule, USED[versioned])
    return handle


def exports():
    wanted = torch.arange(12).reshape(3, 4).T
    for dtype, torchs in enumerate(DTYPES):
        for versioned in (0, 1):
            x = torch.from_dlpack(Exported(dtype, versioned))
            assert x.dtype == torchs and x.stride() == (1, 4) and torch.equal(x, wanted.to(torchs))
            if torchs != torch.bfloat16:
                y = np.from_dlpack(Exported(dtype, versioned))
                assert y.shape == (4, 3) and np.array_equal(y, wanted.to(torchs).numpy())
    for _ in range(1000):
        torch.from_dlpack(Exported(0, 1)).fill_(3)


def imports():
    base = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    x = base.T[1:]
    handle = taken_in(x.__dlpack__(), 0)
    assert [plastic.element(handle, i) for i in range(9)] == x.flatten().tolist()
    plastic.fill(handle, 5)
    assert base[:, 1:].eq(5).all() and base[:, 0].tolist() == [0, 4, 8]
    # Memory that only Plastic still holds.
    data = np.arange(6, dtype=np.float64)
    gone = weakref.ref(data)
    kept = taken_in(data.__dlpack__(max_version=(1, 0)), 1)
    del data
    gc.collect()
    assert gone() is not None and plastic.element(kept, 5) == 5
    plastic.let_go(kept)
    gc.collect()
    assert gone() is None
    plastic.let_go(handle)
    for dtype in DTYPES:
        handle = taken_in(torch.arange(5).to(dtype).__dlpack__(), 0)
        assert plastic.element(handle, 4) == 4
        plastic.let_go(handle)


def refusals():
    data = np.arange(6, dtype=np.float32)
    data.flags.writeable = False
    capsule = data.__dlpack__(max_version=(1, 0))
    assert "read-only" in taken_in(capsule, 1)
    handle = taken_in(capsule, 1, copy=1)
    assert plastic.element(handle, 5) == 5
    plastic.let_go(handle)
    for given, part in ((torch.zeros(3, dtype=torch.float16), "float of 16 bits"),
                        (torch.zeros(3, dtype=torch.bool), "bool of 8 bits"),
                        (torch.zeros(3, dtype=torch.complex64), "complex of 64 bits"),
                        (np.arange(6.0)[::-1], "stride of -1")):
        message = taken_in(given.__dlpack__(), 0)
        assert part in str(message), message


for part in (exports, imports, refusals):
    part()
    print(part.__name__, "done", flush=True)

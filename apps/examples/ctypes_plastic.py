"""Plastic from Python's ctypes, with the standard library alone: an optimizer on the program's own
buffers and, where a run is given, inference of its network.

    python3 ctypes_plastic.py PREFIX/lib/libplastic.so [RUN]
"""

import array
import ctypes
import sys


class Parameter(ctypes.Structure):
    _fields_ = [
        ("values", ctypes.c_void_p),
        ("count", ctypes.c_size_t),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("rank", ctypes.c_size_t),
    ]


class ModelInfo(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("channels", ctypes.c_int64),
        ("height", ctypes.c_int64),
        ("width", ctypes.c_int64),
        ("mean", ctypes.POINTER(ctypes.c_float)),
        ("deviation", ctypes.POINTER(ctypes.c_float)),
        ("classes", ctypes.c_int64),
        ("class_names", ctypes.POINTER(ctypes.c_char_p)),
        ("model", ctypes.c_char_p),
        ("data", ctypes.c_char_p),
        ("epoch", ctypes.c_int64),
    ]


def load(path):
    library = ctypes.CDLL(path)
    library.plastic_last_error.restype = ctypes.c_char_p
    library.plastic_optimizer_destroy.restype = None
    library.plastic_model_destroy.restype = None
    size, pointer, text = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_char_p
    library.plastic_optimizer_create.argtypes = [
        text, text, ctypes.POINTER(Parameter), size, ctypes.POINTER(pointer)]
    library.plastic_optimizer_step.argtypes = [pointer, ctypes.POINTER(pointer), size]
    library.plastic_model_load.argtypes = [text, ctypes.POINTER(pointer)]
    library.plastic_model_get_info.argtypes = [pointer, ctypes.POINTER(ModelInfo)]
    library.plastic_model_run.argtypes = [pointer, size, pointer, size, pointer, size]
    return library


def check(library, status):
    if status != 0:
        raise RuntimeError(library.plastic_last_error().decode())


def address(buffer):
    """The address of the floats in an array, which must live as long as it is used."""
    return buffer.buffer_info()[0]


def optimize(library):
    values = array.array("f", [0.0] * 12)
    shape = (ctypes.c_int64 * 2)(3, 4)
    parameters = (Parameter * 1)(Parameter(address(values), len(values), shape, 2))
    optimizer = ctypes.c_void_p()
    check(library, library.plastic_optimizer_create(
        b"adam", b"lr=0.1", parameters, 1, ctypes.byref(optimizer)))
    for _ in range(300):
        gradient = array.array("f", [2 * (x - 2) for x in values])
        gradients = (ctypes.c_void_p * 1)(address(gradient))
        check(library, library.plastic_optimizer_step(optimizer, gradients, 1))
    library.plastic_optimizer_destroy(ctypes.byref(optimizer))
    farthest = max(abs(x - 2) for x in values)
    print(f"farthest from 2: {farthest:.2e}")
    assert farthest < 1e-2


def classify(library, run):
    model = ctypes.c_void_p()
    check(library, library.plastic_model_load(run.encode(), ctypes.byref(model)))
    info = ModelInfo(struct_size=ctypes.sizeof(ModelInfo))
    check(library, library.plastic_model_get_info(model, ctypes.byref(info)))
    images = 2
    pixels = info.channels * info.height * info.width
    black = [-info.mean[c] / info.deviation[c]
             for c in range(info.channels) for _ in range(info.height * info.width)]
    image = array.array("f", black * images)
    logits = array.array("f", [0.0] * (images * info.classes))
    check(library, library.plastic_model_run(
        model, images, address(image), images * pixels, address(logits), len(logits)))
    first, second = logits[:info.classes], logits[info.classes:]
    assert first == second and any(first)
    best = max(range(info.classes), key=lambda i: first[i])
    print(f"{info.model.decode()} of {info.data.decode()} takes black for a "
          f"{info.class_names[best].decode()}")
    library.plastic_model_destroy(ctypes.byref(model))
    assert library.plastic_model_load(b"/nowhere", ctypes.byref(model)) == 3
    assert b"/nowhere" in library.plastic_last_error()


def main():
    library = load(sys.argv[1])
    optimize(library)
    if len(sys.argv) > 2:
        classify(library, sys.argv[2])


if __name__ == "__main__":
    main()

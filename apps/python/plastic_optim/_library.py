"""The C API (plastic/c_api.h) of the library that the package brings along, through ctypes."""

import ctypes
import os
import pathlib

C_API_VERSION = 3


class Error(RuntimeError):
    """What the library refuses: "[operation] what was wrong: the values; what to do"."""


class Parameter(ctypes.Structure):
    _fields_ = [
        ("values", ctypes.c_void_p),
        ("count", ctypes.c_size_t),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("rank", ctypes.c_size_t),
    ]


class ParameterGroup(ctypes.Structure):
    _fields_ = [
        ("parameters", ctypes.POINTER(Parameter)),
        ("count", ctypes.c_size_t),
        ("options", ctypes.c_char_p),
    ]


class State(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("dtype", ctypes.c_int32),
        ("values", ctypes.c_void_p),
        ("count", ctypes.c_size_t),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("rank", ctypes.c_size_t),
    ]


class Option(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("values", ctypes.c_char_p),
        ("default_value", ctypes.c_char_p),
    ]


class Diagnostic(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("value", ctypes.c_double)]


def _load():
    path = os.environ.get("PLASTIC_OPTIM_LIBRARY")
    if not path:
        found = sorted(pathlib.Path(__file__).parent.glob("*plastic_optim.*"))
        found = [file for file in found if file.suffix in (".so", ".dll", ".dylib")]
        if not found:
            raise ImportError(
                f"[plastic_optim] there is no library in {pathlib.Path(__file__).parent}; install "
                "the wheel, or set PLASTIC_OPTIM_LIBRARY to the path of a built one")
        path = str(found[0])
    library = ctypes.CDLL(path)
    library.plastic_c_api_version.restype = ctypes.c_int32
    version = library.plastic_c_api_version()
    if version < C_API_VERSION:
        raise ImportError(f"[plastic_optim] {path} has version {version} of the C API; this package "
                          f"needs {C_API_VERSION}: build both from one version")
    text, size, handle = ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p
    out = ctypes.POINTER
    signatures = {
        "last_error": (text, []),
        "num_threads": (ctypes.c_int32, []),
        "set_num_threads": (ctypes.c_int32, [ctypes.c_int32]),
        "optimizer_name_count": (size, []),
        "optimizer_name": (text, [size]),
        "optimizer_option_count": (size, [text]),
        "optimizer_option": (ctypes.c_int32, [text, size, out(Option)]),
        "optimizer_create_groups": (ctypes.c_int32, [text, out(ParameterGroup), size, out(handle)]),
        "cuda_device_count": (ctypes.c_int32, []),
        "optimizer_create_on_cuda": (ctypes.c_int32, [text, out(ParameterGroup), size, ctypes.c_int32,
                                                      handle, out(handle)]),
        "optimizer_set_stream": (ctypes.c_int32, [handle, handle]),
        "optimizer_destroy": (None, [out(handle)]),
        "optimizer_step": (ctypes.c_int32, [handle, out(handle), size]),
        "optimizer_set_group_lr": (ctypes.c_int32, [handle, size, ctypes.c_double]),
        "optimizer_eval": (ctypes.c_int32, [handle]),
        "optimizer_train": (ctypes.c_int32, [handle]),
        "optimizer_diagnostics": (ctypes.c_int32, [handle, out(Diagnostic), size, out(size)]),
        "optimizer_state_count": (size, [handle]),
        "optimizer_state": (ctypes.c_int32, [handle, size, out(State)]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, "plastic_" + name)
        function.restype, function.argtypes = result, arguments
    return library


library = _load()


def check(status):
    if status != 0:
        message = library.plastic_last_error().decode()
        raise MemoryError(message) if status == 4 else Error(message)


def has_kernels_for(device):
    """Whether the library was built with CUDA and can use this CUDA device, a torch.device."""
    return device.type == "cuda" and (device.index or 0) < library.plastic_cuda_device_count()


def why_no_kernels_for(device):
    """What the library says of a CUDA device that it cannot use."""
    none = (ParameterGroup * 1)()
    library.plastic_optimizer_create_on_cuda(b"sgd", none, 0, device.index or 0, None,
                                             ctypes.byref(ctypes.c_void_p()))
    return library.plastic_last_error().decode()


def optimizer_names():
    """The optimizers that the library knows, by its names: "neuroplastic", "schedule-free-sgd"."""
    return [library.plastic_optimizer_name(i).decode()
            for i in range(library.plastic_optimizer_name_count())]


def _value(text):
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def options_of(name):
    """The options of an optimizer in their order: {name: (default, what it may be)}."""
    options = {}
    for i in range(library.plastic_optimizer_option_count(name.encode())):
        option = Option()
        check(library.plastic_optimizer_option(name.encode(), i, ctypes.byref(option)))
        options[option.name.decode()] = (_value(option.default_value.decode()),
                                         option.values.decode())
    return options


def option_text(name, value, default):
    """The value of the option `name` as the library reads it, which has the type of the default."""
    if hasattr(value, "item"):  # a number of PyTorch's or NumPy's
        value = value.item()
    if isinstance(default, str):
        if isinstance(value, str) and not set(value) & set(",="):
            return value
        raise TypeError(f"option {name} is {value!r}; give one name, such as {default!r}")
    if isinstance(default, bool):
        if isinstance(value, bool):
            return "true" if value else "false"
        raise TypeError(f"option {name} is {value!r}; give True or False")
    if isinstance(value, (str, bytes, bool)) or not hasattr(value, "__float__"):
        raise TypeError(f"option {name} is {value!r}; give a number")
    return repr(value) if isinstance(value, int) else repr(float(value))

"""The conversation with plastic_parity, in binary: wire.h says how."""
import struct
import subprocess
from dataclasses import dataclass, field

import numpy as np

DTYPES = [np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64), np.dtype(np.uint8)]
# bf16 arrives as f32.
BF16 = 4


class PlasticError(Exception):
    """What Plastic refused, with its message."""


class Crash(Exception):
    """What no call may do: end the process, or throw what is no plastic::Error."""


@dataclass
class Input:
    """A leaf and the views of it through which an operation reads it: ("permute", axes), ("slice",
    (axis, start, end, step)), ("expand", shape) or ("reshape", shape). same_as: the number of the
    input whose leaf it is."""
    data: np.ndarray
    views: list = field(default_factory=list)
    requires_grad: bool = False
    same_as: int = -1


@dataclass
class Answer:
    """Results as (array, requires_grad); gradients of the leaves, None where there is none; the
    Error of backward, if there was one."""
    results: list
    gradients: list
    backward_error: str


def _integers(values):
    return struct.pack(f"<{len(values) + 1}q", len(values), *values)


def _text(text):
    data = text.encode()
    return struct.pack("<q", len(data)) + data


def _attribute(value):
    """A float is a number, an int or a list of them are integers."""
    if isinstance(value, str):
        return struct.pack("<q", 2) + _text(value)
    if isinstance(value, float):
        return struct.pack("<qd", 0, value)
    return struct.pack("<q", 1) + _integers([value] if isinstance(value, int) else list(value))


def _tensor(given):
    if given is None:
        return struct.pack("<q", 0)
    if given.same_as >= 0:
        parts = [struct.pack("<qq", 2, given.same_as)]
    else:
        data = np.asarray(given.data, order="C")
        parts = [struct.pack("<qqq", 1, DTYPES.index(data.dtype), given.requires_grad),
                 _integers(data.shape), data.tobytes()]
    parts.append(struct.pack("<q", len(given.views)))
    for name, arguments in given.views:
        parts += [_text(name), _integers(arguments)]
    return b"".join(parts)


def _call(operation, attributes, tensors, gradients):
    parts = [_text(operation), struct.pack("<q", len(attributes))]
    for name, value in attributes.items():
        parts += [_text(name), _attribute(value)]
    for group in (tensors, gradients):
        parts.append(struct.pack("<q", len(group)))
        parts += [_tensor(given) for given in group]
    return b"".join(parts)


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def integer(self):
        (value,) = struct.unpack_from("<q", self.data, self.at)
        self.at += 8
        return value

    def text(self):
        length = self.integer()
        self.at += length
        return self.data[self.at - length:self.at].decode()

    def tensor(self):
        """(array, requires_grad), or None."""
        if self.integer() == 0:
            return None
        code, requires_grad = self.integer(), self.integer() != 0
        shape = [self.integer() for _ in range(self.integer())]
        dtype = DTYPES[0 if code == BF16 else code]
        count = int(np.prod(shape, dtype=np.int64))
        array = np.frombuffer(self.data, dtype, count, self.at).reshape(shape)
        self.at += array.nbytes
        return array, requires_grad


class Plastic:
    """A running plastic_parity, started again when it ended within a call."""

    def __init__(self, program):
        self.program = str(program)
        self.process = None

    def operations(self):
        """Names with the declarations that each calls."""
        listed = subprocess.run([self.program, "operations"], check=True, text=True,
                                stdout=subprocess.PIPE).stdout
        rows = [line.split("\t") for line in listed.splitlines()]
        return {row[0]: row[1:] for row in rows}

    def call(self, operation, tensors=(), attributes=None, gradients=()):
        if self.process is None:
            self.process = subprocess.Popen([self.program, "serve"], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE)
        data = _call(operation, attributes or {}, tensors, gradients)
        try:
            self.process.stdin.write(struct.pack("<q", len(data)) + data)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        head = self.process.stdout.read(8)
        if len(head) < 8:
            status = self.process.wait()
            self.process = None
            raise Crash(f"the process ended with {status}")
        reader = _Reader(self.process.stdout.read(struct.unpack("<q", head)[0]))
        kind = reader.integer()
        if kind != 1:
            raise (Crash if kind == 2 else PlasticError)(reader.text())
        results = [reader.tensor() for _ in range(reader.integer())]
        backward_error = reader.text()
        gradients = [reader.tensor() for _ in range(reader.integer())]
        return Answer(results, [pair and pair[0] for pair in gradients], backward_error)

    def close(self):
        """Ends the process; true if it ended well."""
        if self.process is None:
            return True
        self.process.stdin.close()
        return self.process.wait() == 0

"""Optimizer states in the engine's form: names as Optimizer::state_dict() of Plastic has them, in
safetensors files, both ways.

    state = plastic_optim.checkpoints.state_of(optimizer)        # "state.0.exp_avg", "group.0.lr"
    plastic_optim.checkpoints.save(optimizer, "optimizer.safetensors")
    plastic_optim.checkpoints.load(optimizer, "runs/first/checkpoint.safetensors")

What RawOptimizer::save(), plastic_optimizer_save() and save_safetensors() write, load() reads, and the
other way round; of a checkpoint of `plastic train` it takes the optimizer's part. Files are read and
written here because the package needs PyTorch and nothing else, and because the library could only read
them for parameters on the CPU.
"""

import ctypes
import json
import math
import os
import secrets

import torch

_DTYPES = {"F32": (torch.float32, 4), "F64": (torch.float64, 8), "I64": (torch.int64, 8),
           "U8": (torch.uint8, 1), "BF16": (torch.bfloat16, 2)}
_NAMES = {dtype: name for name, (dtype, _) in _DTYPES.items()}
_PART = "optimizer."  # of a run's checkpoint


def state_of(optimizer):
    """A copy of the state of one of this package's optimizers, {name: tensor}."""
    return {name: tensor.detach().cpu().clone() for name, tensor in optimizer.named_state().items()}


def load_state(optimizer, state):
    """Copies a state in, all or nothing. The parameters and options must be those of the optimizer
    that it is of, which may be an engine's."""
    own = optimizer.named_state()
    wrong = sorted(set(own) ^ set(state))
    if wrong:
        what = "missing" if wrong[0] in own else "unknown"
        raise ValueError(f"[checkpoint] state \"{wrong[0]}\" is {what}; the state must come from the "
                         "same optimizer with the same options")
    for name, tensor in own.items():
        if tuple(state[name].shape) != tuple(tensor.shape):
            raise ValueError(
                f"[checkpoint] state \"{name}\" has shape {tuple(state[name].shape)}, expected "
                f"{tuple(tensor.shape)}; the state must come from an optimizer over the same "
                "parameters")
        if tensor.dim() == 0 and tensor.dtype != torch.float32:
            _check_number(name, state[name], tensor)
    optimizer.set_named_state(state)


def _check_number(name, given, own):
    """As the engine does: steps are counted on from there, and rates used."""
    value = given.item()
    # Steps and rates are not negative; a rule's own numbers may be.
    is_rate = name.startswith("group.") and name.endswith(".lr")
    may_be_negative = own.dtype == torch.float64 and not is_rate
    if not math.isfinite(value) or (value < 0 and not may_be_negative):
        raise ValueError(f"[checkpoint] state \"{name}\" is {value}, expected a number"
                         + ("" if may_be_negative else " of 0 or more"))
    if own.dtype == torch.int64 and not (value < 2**53 and value == math.floor(value)):
        raise ValueError(f"[checkpoint] state \"{name}\" is {value}, expected a whole number below "
                         "2^53")


def save(optimizer, path):
    """Writes the state as a safetensors file, which is replaced as a whole."""
    write_safetensors(path, state_of(optimizer))


def load(optimizer, path):
    """Reads the state back: of an optimizer's file, or of the checkpoint of a run."""
    tensors = read_safetensors(path)
    if any(name.startswith(_PART) for name in tensors):
        tensors = {name[len(_PART):]: tensor for name, tensor in tensors.items()
                   if name.startswith(_PART)}
    load_state(optimizer, tensors)


def _new_file_beside(path):
    """With the permissions that the user's umask leaves, unlike tempfile's, which are the user's
    alone."""
    while True:
        try:
            return open(f"{os.fspath(path)}.{secrets.token_hex(4)}.tmp", "xb")
        except FileExistsError:
            pass


def write_safetensors(path, tensors):
    header, parts, end = {}, [], 0
    for name, tensor in tensors.items():
        part = tensor.contiguous()
        size = part.numel() * _DTYPES[_NAMES[part.dtype]][1]
        header[name] = {"dtype": _NAMES[part.dtype], "shape": list(part.shape),
                        "data_offsets": [end, end + size]}
        parts.append(ctypes.string_at(part.data_ptr(), size) if size else b"")
        end += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    file = _new_file_beside(path)
    try:
        with file:
            file.write(len(text).to_bytes(8, "little") + text)
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, path)
    except BaseException:
        os.unlink(file.name)
        raise


def _refuse(path, why):
    raise ValueError(f"[safetensors] {path}: {why}; give a file that Plastic or safetensors wrote")


def read_safetensors(path):
    """The tensors of a file of the engine. It is not trusted."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    if len(data) < 8:
        _refuse(path, "is shorter than its header")
    length = int.from_bytes(data[:8], "little")
    if length > len(data) - 8:
        _refuse(path, f"has a header of {length} bytes in a file of {len(data)}")
    try:
        header = json.loads(bytes(data[8:8 + length]))
    except ValueError:
        _refuse(path, "has a header that is not JSON")
    if not isinstance(header, dict):
        _refuse(path, "has a header that is not a JSON object")
    header.pop("__metadata__", None)
    return {name: _tensor(path, name, entry, memoryview(data)[8 + length:])
            for name, entry in header.items()}


def _tensor(path, name, entry, data):
    try:
        dtype, size = _DTYPES[entry["dtype"]]
        shape = [int(size) for size in entry["shape"]]
        begin, end = (int(offset) for offset in entry["data_offsets"])
    except (KeyError, TypeError, ValueError):
        _refuse(path, f"\"{name}\" is no tensor of {', '.join(_DTYPES)}")
    if min(shape, default=0) < 0 or not 0 <= begin <= end <= len(data) \
            or end - begin != math.prod(shape) * size:
        _refuse(path, f"\"{name}\" of shape {tuple(shape)} does not fit bytes {begin} to {end}")
    if begin == end:
        return torch.empty(shape, dtype=dtype, device="cpu")
    # A copy: elements need not be aligned in the file.
    return torch.frombuffer(bytearray(data[begin:end]), dtype=dtype).view(shape)

"""An optimizer of the library over the memory of PyTorch's tensors."""

import ctypes
import weakref

import torch

from . import _library
from ._library import check, library

_DTYPES = {0: (torch.float32, 4), 1: (torch.float64, 8), 2: (torch.int64, 8)}
_MAX_RANK = 8


def _destroy(handle):
    library.plastic_optimizer_destroy(ctypes.byref(handle))


class _Owner:
    """Frees an optimizer when nobody holds it, nor a tensor over its state, any more."""

    def __init__(self, handle):
        self.handle = handle
        # Not when Python ends: what runs there may still read the state.
        weakref.finalize(self, _destroy, handle).atexit = False


def _check_numpy(optimizer):
    """PyTorch reads __cuda_array_interface__ by NumPy, and does not bring it."""
    try:
        torch.empty(0, device="cpu").numpy()
    except RuntimeError as error:
        raise ImportError(f"[{optimizer}] the state on a CUDA device needs NumPy, of which PyTorch says "
                          f"\"{error}\"; install one that this PyTorch takes (pip install numpy), or "
                          "keep the parameters on the CPU") from None


class _DeviceMemory:
    """f32 in a device's memory, as PyTorch and others take it over without a copy."""

    def __init__(self, owner, address, shape):
        self.owner = owner
        self.__cuda_array_interface__ = {"shape": tuple(shape), "typestr": "<f4", "version": 3,
                                         "data": (address, False), "strides": None}


def _over_device_memory(owner, address, shape, device):
    return torch.as_tensor(_DeviceMemory(owner, address, shape), device=device)


def _current_stream(device):
    return torch.cuda.current_stream(device).cuda_stream


def _tensor_over(owner, address, dtype, shape, device):
    """A tensor over memory of the optimizer's, which lives as long as the tensor. Parameters'
    numbers are where they are, counts always in the host's memory."""
    dtype, size_of_one = _DTYPES[dtype]
    is_on_device = device.type == "cuda" and dtype == torch.float32
    count = 1
    for size in shape:
        count *= size
    if count == 0:
        return torch.empty(shape, dtype=dtype, device=device if is_on_device else "cpu")
    if is_on_device:
        return _over_device_memory(owner, address, shape, device)
    buffer = (ctypes.c_char * (count * size_of_one)).from_address(address)
    buffer.owner = owner
    return torch.frombuffer(buffer, dtype=dtype).view(shape)


def _as_parameter(tensor):
    shape = list(tensor.shape)
    if len(shape) > _MAX_RANK:  # Only rules over matrices go by it, and by the first sizes.
        shape = [shape[0], tensor.numel() // max(1, shape[0])]
    sizes = (ctypes.c_int64 * max(1, len(shape)))(*shape)
    return _library.Parameter(tensor.data_ptr(), tensor.numel(), sizes, len(shape)), sizes


def _text_of(optimizer, name, value, default):
    try:
        return _library.option_text(name, value, default)
    except TypeError as error:
        raise TypeError(f"[{optimizer}] {error}") from None


class Engine:
    """`groups` is a list of (tensors, options), the tensors contiguous f32 on `device`, the options
    a dictionary {name: (value, default)}. The device is the CPU or one that has_kernels_for() names,
    where work is in the order of PyTorch's current stream. The tensors' memory must outlive the
    engine, which keeps them. `copied_from` has None for a parameter itself, and for a copy the device
    of its parameter; `signature` says what the engine was made for."""

    def __init__(self, name, groups, copied_from=(), signature=None, device=torch.device("cpu")):
        self.device = device
        self.tensors = [tensor for tensors, _ in groups for tensor in tensors]
        kept, given = [], (_library.ParameterGroup * len(groups))()
        for into, (tensors, options) in zip(given, groups):
            parameters = (_library.Parameter * len(tensors))()
            for i, tensor in enumerate(tensors):
                parameters[i], sizes = _as_parameter(tensor)
                kept.append(sizes)
            text = ",".join(f"{key}={_text_of(name, key, *values)}"
                            for key, values in options.items())
            kept.append(parameters)
            into.parameters, into.count, into.options = parameters, len(tensors), text.encode()
        handle, self._stream = ctypes.c_void_p(), None
        if device.type == "cuda":
            _check_numpy(name)
            self._stream = _current_stream(device)
            check(library.plastic_optimizer_create_on_cuda(
                name.encode(), given, len(groups), device.index, self._stream, ctypes.byref(handle)))
        else:
            check(library.plastic_optimizer_create_groups(name.encode(), given, len(groups),
                                                          ctypes.byref(handle)))
        self._owner = _Owner(handle)
        self._handle = handle
        self._gradients = (ctypes.c_void_p * len(self.tensors))()
        self._lrs = [float(options["lr"][0]) for _, options in groups]
        self.copied_from, self.copies_any = copied_from, any(copied_from)
        self.signature = signature
        self.addresses = [tensor.data_ptr() for tensor in self.tensors]
        self.shown = None
        self._read_state()

    def _read_state(self):
        """self.state: for each parameter its state by name; self.numbers: everything else."""
        self.state = [{} for _ in self.tensors]
        self.numbers = {}
        for i in range(library.plastic_optimizer_state_count(self._handle)):
            found = _library.State()
            check(library.plastic_optimizer_state(self._handle, i, ctypes.byref(found)))
            name = found.name.decode()
            shape = found.shape[:found.rank] if found.rank else []
            words = name.split(".", 2)
            if words[0] == "state":
                index = int(words[1])
                tensor = self.tensors[index]
                if tensor.dim() > _MAX_RANK and found.count == tensor.numel():
                    shape = tensor.shape
                self.state[index][words[2]] = _tensor_over(
                    self._owner, found.values, found.dtype, shape, self.device)
            elif not (words[0] == "group" and words[2] == "lr"):
                self.numbers[name] = _tensor_over(self._owner, found.values, found.dtype,
                                                  shape, self.device)
        self._places = self._state_places()

    def _state_places(self):
        return [view.data_ptr() for own in self.state for view in own.values()]

    def has_moved(self):
        """Whether tensors of the state were given other memory, as by share_memory_() or `.data =`,
        so that they no longer show what steps work on."""
        return self._state_places() != self._places

    def show(self, states):
        """Notes the dictionaries that show self.state, one for each parameter."""
        self.shown = states

    def set_lr(self, group, lr):
        if lr != self._lrs[group]:
            check(library.plastic_optimizer_set_group_lr(self._handle, group, lr))
            self._lrs[group] = lr

    def follow_stream(self):
        """What is asked for from now on, freeing the memory included, comes after what PyTorch's
        current stream was given before."""
        if self.device.type != "cuda":
            return
        stream = _current_stream(self.device)
        if stream != self._stream:
            check(library.plastic_optimizer_set_stream(self._handle, stream))
            self._stream = stream

    def step(self, gradients):
        """One gradient for each parameter, in order: None, or contiguous f32 on the device."""
        self.follow_stream()
        for i, gradient in enumerate(gradients):
            self._gradients[i] = None if gradient is None else gradient.data_ptr()
        check(library.plastic_optimizer_step(self._handle, self._gradients, len(gradients)))

    def train(self):
        self.follow_stream()
        check(library.plastic_optimizer_train(self._handle))

    def eval(self):
        self.follow_stream()
        check(library.plastic_optimizer_eval(self._handle))

    def diagnostics(self):
        self.follow_stream()
        count = ctypes.c_size_t()
        check(library.plastic_optimizer_diagnostics(self._handle, None, 0, ctypes.byref(count)))
        found = (_library.Diagnostic * count.value)()
        check(library.plastic_optimizer_diagnostics(self._handle, found, count.value,
                                                    ctypes.byref(count)))
        return {one.name.decode(): one.value for one in found}

"""The library's optimizers as torch.optim.Optimizer."""

import inspect
import operator
import warnings

import torch
from torch.nn.parameter import is_lazy

from . import _library, _version_counter
from ._engine import Engine

# Options of PyTorch's optimizers that the library's do not have, and that change the numbers or how
# they come about. Whoever turns one off asks for what is done anyway.
_FOREIGN_OPTIONS = ("amsgrad", "capturable", "centered", "decoupled_weight_decay", "differentiable",
                    "foreach", "fused")

_thread_count = None


def _follow_torch_threads():
    global _thread_count  # pylint: disable=global-statement
    count = torch.get_num_threads()
    if count != _thread_count:
        _library.check(_library.library.plastic_set_num_threads(count))
        _thread_count = count


def _is_steppable(p, device):
    """Whether the library can step it where it is."""
    # Numbers of a file in memory may begin at any address.
    return (p.device.type == device.type and p.is_contiguous() and not p.is_neg()
            and p.data_ptr() % 4 == 0)


def _why_copied(parameters):
    """Why there are no kernels for them where they are."""
    devices = sorted({str(p.device) for p in parameters})
    if len(devices) > 1:
        return f"kernels need all parameters on one device, and they are on {', '.join(devices)}"
    device = parameters[0].device
    why = f" ({_library.why_no_kernels_for(device)})" if device.type == "cuda" else ""
    return f"this package has no kernels for {device}{why}"


class PlasticOptimizer(torch.optim.Optimizer):
    """What the classes of this package share; `name` is the library's name of the optimizer.

    Parameters are f32. On the CPU, and on a CUDA device in a build with CUDA, the library steps
    contiguous ones where they are; others, and those on other devices, it steps in copies. The state
    is `self.state[p]`, under PyTorch's names where it has them: tensors in which the step itself
    reads and writes. What else a rule counts, such as the epoch, is in the groups, so that
    state_dict() has it.
    """

    name = None
    _options = {}
    _engine = None

    def __init__(self, params, lr=None, *, maximize=False, **options):
        options = {option: value for option, value in options.items()
                   if value or option in self._options or option not in _FOREIGN_OPTIONS}
        self._read_betas(options)
        unknown = sorted(set(options) - set(self._options))
        if unknown:
            raise TypeError(f"[{self.name}] no option {', '.join(unknown)}; there are "
                            f"{', '.join(self._options)}, maximize")
        defaults = {**{name: default for name, (default, _) in self._options.items()}, **options}
        if lr is not None:
            defaults["lr"] = lr
        defaults["maximize"] = maximize
        self._engine = None
        self._has_shown_state = False
        super().__init__(params, defaults)

    def __setstate__(self, state):
        before = dict(self.__dict__)
        try:
            super().__setstate__(state)
            self._drop_engine()  # the next step makes one, which adopts the state
            self._has_shown_state = bool(self.state)
            for index, group in enumerate(self.param_groups):
                self._take_over(group)
                self._check_group(index)
        except Exception:  # What is refused leaves this as it was.
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def _take_over(self, group):
        """Groups of PyTorch's own optimizers get what this one has besides."""
        for option in ("amsgrad", "centered", "decoupled_weight_decay"):
            means_this = option == "decoupled_weight_decay" and self.name == "adamw"
            if group.get(option) and option not in self._options and not means_this:
                raise ValueError(f"[{self.name}] a group has {option}, which this optimizer does not "
                                 "have; load a state without it")
        self._read_betas(group)
        for option, default in self.defaults.items():
            group.setdefault(option, default)

    def _read_betas(self, group):
        if "betas" in group and "beta1" in self._options:
            betas = group.pop("betas")
            if not isinstance(betas, (tuple, list)) or len(betas) != 2 \
                    or "beta1" in group or "beta2" in group:
                raise TypeError(f"[{self.name}] option betas is {betas!r}; give two numbers, or beta1 "
                                "and beta2 instead")
            group["beta1"], group["beta2"] = betas

    # ---- parameters and groups

    def add_param_group(self, param_group):
        for option in _FOREIGN_OPTIONS:
            if param_group.get(option) and option not in self._options:
                raise TypeError(f"[{self.name}] no option {option}; there are "
                                f"{', '.join(self._options)}, maximize")
        self._read_betas(param_group)
        super().add_param_group(param_group)
        try:
            self._check_group(len(self.param_groups) - 1)
            self._check_apart()
        except Exception:
            self.param_groups.pop()
            raise
        self._drop_engine()

    def _check_group(self, index):
        group = self.param_groups[index]
        for p in group["params"]:
            self._check_parameter(p)
        for name, value in self._first_numbers(group).items():
            prefix, _, short = name.rpartition(".")
            # What all groups share, such as the epoch, a later one gets from the first.
            of_all = {} if prefix else self.param_groups[0]
            group.setdefault(short, of_all.get(short, value))

    def _first_numbers(self, group):
        """What the library counts besides the state of parameters, before the first step. It checks
        the group's options."""
        trial = Engine(self.name, [([torch.zeros(1, device="cpu")], self._options_of(group))])
        return {name: value.item() for name, value in trial.numbers.items()}

    def _check_apart(self):
        """The library's threads write to all parameters at a time. Those that it steps in copies may
        share memory without sharing elements, as the columns of a matrix do."""
        places = sorted(((p.data_ptr(), p.data_ptr() + 4 * p.numel(), i)
                         for i, p in enumerate(self._parameters())
                         if not is_lazy(p) and (p.is_cpu or p.is_cuda) and p.is_contiguous()
                         and p.numel() > 0))
        for (_, end, i), (begin, _, j) in zip(places, places[1:]):
            if begin < end:
                raise ValueError(f"[{self.name}] parameters {min(i, j)} and {max(i, j)} overlap; list "
                                 "what they share once")

    def _check_parameter(self, p):
        if p.dtype == torch.float32 and p.layout == torch.strided:
            return
        raise TypeError(
            f"[{self.name}] {self._described(p)} is {p.dtype}, {p.layout}; parameters must be dense "
            "float32: keep them so, and compute in another precision under torch.autocast")

    def _options_of(self, group):
        return {name: (group[name], default) for name, (default, _) in self._options.items()}

    def _engine_groups(self):
        """The groups that the engine has: those with parameters."""
        return [group for group in self.param_groups if group["params"]]

    def _parameters(self):
        return [p for group in self.param_groups for p in group["params"]]

    def _described(self, p):
        for index, group in enumerate(self.param_groups):
            for i, other in enumerate(group["params"]):
                if p is other:
                    return f"parameter {i} of group {index}, shape {tuple(p.shape)},"
        return "a parameter"

    # ---- the engine

    def _signature(self):
        """What an engine is made for; another one needs another engine."""
        return [(tuple(option_values(group, self._options)), len(group["params"]))
                for group in self._engine_groups()]

    def _fits(self, parameters):
        engine = self._engine
        if engine is None or engine.signature != self._signature() or engine.has_moved():
            return False
        for p, place, copied_from, address in zip(parameters, engine.tensors, engine.copied_from,
                                                  engine.addresses):
            if place.shape != p.shape:
                return False
            if copied_from is not None and p.device != copied_from:
                return False
            if copied_from is None and (p.data_ptr() != address or not p.is_contiguous()):
                return False
        return True

    def _drop_engine(self):
        """Its memory may be another's when what the current stream does with the state is done."""
        if self._engine is not None:
            self._engine.follow_stream()
        self._engine = None

    def _library_device(self):
        """The only device of all parameters, where the library has kernels for that; else None."""
        parameters = self._parameters()
        if all(p.is_cpu for p in parameters):
            return torch.device("cpu")
        device = parameters[0].device
        if all(p.device == device for p in parameters) and _library.has_kernels_for(device):
            return device
        return None

    def _make_engine(self, parameters):
        for p in parameters:
            self._check_parameter(p)
        device = self._library_device()
        if device is None:
            device = torch.device("cpu")
            warnings.warn(f"[{self.name}] {_why_copied(parameters)}: each step copies parameters and "
                          "gradients to the CPU and back")
        copied_from = [None if _is_steppable(p, device) else p.device for p in parameters]
        places = iter([torch.empty(p.shape, dtype=torch.float32, device=device) if copied
                       else p.detach() for p, copied in zip(parameters, copied_from)])
        groups = [([next(places) for _ in group["params"]], self._options_of(group))
                  for group in self._engine_groups()]
        return Engine(self.name, groups, copied_from, self._signature(), device)

    def _ready(self):
        """The engine for the parameters, options and state as they are."""
        parameters = self._parameters()
        if not self._fits(parameters):
            made = self._make_engine(parameters)
            self._drop_engine()
            self._engine = made
        engine = self._engine
        if self._has_shown_state and not self.state:
            self._begin_anew()
        if not self._shows_state_of(engine):
            for p, own in zip(parameters, engine.state):
                if not all(map(operator.is_, map(self.state[p].get, own), own.values())):
                    self._adopt(p, self.state[p], own)
            engine.show([self.state[p] for p in parameters])
            self._has_shown_state = True
        for index, group in enumerate(self._engine_groups()):
            engine.set_lr(index, float(group["lr"]))
        for name, value in engine.numbers.items():
            value.fill_(self._group_of_number(name)[name.rpartition(".")[2]])
        return engine

    def _begin_anew(self):
        """After `state.clear()` nothing is left of what was counted; the epoch was set by
        set_epoch()."""
        for group in self.param_groups:
            for name, value in self._first_numbers(group).items():
                short = name.rpartition(".")[2]
                if short not in ("epoch", "total_epochs"):
                    group[short] = value

    def _shows_state_of(self, engine):
        """Whether self.state is as it was left. Looking up each parameter takes far longer, and is
        left to when this says no, as it does where they are in another order."""
        if engine.shown is None or len(self.state) != len(engine.shown):
            return False
        return all(map(operator.is_, self.state.values(), engine.shown)) and all(
            all(map(operator.is_, map(state.get, own), own.values()))
            for state, own in zip(engine.shown, engine.state))

    def _adopt(self, p, state, own):
        """What was put in place of the tensors of the engine becomes theirs; a state that was taken
        away begins again from nothing."""
        missing = [name for name in own if state.get(name) is None]
        if missing and len(missing) < len(own):
            raise ValueError(
                f"[{self.name}] the state of {self._described(p)} has no {', '.join(missing)}; load "
                f"one that has {', '.join(own)}, or none")
        for name, view in own.items():
            given = state.get(name)
            if given is view:
                continue
            if given is not None:
                given = torch.as_tensor(given)
                if given.shape != view.shape:
                    raise ValueError(
                        f"[{self.name}] the state {name} of {self._described(p)} has shape "
                        f"{tuple(given.shape)}, expected {tuple(view.shape)}; load one of the same "
                        "parameters and options")
                view.copy_(given)
            else:
                view.zero_()
            state[name] = view

    def _group_of_number(self, name):
        words = name.split(".")
        return self._engine_groups()[int(words[1]) if words[0] == "group" else 0]

    def _show_numbers(self):
        """The groups say what the engine counted."""
        for name, value in self._engine.numbers.items():
            words = name.split(".")
            groups = [self._group_of_number(name)] if words[0] == "group" else self.param_groups
            for group in groups:
                group[words[-1]] = value.item()

    # ---- steps

    @torch.no_grad()
    def step(self, closure=None):
        """One step. `closure` computes the loss anew, which is returned."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        self._step()
        return loss

    def _gradients(self):
        """A gradient of each parameter, negated where it is to be climbed; None where it has none."""
        found = []
        for group in self.param_groups:
            for p in group["params"]:
                gradient = p.grad
                if gradient is not None:
                    self._check_gradient(p, gradient)
                    gradient = gradient.resolve_neg()
                    if group["maximize"]:
                        gradient = -gradient
                found.append(gradient)
        return found

    def _check_gradient(self, p, gradient):
        if gradient.layout != torch.strided:
            raise RuntimeError(
                f"[{self.name}] the gradient of {self._described(p)} is sparse, and "
                f"{type(self).__name__} takes dense ones; make it dense (nn.Embedding with "
                "sparse=False), or use torch.optim.SparseAdam")
        if gradient.dtype != torch.float32:
            raise TypeError(f"[{self.name}] the gradient of {self._described(p)} is "
                            f"{gradient.dtype}; it must be float32, as the parameter")
        if gradient.shape != p.shape:
            raise RuntimeError(f"[{self.name}] the gradient of {self._described(p)} has shape "
                               f"{tuple(gradient.shape)}; compute it anew for the parameter as it is")

    def _step(self):
        gradients = self._gradients()
        _follow_torch_threads()
        engine = self._ready()
        gradients = [g if g is None or (g.device == place.device and g.is_contiguous())
                     else g.to(place.device).contiguous() for g, place in zip(gradients, engine.tensors)]
        self._work([gradient is not None for gradient in gradients],
                   lambda: engine.step(gradients))

    def _work(self, is_used, work):
        """Does what reads and writes those of the engine's parameters; the ones that are copies go
        there and back."""
        engine, parameters = self._engine, self._parameters()
        copies = []
        if engine.copies_any:
            copies = [(p.detach(), place) for p, place, copied_from, one
                      in zip(parameters, engine.tensors, engine.copied_from, is_used)
                      if copied_from and one]
        for p, place in copies:
            place.copy_(p)
        work()
        for p, place in copies:
            p.copy_(place)
        self._show_numbers()
        # Those that were copied to are told twice.
        _version_counter.bump([p for p, one in zip(parameters, is_used) if one])

    # ---- what the library has besides

    @torch.no_grad()
    def eval(self):
        """Puts the weights to evaluate into the parameters, where these are others than those that
        are trained, as of the schedule-free optimizers; train() takes them back."""
        self._switch(Engine.eval)

    @torch.no_grad()
    def train(self):
        """See eval()."""
        self._switch(Engine.train)

    def _switch(self, how):
        engine = self._ready()
        self._work([True] * len(engine.tensors), lambda: how(engine))

    def set_epoch(self, epoch, total_epochs):
        """To be called before the first step of each epoch: rules with a schedule of their own, as
        NeuroPlastic's warm-up, follow it. Epochs count from 1."""
        try:
            epoch, total_epochs = operator.index(epoch), operator.index(total_epochs)
        except TypeError:
            raise TypeError(f"[{self.name}] set_epoch: epoch {epoch!r} of {total_epochs!r}; give whole "
                            "numbers") from None
        if epoch < 0 or total_epochs < 1:
            raise ValueError(f"[{self.name}] set_epoch: epoch {epoch} of {total_epochs}; epochs "
                             "count from 1")
        for group in self.param_groups:
            if "total_epochs" in group:
                group["epoch"], group["total_epochs"] = epoch, total_epochs

    # ---- the state under the engine's names; see checkpoints.py

    def _prepare_state(self):
        """Sees to it that every parameter has its state; returns the names of what else is
        counted."""
        return self._ready().numbers

    @torch.no_grad()
    def named_state(self):
        """The state, sharing memory where it is a parameter's: {"state.0.exp_avg": tensor}."""
        numbers = self._prepare_state()
        named = {}
        for i, p in enumerate(self._parameters()):
            for name in self._state_names(i):
                named[f"state.{i}.{name}"] = self.state[p][name]
        for index, group in enumerate(self._engine_groups()):
            named[f"group.{index}.lr"] = torch.tensor(float(group["lr"]), dtype=torch.float64,
                                                      device="cpu")
        for name, value in numbers.items():
            named[name] = torch.tensor(self._group_of_number(name)[name.rpartition(".")[2]],
                                       dtype=value.dtype, device="cpu")
        return named

    @torch.no_grad()
    def set_named_state(self, state):
        """Takes over what named_state() of an optimizer like this one returned."""
        for name, own in self.named_state().items():
            words = name.split(".")
            if words[0] == "state":
                own.copy_(state[name])
            elif words[0] == "group":
                self._engine_groups()[int(words[1])][words[2]] = state[name].item()
            else:
                for group in self.param_groups:
                    group[name] = state[name].item()

    def _state_names(self, index):
        return self._engine.state[index]

    def diagnostics(self):
        """What the rule reports about its last step, by name; NeuroPlastic does with
        diagnostics=True."""
        return {} if self._engine is None else self._engine.diagnostics()


def option_values(group, options):
    """The values of a group's options but for the rate, which an engine can change."""
    return (group[name] for name in options if name != "lr")


_CLASS_NAMES = {"sgd": "SGD", "rmsprop": "RMSprop", "soap": "SOAP", "neuroplastic": "NeuroPlastic",
                "nadam": "NAdam", "radam": "RAdam", "adamw": "AdamW",
                "schedule-free-sgd": "ScheduleFreeSGD",
                "schedule-free-adamw": "ScheduleFreeAdamW"}


def class_name(name):
    return _CLASS_NAMES.get(name) or "".join(word.capitalize() for word in name.split("-"))


def make_class(name, base=PlasticOptimizer, defaults=None):
    """The class of the optimizer that the library calls so."""
    options = {**_library.options_of(name)}
    for option, value in (defaults or {}).items():
        options[option] = (value, options[option][1])
    listed = "\n".join(f"    {option}={default!r}: {values}"
                       for option, (default, values) in options.items())
    keyword = inspect.Parameter.KEYWORD_ONLY
    either = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature(
        [inspect.Parameter("params", either)]
        + [inspect.Parameter(option, either if option == "lr" else keyword, default=default)
           for option, (default, _) in options.items()]
        + [inspect.Parameter("maximize", keyword, default=False)])
    return type(class_name(name), (base,), {
        "__doc__": f"The optimizer {name} of Plastic, for PyTorch.\n\nOptions, with their "
                   f"defaults:\n\n{listed}\n    maximize=False: climb instead of descend\n",
        "__module__": "plastic_optim", "__signature__": signature,
        "name": name, "_options": options})

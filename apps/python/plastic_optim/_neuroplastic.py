"""NeuroPlastic, on every device of PyTorch's."""

import torch

from . import _torch_diagnostics, _torch_form
from ._optimizer import PlasticOptimizer


class NeuroPlasticOptimizer(PlasticOptimizer):
    """Where the library has kernels for the device of all parameters, it computes the step; elsewhere
    PyTorch does, in the same way to rounding."""

    _is_native = True
    _last = None

    def _uses_library(self):
        return self._is_native and self._library_device() is not None

    def _step(self):
        if self._uses_library():
            super()._step()
            return
        self._check_epoch()
        self._drop_engine()
        self._make_state()
        updates, factors = _torch_form.step(self._options_by_group(), self.state,
                                            self._gradients())
        if any(group["diagnostics"] for group in self.param_groups):
            self._last = _torch_diagnostics.of(updates, factors)

    def _options_by_group(self):
        # grad-only has no option `mode`.
        return [{"mode": "ablation_grad_only", **group} for group in self.param_groups]

    def _check_epoch(self):
        for group in self._options_by_group():
            if group["total_epochs"] == 0 and _torch_form.depends_on_epoch(group):
                raise RuntimeError(
                    f"[{self.name}] an option depends on the epoch (warmup_epochs, phase_scope or "
                    "orthogonal_schedule), but set_epoch(epoch, total_epochs) was never called; "
                    "call it before the first step of each epoch")

    def _make_state(self):
        names = _torch_form.state_names(self.param_groups)
        for p in self._parameters():
            self._check_parameter(p)
            state = self.state[p]
            for name in names:
                given = state.get(name)
                if given is None:
                    state[name] = torch.zeros_like(p, memory_format=torch.preserve_format)
                elif given.device != p.device:
                    state[name] = given.to(p.device)
            if not isinstance(state.get("step"), torch.Tensor):
                state["step"] = torch.tensor(int(state.get("step", 0)))

    def _switch(self, how):
        # The weights that are trained are those to evaluate.
        if self._uses_library():
            super()._switch(how)

    def _prepare_state(self):
        if self._uses_library():
            return super()._prepare_state()
        self._make_state()
        return dict.fromkeys(("epoch", "total_epochs"), torch.tensor(0))

    def _state_names(self, index):
        return [*_torch_form.state_names(self.param_groups), "step"]

    def diagnostics(self):
        if self._uses_library():
            return super().diagnostics()
        return self._last or {}

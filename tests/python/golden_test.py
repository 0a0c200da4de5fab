"""NeuroPlastic from PyTorch on the golden trajectories: the engine's bits, and the plain PyTorch form
within the tolerances of the reference."""

import unittest

import cases
import plastic_optim


def run(case, is_native):
    """Parameters after each step, diagnostics of each, and the optimizer."""
    parameters = [p.requires_grad_() for p in cases.tensors_of(case["params"])]
    optimizer = plastic_optim.NeuroPlastic(parameters, **cases.options_of(case), diagnostics=True)
    optimizer._is_native = is_native
    trajectory, diagnostics = [], []
    for step in case["steps"]:
        optimizer.set_epoch(step["epoch"], case["total_epochs"])
        cases.set_gradients(parameters, step["grads"])
        optimizer.step()
        trajectory.append([p.detach().clone() for p in parameters])
        diagnostics.append(optimizer.diagnostics())
    return trajectory, diagnostics, optimizer


class Golden(cases.Case):
    def test_the_bits_of_the_engine(self):
        files = cases.engine_files("golden", cases.GOLDEN)
        golden = cases.golden_cases()
        self.assertEqual(len(golden), 42)
        for case in golden:
            expected = files[case["name"]]
            trajectory, _, optimizer = run(case, is_native=True)
            for k, parameters in enumerate(trajectory):
                for i, p in enumerate(parameters):
                    self.assert_same(p, expected[f"step.{k}.{i}"], case["name"])
            state = plastic_optim.checkpoints.state_of(optimizer)
            expected = cases.part_of(expected, "optimizer.")
            self.assertEqual(sorted(state), sorted(expected))
            for name, tensor in expected.items():
                self.assert_same(state[name], tensor, f"{case['name']} {name}")

    def check_against_the_reference(self, is_native):
        for case in cases.golden_cases():
            trajectory, diagnostics, optimizer = run(case, is_native)
            for step, parameters, found in zip(case["steps"], trajectory, diagnostics):
                for p, wanted in zip(parameters, step["params"]):
                    wanted = cases.torch.tensor(wanted).reshape(p.shape)
                    self.assertLessEqual(cases.relative(p, wanted), 2e-5, case["name"])
                rounding = 1e-6 * step["diagnostics"]["raw_gradient_norm"] + 5e-4
                for name, value in step["diagnostics"].items():
                    noisy = name in ("alpha_std", "plasticity_delta_norm")
                    allowed = 1e-4 * abs(value) + (rounding if noisy else 1e-9)
                    self.assertLessEqual(abs(found[name] - value), allowed,
                                         f"{case['name']} {name}: {found[name]}, not {value}")
            for p, wanted in zip(optimizer.param_groups[0]["params"], case["final_state"]):
                for name in ("activity", "momentum", "variance"):
                    value = wanted[name]
                    value = value["values"] if isinstance(value, dict) else value
                    value = cases.torch.tensor(value).reshape(p.shape)
                    self.assertLessEqual(cases.relative(optimizer.state[p][name], value), 2e-5)

    def test_the_library_is_within_tolerance(self):
        self.check_against_the_reference(is_native=True)

    def test_the_plain_form_is_within_tolerance(self):
        self.check_against_the_reference(is_native=False)

    def test_the_plain_form_is_the_library_to_rounding(self):
        worst = 0.0
        for case in cases.golden_cases():
            native, plain = (run(case, is_native)[0] for is_native in (True, False))
            for a, b in zip(native, plain):
                worst = max(worst, *(cases.relative(p, q) for p, q in zip(a, b)))
        print(f"largest relative difference of a parameter: {worst:.1e}")
        self.assertLess(worst, 1e-5)


if __name__ == "__main__":
    unittest.main()

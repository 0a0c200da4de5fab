"""The parts of scripts/gpu-check by themselves."""

import contextlib
import io
import json
import os
import pathlib
import tempfile
import unittest

import machine  # noqa: F401, the path of the package

from gpu_check import build, entries, failures, kernels, pack, places, programs, runs, table, tests


class Folder(unittest.TestCase):
    """A test in an empty folder."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        before = os.getcwd()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, before)
        os.chdir(folder.name)
        self.root = pathlib.Path(folder.name)


class Pack(Folder):
    def test_architectures(self):
        self.assertEqual(pack.cmake_architectures("120,80,90"), "80-real;90-real;120-real")
        with self.assertRaises(ValueError):
            pack.cmake_architectures("9.0")

    def test_only_what_is_needed_of_packages(self):
        self.assertTrue(pack.wanted("/usr/include/toml++/toml.h"))
        self.assertTrue(pack.wanted("/usr/share/javascript/chart.js/chart.min.js"))
        self.assertFalse(pack.wanted("/usr/share/javascript/chart.js/chart.js"))
        self.assertFalse(pack.wanted("/usr/share/doc/doctest-dev/copyright"))

    def test_programs_come_back_as_they_were(self):
        pathlib.Path("CMakeLists.txt").touch()
        for name in build.PROGRAMS:
            path = pathlib.Path("there") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(pathlib.Path("/bin/true").read_bytes())
            path.chmod(0o755)
        pack.pack_programs("90,80", pathlib.Path("there"))
        described = json.loads(pack.DESCRIPTION.read_text())
        self.assertEqual(described["architectures"], [80, 90])
        self.assertEqual(programs.why_not_packed(90), "")
        # Three copies of one program take the place of one.
        self.assertLess(pack.PROGRAMS.stat().st_size, pathlib.Path("/bin/true").stat().st_size)
        here = self.root / "here"
        for _ in range(2):
            programs.unpack(here)
            for name in build.PROGRAMS:
                self.assertTrue(os.access(here / name, os.X_OK))

    def test_why_packed_programs_are_not_used(self):
        self.assertEqual(programs.why_not_packed(90), "none were packed")
        pack.FOLDER.mkdir()
        pack.PROGRAMS.touch()
        pathlib.Path("CMakeLists.txt").write_text("x")
        pack.DESCRIPTION.write_text(json.dumps({"architectures": [80, 90],
                                                "sources": build.sources_hash()}))
        for capability in (0, 80, 86, 89, 90):
            self.assertEqual(programs.why_not_packed(capability), "", capability)
        for capability in (75, 100, 120):
            self.assertIn("for 80, 90", programs.why_not_packed(capability))
        pathlib.Path("CMakeLists.txt").write_text("y")
        self.assertIn("other sources", programs.why_not_packed(90))

    def test_packed_libraries_are_named_to_cmake(self):
        for name in ("lib/x86_64-linux-gnu/cmake/tomlplusplus/tomlplusplusConfig.cmake",
                     "lib/cmake/doctest/doctestConfig.cmake"):
            path = build.LIBRARIES / "usr" / name
            path.parent.mkdir(parents=True)
            path.touch()
        chart = build.LIBRARIES / build.CHART
        chart.parent.mkdir(parents=True)
        chart.touch()
        usr = self.root.resolve() / ".gpu/deps/usr"
        self.assertEqual(set(build.library_options()), {
            f"-Dtomlplusplus_DIR={usr}/lib/x86_64-linux-gnu/cmake/tomlplusplus",
            f"-Ddoctest_DIR={usr}/lib/cmake/doctest",
            f"-DPLASTIC_CHART_JS={usr}/share/javascript/chart.js/chart.min.js"})


class Places(Folder):
    def make(self, *names):
        for name in names:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return [str(self.root / "site"), str(self.root / "nowhere")]

    def test_every_package_with_libraries_is_on_the_path(self):
        paths = self.make("site/nvidia/cu13/lib/libcublasLt.so.13",
                          "site/nvidia/cudnn/lib/libcudnn.so.9", "site/nvidia/nvtx/lib/x.py",
                          "site/nvidia/cudnn/include/cudnn.h")
        site = self.root / "site/nvidia"
        self.assertEqual(places.library_path(paths, ""), f"{site}/cu13/lib:{site}/cudnn/lib")
        self.assertEqual(places.library_path(paths, "/a:/b"),
                         f"/a:/b:{site}/cu13/lib:{site}/cudnn/lib")
        self.assertEqual(places.header_folder("cudnn.h", paths), site / "cudnn/include")
        self.assertIsNone(places.header_folder("cublasLt.h", paths))

    def test_none(self):
        self.assertEqual(places.library_path([str(self.root)], ""), "")


class Failures(unittest.TestCase):
    def test_of_doctest_each_test_before_a_second_failure_of_one(self):
        output = "\n".join([
            "=====", "a.cpp:1:", "TEST CASE:  one", "", "a.cpp:2: ERROR: CHECK( x ) is NOT correct!",
            "  values: CHECK( 1 )", "", "a.cpp:3: ERROR: CHECK( y ) is NOT correct!", "",
            "=====", "a.cpp:9:", "TEST CASE:  two", "", "a.cpp:9: ERROR: test case THREW exception: "
            "[cuda] misaligned", "", "=====", "[doctest] test cases: 2"])
        found = failures.of_doctest(output)
        self.assertEqual([block.splitlines()[0] for block in found], [
            "one: a.cpp:2: ERROR: CHECK( x ) is NOT correct!",
            "two: a.cpp:9: ERROR: test case THREW exception: [cuda] misaligned",
            "one: a.cpp:3: ERROR: CHECK( y ) is NOT correct!"])

    def test_of_a_compiler(self):
        found = failures.of_compiler("[1/2] cc\nx.cu(3): error: no such thing\n  here\n[2/2] cc\n"
                                     "y.cpp:1:2: fatal error: cudnn.h: No such file\n")
        self.assertEqual(found, ["x.cu(3): error: no such thing\n  here",
                                 "y.cpp:1:2: fatal error: cudnn.h: No such file"])

    def test_of_a_program_without_a_message_its_end(self):
        self.assertEqual(failures.of_program("epoch 1\nepoch 2\n"), ["epoch 1\nepoch 2"])


class Table(Folder):
    def test_what_did_not_run_is_neither_passed_nor_failed(self):
        rows = table.Table(self.root / "out", self.root / "logs")
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(rows.exit_code(), 3)
            rows.passed("tests", "a", "")
            self.assertEqual(rows.exit_code(), 0)
            rows.not_run("tests", "b", "no time left")
            self.assertEqual(rows.exit_code(), 3)
            rows.failed("tests", "c", "", ["first\nmore", "second", "third", "fourth"])
            self.assertEqual(rows.exit_code(), 1)
        text = (self.root / "out/table.txt").read_text()
        self.assertIn("1. first\n            more\n", text)
        self.assertIn("3. third", text)
        self.assertNotIn("fourth", text)
        self.assertIn("gpu-check: 1 passed, 1 FAILED, 1 not run\n", text)

    def test_long_logs_keep_their_beginning_and_end(self):
        text = table.shortened(b"a" * 50 + b"b" * 50, most=40)
        self.assertEqual(text, b"a" * 20 + b"\n[60 bytes left out]\n" + b"b" * 20)


class Others(unittest.TestCase):
    def test_families(self):
        self.assertEqual(tests.families(["cuda.pool.max", "core.ops.x", "cuda.optim.torch",
                                         "cuda.optim.same", "cuda.ops.f32"]),
                         {"ops": ["cuda.ops.f32"], "golden": ["cuda.optim.torch"],
                          "optim": ["cuda.optim.same"], "pool": ["cuda.pool.max"]})

    def test_entries_of_a_benchmark_that_was_ended(self):
        self.assertEqual(list(entries.parse('x\n{"name": "a", "seconds": 1}\n{"name": "b", "se')),
                         ["a"])

    def test_names_of_kernels(self):
        self.assertEqual(kernels.short_name(
            "void plastic::cuda::(anonymous namespace)::map<4, plastic::rules::Relu>(long, int)"),
            "map<4, Relu>")
        self.assertEqual(kernels.short_name("cutlass_80_gemm"), "cutlass_80_gemm")

    def test_curves(self):
        curve = [{"train_loss": 1.01}, {"train_loss": 2.0}]
        expected = [{"train_loss": 1.0}, {"train_loss": 2.0}]
        self.assertAlmostEqual(runs.worst(curve, expected)[0], 0.01)


if __name__ == "__main__":
    unittest.main()

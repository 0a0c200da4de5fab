"""scripts/gpu-check from its beginning to its end, on a machine that is acted out."""

import signal
import time
import unittest

from machine import NVIDIA_SMI, Machine


class Whole(unittest.TestCase):
    def setUp(self):
        self.machine = Machine()
        self.addCleanup(self.machine.close)

    def card(self, **packed):
        self.machine.program("nvidia-smi", NVIDIA_SMI)
        self.machine.pack(**packed)

    def test_without_a_card_nothing_passes_or_fails(self):
        self.machine.pack()
        self.assertEqual(self.machine.check("--call", "1"), 3)
        self.assertIn("not run", self.machine.row("nvidia-smi"))
        self.assertIn("pass", self.machine.row("packed programs"))
        for section in ("tests", "trainings", "speed"):
            self.assertIn("not run", self.machine.row(section, "no card"))
        self.assertNotIn("FAIL", self.machine.table)

    def test_without_a_card_and_programs_nothing_is_built(self):
        self.assertEqual(self.machine.check("--call", "1"), 3)
        self.assertIn("no card to build for; none were packed", self.machine.row("programs"))

    def test_the_first_call_passes(self):
        self.card()
        self.assertEqual(self.machine.check("--call", "1"), 0, self.machine.output)
        self.assertIn("H100", self.machine.row("card", "plastic finds it"))
        self.assertIn("9.19.0", self.machine.row("cuDNN"))
        # A family is a process: two of gemm's.
        self.assertIn("2 of 2 tests, 20 checks", self.machine.row("tests", "gemm"))
        self.assertIn("1 of 1 tests", self.machine.row("tests", "golden"))
        self.assertNotIn("gradcheck", self.machine.table)
        self.assertIn("the same bytes", self.machine.row("resnet18", "twice"))
        self.assertIn("32000 images/s", self.machine.row("resnet18/batch128/bf16"))
        # By worth.
        order = [self.machine.table.index(text) for text in (" card ", " programs ", " tests ",
                                                             " trainings ", " speed ")]
        self.assertEqual(order, sorted(order))
        logs = self.machine.logs()
        self.assertIn("exit 0", logs["tests-gemm.log"])
        self.assertIn("training-mlp-bf16.log", logs)

    def test_other_bytes_are_a_failure(self):
        self.card()
        self.machine.env["WEIGHTS_OF_second"] = "ac"
        self.assertEqual(self.machine.check("--only", "trainings"), 1)
        self.assertIn("1 tensors differ", self.machine.row("mlp", "twice"))

    def test_a_family_that_fails_runs_again_test_by_test(self):
        self.card(tests_fail='''case $names in *gemm.empty*)
          for i in 1 2 3 4 5; do
            printf '%s\\n' '=====' 'x.cpp:1:' 'TEST CASE:  cuda.gemm.empty' ''
            printf '%s\\n' "x.cpp:$i: ERROR: CHECK( a == b ) is NOT correct!" "  values: $i" ''
          done
          kill -SEGV $$ ;;
        esac''')
        self.assertEqual(self.machine.check("--only", "tests"), 1)
        table = self.machine.table
        self.assertIn("ended by SIGSEGV", self.machine.row("FAIL", "tests", " gemm "))
        self.assertIn("FAIL", self.machine.row("tests", "cuda.gemm.empty", "SIGSEGV"))
        self.assertIn("1 of 2 tests pass", self.machine.row("alone"))
        # The first three, not the last.
        self.assertIn("1. cuda.gemm.empty: x.cpp:1: ERROR", table)
        self.assertIn("3. cuda.gemm.empty: x.cpp:3: ERROR", table)
        self.assertNotIn("x.cpp:4", table)
        self.assertIn("pass", self.machine.row("tests", "ops"))

    def test_a_family_that_hangs_is_ended_with_the_time(self):
        self.card(tests_fail="case $names in *gemm*) sleep 60 ;; esac")
        started = time.monotonic()
        self.assertEqual(self.machine.check("--only", "tests,speed", "--seconds", "6"), 1)
        self.assertLess(time.monotonic() - started, 30)
        self.assertIn("stopped after", self.machine.row("FAIL", "tests", " gemm "))
        self.assertIn("no time left", self.machine.row("not run", "speed"))
        self.assertIn("stopped after", self.machine.logs()["tests-gemm.log"])

    def test_tests_that_see_no_device_fail(self):
        self.card(tests_fail="echo 'x.cpp:1: MESSAGE: skipped: no CUDA device (none)'")
        self.assertEqual(self.machine.check("--only", "tests"), 1)
        self.assertIn("some were skipped", self.machine.row("FAIL", "tests", " ops "))

    def test_a_runtime_that_sees_no_device_stops_it(self):
        self.card(plastic="echo '   no CUDA: no device found: driver too old'")
        self.assertEqual(self.machine.check("--only", "tests"), 1)
        self.assertIn("driver too old", self.machine.row("FAIL", "plastic finds it"))
        self.assertIn("not run", self.machine.row("tests", "see above"))

    def test_ended_from_outside_it_leaves_table_and_logs(self):
        self.card(tests_fail="case $names in *gemm*) sleep 60 ;; esac")
        process = self.machine.start("--only", "tests")
        wanted = self.machine.out / "logs/tests-gemm.log"
        for _ in range(300):
            if wanted.exists() and "golden" in self.machine.table:
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), 143)
        self.assertIn("pass", self.machine.row("tests", "golden"))
        self.assertIn("tests-gemm.log", self.machine.logs())

    def test_no_compiler_is_a_line(self):
        self.card(architectures=(80,))
        self.machine.env["CXX"] = "/nowhere/g++"
        self.assertEqual(self.machine.check("--call", "1"), 1)
        self.assertIn("they are for 80, and there is no compiler here (/nowhere/g++)",
                      self.machine.row("FAIL", "programs"))

    def test_other_sources_are_built_here(self):
        self.card()
        (self.machine.checkout / "core/tensor.cpp").write_text("int y;\n")
        self.machine.program("cmake", """echo "$@" >>"$LOG"
          case "$*" in *--build*) echo "[7/9] cc x.cpp"; echo "x.cpp:3:1: error: no"; exit 1 ;; esac
          """)
        self.machine.program("g++", "echo 12")
        self.machine.env["LOG"] = str(self.machine.root / "cmake.log")
        self.assertEqual(self.machine.check("--call", "1"), 1)
        self.assertIn("exit 1 at [7/9]", self.machine.row("FAIL", "programs"))
        self.assertIn("1. x.cpp:3:1: error: no", self.machine.table)
        arguments = (self.machine.root / "cmake.log").read_text()
        self.assertIn("-DPLASTIC_CUDA_ARCHITECTURES=90", arguments)
        self.assertIn("-DPLASTIC_TEST_FOLDER=tests", arguments)

    def test_programs_that_do_not_start_are_built_here(self):
        self.card(plastic="echo \"plastic: GLIBC_2.99 not found\" >&2; exit 127")
        self.machine.env["CXX"] = "/nowhere/g++"
        self.assertEqual(self.machine.check("--call", "1"), 1)
        self.assertIn("GLIBC_2.99", self.machine.row("FAIL", "programs"))

    def test_packages_are_on_the_library_path_after_the_users(self):
        packages = self.machine.root / "packages"
        for name in ("cu13", "cudnn"):
            (packages / "nvidia" / name / "lib").mkdir(parents=True)
            (packages / "nvidia" / name / "lib/libx.so.1").touch()
        self.machine.env["PYTHONPATH"] += f":{packages}"
        self.machine.env["LD_LIBRARY_PATH"] = "/mine"
        self.card(plastic='echo "compute capability 9.0"; echo "path $LD_LIBRARY_PATH"')
        self.machine.check("--only", "speed")
        self.assertIn(f"path /mine:{packages}/nvidia/cu13/lib:{packages}/nvidia/cudnn/lib\n",
                      self.machine.logs()["info.log"])


    def test_beside_pytorch(self):
        self.card()
        packages = self.machine.root / "packages"
        packages.mkdir()
        (packages / "torch.py").touch()
        self.machine.env["PYTHONPATH"] += f":{packages}"
        peers = self.machine.checkout / "bench/peers"
        peers.mkdir(parents=True)
        (peers / "torch_device.py").write_text("""import sys
if "--optimizers" in sys.argv:
    print('{"name": "optimizer/adam", "seconds": 0.0003}')
else:
    mode, precision = sys.argv[-1], sys.argv[sys.argv.index("--precisions") + 1]
    print('{"name": "%s/resnet18/batch128/%s", "seconds": 0.006}' % (mode, precision))
""")
        self.assertEqual(self.machine.check("--only", "peers"), 1)
        self.assertIn("32000 / 21333 images/s = 1.50 (asked 2.0)",
                      self.machine.row("FAIL", "bf16 against eager", "batch128"))
        self.assertIn("pass", self.machine.row("bf16 against compile"))
        self.assertIn("takes 1.00 times as long", self.machine.row("pass", "optimizer adam"))
        self.assertIn("not run", self.machine.row("batch512"))

    def test_without_pytorch_we_are_measured_alone(self):
        self.card()
        self.assertEqual(self.machine.check("--only", "peers"), 3)
        self.assertIn("has none", self.machine.row("not run", "PyTorch"))
        self.assertIn("2147 GB/s", self.machine.row("copy on the device"))


class Sanitizer(unittest.TestCase):
    def setUp(self):
        self.machine = Machine()
        self.addCleanup(self.machine.close)
        self.machine.program("nvidia-smi", NVIDIA_SMI)
        self.machine.pack()

    def test_it_looks_at_our_kernels_alone(self):
        self.machine.program("compute-sanitizer", 'echo "========= ERROR SUMMARY: 0 errors"')
        self.assertEqual(self.machine.check("--call", "2"), 0, self.machine.output)
        self.assertIn("0 errors", self.machine.row("memcheck, small_cnn"))
        command = self.machine.logs()["memcheck-mlp.log"].splitlines()[0]
        for wanted in ("--kernel-regex kns=plastic", "--print-level error", "--report-api-errors no",
                       "--track-stream-ordered-races all", "--deterministic", "--error-exitcode 9"):
            self.assertIn(wanted, command)
        self.assertNotIn("stream-ordered", self.machine.logs()["racecheck-mlp.log"].splitlines()[0])

    def test_the_filter_is_called_as_the_tool_calls_it(self):
        self.machine.program("compute-sanitizer", """case "$*" in
          --help) echo "  --kernel-name arg     key1=val1" ;; esac""")
        self.assertEqual(self.machine.check("--call", "2"), 0, self.machine.output)
        self.assertIn("--kernel-name kns=plastic", self.machine.logs()["racecheck-mlp.log"])

    def test_the_first_errors_are_shown(self):
        self.machine.program("compute-sanitizer", r'''case "$*" in *racecheck*) exit 0 ;; esac
          for i in 1 2 3 4; do
            printf '%s\n' "========= Invalid __global__ read of size 4 bytes" \
              "=========     at plastic::cuda::kernel_$i" "========="
          done
          echo "========= ERROR SUMMARY: 4 errors"; exit 9''')
        self.assertEqual(self.machine.check("--call", "2"), 1)
        self.assertIn("4 errors", self.machine.row("FAIL", "memcheck, mlp"))
        self.assertIn("kernel_3", self.machine.table)
        self.assertNotIn("kernel_4", self.machine.table)
        self.assertIn("pass", self.machine.row("racecheck, mlp"))

    def test_a_machine_on_which_it_cannot_work_is_no_failure(self):
        self.machine.program("compute-sanitizer", 'echo "Error: Device not supported"; exit 1')
        self.assertEqual(self.machine.check("--call", "2"), 3)
        self.assertIn("not run", self.machine.row("memcheck, mlp"))


class Kernels(unittest.TestCase):
    def test_times_are_added_up_by_kernel(self):
        machine = Machine()
        self.addCleanup(machine.close)
        machine.program("nvidia-smi", NVIDIA_SMI)
        machine.pack()
        machine.program("ncu", r'''cat <<'END'
==PROF== Connected to process 1
"ID","Process ID","Kernel Name","gpu__time_duration.sum","dram__bytes.sum"
"","","","ns","byte"
"0","1","void plastic::cuda::<unnamed>::join_columns<float>(Columns)","2,000","4000000"
"1","1","cutlass_80_gemm","9000","0"
"2","1","void plastic::cuda::<unnamed>::join_columns<float>(Columns)","4000","2000000"
END''')
        machine.check("--only", "kernels")
        self.assertIn("3 launches, 15 us in 2 kernels", machine.row("batch 128"))
        self.assertIn("   2 x      3.0 us, 40.0%,  1000 GB/s", machine.row("join_columns<float>"))


if __name__ == "__main__":
    unittest.main()

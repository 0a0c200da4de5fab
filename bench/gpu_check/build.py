"""How the programs are built, and which they are."""

import hashlib
import os
import pathlib
import subprocess

from gpu_check import places

TARGETS = ("plastic-cli", "plastic_cuda_tests", "plastic_bench_device")
# In a build folder.
PLASTIC = "plastic"
TESTS = "tests/cuda/plastic_cuda_tests"
BENCH = "bench/plastic_bench_device"
PROGRAMS = (PLASTIC, TESTS, BENCH)

LIBRARIES = pathlib.Path(".gpu/deps")
CHART = "usr/share/javascript/chart.js/chart.min.js"

SOURCE_FOLDERS = ("apps", "bench", "cmake", "core", "cuda", "data", "include", "nn", "optim",
                  "tests")
SOURCE_ENDINGS = {".c", ".cmake", ".cpp", ".css", ".cu", ".h", ".html", ".in", ".js", ".txt"}


def sources_hash(root="."):
    """Of everything that the programs are made from."""
    root = pathlib.Path(root)
    paths = [root / "CMakeLists.txt"]
    for folder in SOURCE_FOLDERS:
        paths += [path for path in (root / folder).rglob("*")
                  if path.suffix in SOURCE_ENDINGS and path.is_file()]
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(f"{path.relative_to(root)}\n".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def compiler_version():
    """Empty where there is no compiler."""
    try:
        result = subprocess.run([os.environ.get("CXX", "g++"), "-dumpversion"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                check=False)
    except OSError:
        return ""
    return result.stdout.strip()


def library_options(folder=LIBRARIES):
    """The header libraries that were packed, by the folders of their package files: what lies in
    Debian's lib/x86_64-linux-gnu is not looked for everywhere."""
    folder = pathlib.Path(folder).resolve()
    options = [f"-D{path.name.removesuffix('Config.cmake')}_DIR={path.parent}"
               for path in sorted(folder.rglob("*Config.cmake"))]
    if (folder / CHART).is_file():
        options.append(f"-DPLASTIC_CHART_JS={folder / CHART}")
    return options


def header_options():
    """cuBLAS's and cuDNN's headers where only Python packages have them. A toolkit's own come
    first: CMake is not told of others then."""
    options = []
    for name, header in (("CUBLAS", "cublasLt.h"), ("CUDNN", "cudnn.h")):
        in_toolkit = any((folder / "include" / header).is_file()
                         for folder in places.toolkit_folders())
        folder = places.header_folder(header)
        if folder and not in_toolkit:
            options.append(f"-DPLASTIC_{name}_INCLUDE={folder}")
    return options


def configure_options():
    options = ["-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DPLASTIC_CUDA=ON",
               "-DPLASTIC_BUILD_BENCH=OFF", "-DPLASTIC_BUILD_GPU_CHECK=ON",
               "-DPLASTIC_DOWNLOAD=OFF", "-DPLASTIC_ZLIB=OFF", "-DPLASTIC_LZMA=OFF",
               "-DPLASTIC_CSV=OFF", "-DPLASTIC_IMAGES=OFF", "-DPLASTIC_TEST_FOLDER=tests"]
    # As in scripts/build: only the compiler that we test with must have no warnings.
    if not compiler_version().startswith("12"):
        options.append("-DPLASTIC_WERROR=OFF")
    return options + library_options() + header_options()

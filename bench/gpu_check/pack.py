"""scripts/gpu-check pack: what a machine needs that has neither network nor our header libraries,
in .gpu/: the libraries, and the programs built for its card."""

import argparse
import io
import json
import lzma
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

from gpu_check import build

FOLDER = pathlib.Path(".gpu")
PROGRAMS = FOLDER / "programs.tar.xz"
DESCRIPTION = FOLDER / "programs.json"
BUILD = pathlib.Path("build-gpu-pack")

# Every card that Plastic knows; nvcc knows 100 and 120 from CUDA 12.8 on.
ARCHITECTURES = "80,86,89,90,100,120"
PACKAGES = ("doctest-dev", "nlohmann-json3-dev", "libcli11-dev", "libtomlplusplus-dev",
            "libjs-chart.js")
MOST_BYTES = 64 << 20  # of all that travels


def fail(text):
    sys.exit(f"gpu-check pack: {text}")


def wanted(path):
    if "/usr/share/doc" in path or "/pkgconfig/" in path:
        return False
    return "/javascript/" not in path or path == f"/{build.CHART}"


def pack_libraries():
    """Headers and package files, as they lie under /usr."""
    for package in PACKAGES:
        try:
            listed = subprocess.run(["dpkg-query", "-L", package], stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            fail(f"{package} is not installed; run scripts/setup")
        for path in map(pathlib.Path, listed.splitlines()):
            if path.is_file() and wanted(str(path)):
                target = build.LIBRARIES / str(path).lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)


def pack_cifar(data):
    """Two files in each of .gpu/cifar-part1 to 3, which travel by themselves."""
    files = sorted(pathlib.Path(data).glob("*.bin.xz"))
    if not files:
        fail(f"{data} has no .bin.xz files")
    for position, path in enumerate(files):
        part = FOLDER / f"cifar-part{position // 2 + 1}"
        part.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, part / path.name)


def cmake_architectures(architectures):
    """Machine code alone: programs for other cards are built where they run."""
    return ";".join(f"{number}-real" for number in sorted(map(int, architectures.split(","))))


def build_programs(architectures, jobs):
    """For any x86-64 processor of the last ten years, and any system with a C library as new as
    ours."""
    options = [*build.configure_options(),
               f"-DPLASTIC_CUDA_ARCHITECTURES={cmake_architectures(architectures)}",
               "-DPLASTIC_NATIVE=OFF", "-DCMAKE_CXX_FLAGS=-march=x86-64-v3",
               "-DCMAKE_EXE_LINKER_FLAGS=-static-libstdc++ -static-libgcc"]
    if shutil.which("ccache"):
        options += [f"-DCMAKE_{language}_COMPILER_LAUNCHER=ccache" for language in ("CXX", "CUDA")]
    subprocess.run(["cmake", "-B", BUILD, *options], check=True)
    subprocess.run(["cmake", "--build", BUILD, "--parallel", str(jobs), "--target",
                    *build.TARGETS], check=True)


def pack_programs(architectures, folder=BUILD):
    """All in one archive with a window that spans it: their kernels are the same."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name in build.PROGRAMS:
            stripped = folder / f"{name}.stripped"
            subprocess.run(["strip", "-o", stripped, folder / name], check=True)
            tar.add(stripped, name)
            stripped.unlink()
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6,
                "dict_size": min(max(len(content.getvalue()), 1 << 20), 512 << 20)}]
    FOLDER.mkdir(exist_ok=True)
    PROGRAMS.write_bytes(lzma.compress(content.getvalue(), filters=filters))
    DESCRIPTION.write_text(json.dumps({
        "architectures": sorted(map(int, architectures.split(","))),
        "sources": build.sources_hash()}) + "\n")


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def checkout_bytes():
    """Of the files that travel without being named: those that git knows or does not ignore."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"],
                            stdout=subprocess.PIPE, check=False).stdout
    paths = [pathlib.Path(os.fsdecode(name)) for name in listed.split(b"\0") if name]
    return sum(path.stat().st_size for path in paths if path.is_file())


def main(arguments):
    parser = argparse.ArgumentParser(prog="scripts/gpu-check pack")
    parser.add_argument("--architectures", default=ARCHITECTURES,
                        help="compute capabilities to build for (%(default)s)")
    parser.add_argument("--libraries-only", action="store_true",
                        help="no programs: they are built where they run")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="compilers at a time")
    parser.add_argument("data", nargs="?", help="folder of CIFAR-10's .bin.xz files")
    options = parser.parse_args(arguments)
    try:
        cmake_architectures(options.architectures)
    except ValueError:
        parser.error(f"{options.architectures} is not a list of numbers such as 80,90")

    shutil.rmtree(FOLDER, ignore_errors=True)
    pack_libraries()
    if options.data:
        pack_cifar(options.data)
    if not options.libraries_only:
        try:
            build_programs(options.architectures, options.jobs)
            pack_programs(options.architectures)
        except (OSError, subprocess.CalledProcessError) as error:
            fail(f"the programs could not be built: {error}")
    total = checkout_bytes()
    print(f"{total / 2**20:7.2f} MiB  the checkout")
    for path in sorted(FOLDER.iterdir()):
        size = path.stat().st_size if path.is_file() else size_of(path)
        print(f"{size / 2**20:7.2f} MiB  {path}")
        if not path.name.startswith("cifar-part"):
            total += size
    print(f"{total / 2**20:7.2f} MiB  in all, but for CIFAR-10")
    if total > MOST_BYTES:
        fail(f"more than {MOST_BYTES >> 20} MiB; name fewer --architectures")

#!/usr/bin/env python3
"""Puts a library beside PyTorch that stands in for the CUDA libraries which PyPI's PyTorch is linked
with: each of their functions is there and returns an error, "no device". With it PyTorch computes on
the CPU as ever, and 4 GB need not be downloaded and installed.

usage: cuda_stubs.py, run by the Python that has torch. Needs nm, readelf and a compiler ($CXX)."""
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

NAME = "libno_cuda.so"
# cudaErrorNoDevice.
ERROR = 100
# Libraries of NVIDIA's, and the functions in them.
LIBRARY = re.compile(r"lib(cu|nv|nccl)")
FUNCTION = re.compile(r"_*(cu|nv|nccl)")


def lines(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines()


def symbols(library, kind):
    return {line.split()[-1] for line in lines("nm", "-D", kind, library)}


def needed(library):
    found = (re.search(r"\(NEEDED\).*\[(.*)\]", line) for line in lines("readelf", "-dW", library))
    return {match.group(1) for match in found if match}


def missing_functions(libraries):
    """Those that no library of PyTorch's defines, by the version under which they are looked up."""
    defined = {name.split("@")[0] for library in libraries for name in symbols(library, "--defined-only")}
    versions = {}
    for library in libraries:
        for symbol in symbols(library, "--undefined-only"):
            name, _, version = symbol.partition("@")
            if FUNCTION.match(name) and name not in defined:
                versions.setdefault(version or "unversioned", set()).add(name)
    return versions


def main():
    folder = Path(sysconfig.get_path("platlib")) / "torch" / "lib"
    libraries = [path for path in folder.glob("lib*.so") if not path.is_symlink() and path.name != NAME]
    versions = missing_functions(libraries)
    names = sorted(name for group in versions.values() for name in group)
    source, script = folder / "no_cuda.c", folder / "no_cuda.map"
    source.write_text("".join(f"int {name}(void) {{ return {ERROR}; }}\n" for name in names))
    script.write_text("".join(f"{version} {{ {' '.join(f'{name};' for name in sorted(group))} }};\n"
                              for version, group in sorted(versions.items())))
    subprocess.run([os.environ.get("CXX", "g++"), "-x", "c", "-shared", "-fPIC", "-w", "-fno-builtin",
                    f"-Wl,--version-script={script}", "-o", folder / NAME, source], check=True)
    for name in sorted(set().union(*map(needed, libraries))):
        link = folder / name
        if LIBRARY.match(name) and not link.exists():
            link.symlink_to(NAME)


if __name__ == "__main__":
    sys.exit(main())

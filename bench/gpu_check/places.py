"""Where a machine has NVIDIA's libraries, headers and tools: the toolkit's folders, or Python
packages (nvidia/cu13/lib, nvidia/cudnn/lib, nvidia/cublas/lib ...), which no loader looks into."""

import os
import pathlib
import shutil
import sys


def package_folders(paths=None):
    """Every nvidia/* that is installed for this Python."""
    found = []
    for entry in dict.fromkeys(sys.path if paths is None else paths):
        root = pathlib.Path(entry or ".") / "nvidia"
        if root.is_dir():
            found += sorted(path for path in root.iterdir() if path.is_dir())
    return found


def library_folders(paths=None):
    return [folder / "lib" for folder in package_folders(paths)
            if any((folder / "lib").glob("lib*.so*"))]


def library_path(paths=None, before=None):
    """LD_LIBRARY_PATH with them: what the user named goes before."""
    before = os.environ.get("LD_LIBRARY_PATH", "") if before is None else before
    return ":".join([*filter(None, [before]), *map(str, library_folders(paths))])


def header_folder(header, paths=None):
    """The folder of a package that has a header, or None."""
    for folder in package_folders(paths):
        if (folder / "include" / header).is_file():
            return folder / "include"
    return None


def toolkit_folders():
    nvcc = shutil.which("nvcc")
    folders = [pathlib.Path(os.environ[name]) for name in ("CUDA_HOME", "CUDA_PATH")
               if os.environ.get(name)]
    if nvcc:
        folders.append(pathlib.Path(nvcc).resolve().parent.parent)
    return [*folders, pathlib.Path("/usr/local/cuda")]


def tool(name):
    """The path of one of NVIDIA's programs, or None."""
    found = shutil.which(name)
    if found:
        return found
    places = [folder / "bin" / name for folder in toolkit_folders()]
    places += [folder / "compute-sanitizer" / name for folder in toolkit_folders()]
    places += sorted(pathlib.Path("/opt/nvidia/nsight-compute").glob(f"*/{name}"), reverse=True)
    for place in places:
        if os.access(place, os.X_OK):
            return str(place)
    return None

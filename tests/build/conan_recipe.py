"""Exports what the recipe of packaging/conan exports, by stand-ins of Conan's modules, and configures
there as the recipe does: the library's folders and options must be those that Plastic has.

    python3 conan_recipe.py SOURCE COMPILER FOLDER
"""

import fnmatch
import pathlib
import runpy
import shutil
import subprocess
import sys
import types

source, compiler, folder = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])


def copy(_, pattern, src, dst):
    """As conan.tools.files.copy(): the pattern's star stands for folders, too."""
    src, copied = pathlib.Path(src).resolve(), 0
    top = src / pattern.split("/")[0]
    for path in [top] if top.is_file() else top.rglob("*"):
        name = path.relative_to(src)
        if path.is_file() and fnmatch.fnmatch(str(name), pattern):
            target = pathlib.Path(dst) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            copied += 1
    if not copied:
        sys.exit(f"the recipe exports {pattern}, which is not there")


class Toolchain:
    def __init__(self, recipe):
        self.recipe, self.cache_variables = recipe, {}

    def generate(self):
        self.recipe.variables = self.cache_variables


class Deps(Toolchain):
    def generate(self):
        pass


class Options(dict):
    __getattr__ = dict.__getitem__
    get_safe = dict.get


def stand_in(name, **members):
    sys.modules[name] = module = types.ModuleType(name)
    vars(module).update(members)


stand_in("conan", ConanFile=object)
stand_in("conan.tools")
stand_in("conan.tools.build", check_min_cppstd=None)
stand_in("conan.tools.cmake", CMake=None, CMakeDeps=Deps, CMakeToolchain=Toolchain, cmake_layout=None)
stand_in("conan.tools.files", copy=copy, load=lambda _, path: pathlib.Path(path).read_text())

shutil.rmtree(folder, ignore_errors=True)
path = source / "packaging/conan/conanfile.py"
recipe = runpy.run_path(str(path))["Plastic"]()
recipe.recipe_folder = str(path.parent)
recipe.export_sources_folder = str(folder / "source")
recipe.set_version()
version = (source / "include/plastic/core/version.h").read_text()
if f'#define PLASTIC_VERSION "{recipe.version}"' not in version:
    sys.exit(f"the recipe has version {recipe.version}, and version.h another")
recipe.export_sources()
recipe.options = Options(recipe.default_options)
recipe.generate()
done = subprocess.run(
    ["cmake", "-S", folder / "source", "-B", folder / "build", f"-DCMAKE_CXX_COMPILER={compiler}",
     *(f"-D{name}={value}" for name, value in recipe.variables.items())],
    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
if done.returncode != 0 or "Manually-specified variables were not used" in done.stdout:
    sys.exit(f"the recipe's options: {recipe.variables}\n{done.stdout}")

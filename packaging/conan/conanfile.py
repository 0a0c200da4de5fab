# The Conan 2 recipe of the library, from this source tree:
#   conan create packaging/conan -s compiler.cppstd=20 [-o "plastic/*:shared=True"]
import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load


class Plastic(ConanFile):
    name = "plastic"
    license = "Apache-2.0"
    description = "A from-scratch deep-learning engine, the home of the NeuroPlastic optimizer"
    topics = ("deep-learning", "optimizer", "neural-network")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False], "zlib": [True, False],
               "lzma": [True, False], "images": [True, False], "eigen": [True, False]}
    default_options = {"shared": False, "fPIC": True, "zlib": False, "lzma": False, "images": False,
                       "eigen": False}
    implements = ["auto_shared_fpic"]

    @property
    def _root(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        header = load(self, os.path.join(self._root, "include/plastic/core/version.h"))
        self.version = re.search(r'define PLASTIC_VERSION "([0-9.]+)"', header).group(1)

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "core/*", "cuda/*",
                        "nn/*", "optim/*", "data/*", "training/*", "distributed/*", "capi/*"):
            copy(self, pattern, self._root, self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def validate(self):
        check_min_cppstd(self, 20)

    def requirements(self):
        if self.options.zlib:
            self.requires("zlib/[>=1.2.11 <2]")
        if self.options.lzma:
            self.requires("xz_utils/[>=5.4 <6]")
        if self.options.images:
            self.requires("libpng/[>=1.6 <2]")
            self.requires("libjpeg-turbo/[>=3.0 <4]")
        if self.options.eigen:
            self.requires("eigen/3.4.0", headers=True, libs=False)

    def generate(self):
        toolchain = CMakeToolchain(self)
        # MPI is no package of Conan's that this recipe asks for; the system's is not taken unasked.
        off = ("BUILD_APPS", "BUILD_TESTS", "BUILD_BENCH", "CSV", "DOWNLOAD", "CUDA", "MPI",
               "WERROR")
        for name in off:
            toolchain.cache_variables["PLASTIC_" + name] = "OFF"
        for name in ("zlib", "lzma", "images", "eigen"):
            wanted = "ON" if self.options.get_safe(name) else "OFF"
            toolchain.cache_variables["PLASTIC_" + name.upper()] = wanted
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()

    def package_info(self):
        self.cpp_info.libs = ["plastic"]
        self.cpp_info.set_property("cmake_file_name", "plastic")
        self.cpp_info.set_property("cmake_target_name", "plastic::plastic")
        if self.settings.os in ("Linux", "FreeBSD"):
            self.cpp_info.system_libs = ["pthread"]
            if not self.options.shared:
                # As the CMake package does (PLASTIC_GC_SECTIONS).
                self.cpp_info.exelinkflags = ["-Wl,--gc-sections"]
                self.cpp_info.sharedlinkflags = ["-Wl,--gc-sections"]

#include "cuda/runtime/loaded_library.h"

#include <sstream>
#include <vector>

namespace plastic::cuda {
namespace {

void* open_library(const std::string& name, std::string& error) {
  std::vector<std::string> paths = {name};
  std::istringstream folders(PLASTIC_CUDA_LIBRARY_FOLDERS);
  for (std::string folder; std::getline(folders, folder, ':');) {
    folder += "/";
    paths.push_back(folder + name);
  }
  for (const std::string& path : paths) {
    if (void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    // The first says what was wrong with the name that the system knows.
    if (error.empty()) error = dlerror();
  }
  return nullptr;
}

}  // namespace

LoadedLibrary::LoadedLibrary(const char* name, int major)
    : name_(std::string(name) + "." + std::to_string(major)),
      handle_(open_library(name_, error_)) {}

}  // namespace plastic::cuda

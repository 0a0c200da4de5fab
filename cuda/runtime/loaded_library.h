#pragma once

#include <dlfcn.h>

#include <string>

namespace plastic::cuda {

/// One of NVIDIA's libraries, and the functions found in it so far. It stays loaded.
class LoadedLibrary {
 public:
  /// Looks for "name.major" where the system's loader looks, then in the folders that were found
  /// when Plastic was configured.
  LoadedLibrary(const char* name, int major);

  template <class Function>
  void find(const char* function, Function& out) {
    if (!error().empty()) return;
    out = reinterpret_cast<Function>(dlsym(handle_, function));
    if (out == nullptr) missing_ = name_ + " has no function " + function;
  }

  /// Empty when all was found.
  const std::string& error() const { return handle_ == nullptr ? error_ : missing_; }

 private:
  std::string name_;
  std::string error_;
  std::string missing_;
  void* handle_;
};

/// The functions of a library, and why they cannot be called; empty where they can.
template <class Functions>
struct Loaded {
  Functions functions{};
  std::string error;

  /// find(library, functions) finds each of them.
  template <class Find>
  Loaded(const char* name, int major, Find&& find) {
    LoadedLibrary library(name, major);
    find(library, functions);
    error = library.error();
  }
};

}  // namespace plastic::cuda

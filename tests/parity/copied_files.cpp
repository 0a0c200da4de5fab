// Reads a file of NumPy (.npy, .npz) or of safetensors and writes what it holds to another, for
// files.py. usage: plastic_copied_files IN OUT; an archive whose name has "deflated" in it is.
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>

#include "plastic/core/safetensors.h"
#include "plastic/data/numpy.h"

namespace {

using namespace plastic;

void copy_file(const std::filesystem::path& in, const std::filesystem::path& out) {
  if (in.extension() == ".npy") {
    data::save_npy(out, data::load_npy(in));
  } else if (in.extension() == ".npz") {
    data::save_npz(out, data::load_npz(in),
                   {.compress = out.string().find("deflated") != std::string::npos});
  } else {
    const Safetensors file = load_safetensors(in);
    save_safetensors(out, file.tensors, file.metadata);
  }
}

}  // namespace

int main(int count, char** values) {
  if (count != 3) {
    std::cerr << "usage: plastic_copied_files IN OUT\n";
    return 2;
  }
  try {
    copy_file(values[1], values[2]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}

#include "plastic/data/numpy.h"

#include <array>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/check.h"
#include "core/io/atomic_file.h"
#include "core/io/json_text.h"
#include "core/tensor/tensor_impl.h"
#include "data/numpy/npy_stream.h"
#include "data/numpy/zip_archive.h"

namespace plastic::data {
namespace {

constexpr std::string_view ending = ".npy";
constexpr std::size_t max_name = 0xFFFF;

std::string_view bytes_of(const Tensor& elements) {
  const auto size = static_cast<std::size_t>(elements.numel()) * size_of(elements.dtype());
  return {static_cast<const char*>(memory(elements)), size};
}

}  // namespace

Tensor load_npy(const std::filesystem::path& path) {
  return read_npy(path.string(), *open_bytes("npy", path));
}

void save_npy(const std::filesystem::path& path, const Tensor& tensor) {
  const std::string header = npy_header(path.string(), tensor);
  const Tensor elements = npy_elements(tensor);
  const std::array<std::string_view, 2> parts = {header, bytes_of(elements)};
  write_file_atomically("npy", path, parts);
}

StateDict load_npz(const std::filesystem::path& path) {
  ZipReader archive(path);
  StateDict arrays;
  std::unordered_set<std::string> names;
  for (const ZipEntry& entry : archive.entries()) {
    if (!entry.name.ends_with(ending)) {
      fail("npz", path.string(), ": holds \"", entry.name, "\", which is not an array (.npy)");
    }
    std::string name = entry.name.substr(0, entry.name.size() - ending.size());
    if (!is_utf8(name)) fail("npz", path.string(), ": the name of an array is not UTF-8");
    if (!names.insert(name).second) fail("npz", path.string(), ": holds \"", name, "\" twice");
    const Tensor array = read_npy(path.string() + ": " + entry.name, *archive.open(entry));
    arrays.push_back({std::move(name), array});
  }
  return arrays;
}

void save_npz(const std::filesystem::path& path, const StateDict& arrays,
              const NpzOptions& options) {
  ZipWriter archive(path.string());
  std::unordered_set<std::string> names;
  std::vector<std::unique_ptr<std::string>> headers;
  std::vector<Tensor> elements;
  for (const NamedTensor& entry : arrays) {
    if (entry.name.empty() || !is_utf8(entry.name) || !names.insert(entry.name).second ||
        entry.name.size() > max_name - ending.size()) {
      fail("npz", path.string(), ": an array cannot be called \"", entry.name,
           "\": names are UTF-8, neither empty nor given twice, and shorter than 64 KiB");
    }
    headers.push_back(
        std::make_unique<std::string>(npy_header(path.string() + ": " + entry.name, entry.tensor)));
    elements.push_back(npy_elements(entry.tensor));
    archive.add(entry.name + std::string(ending),
                options.compress ? ZipMethod::deflated : ZipMethod::stored,
                {*headers.back(), bytes_of(elements.back())});
  }
  write_file_atomically("npz", path, archive.finish());
}

}  // namespace plastic::data

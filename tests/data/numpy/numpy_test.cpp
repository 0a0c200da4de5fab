#include "plastic/data/numpy.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "tests/support/temporary_folder.h"

// NumPy itself is asked in tests/parity/files.py.
namespace plastic {
namespace {

namespace fs = std::filesystem;

using test::TemporaryFolder;

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// An array of version 1.0 with this header.
std::string npy(const std::string& header, const std::string& elements) {
  std::string bytes = "\x93NUMPY";
  bytes += '\x01';
  bytes += '\0';
  bytes += static_cast<char>(header.size());
  bytes += static_cast<char>(header.size() >> 8U);
  return bytes + header + elements;
}

std::string header_of(const std::string& descr, const std::string& shape,
                      const std::string& fortran_order = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran_order + ", 'shape': " + shape +
         ", }\n";
}

struct Files {
  TemporaryFolder folder;
  fs::path path = folder.path() / "x.npy";
  fs::path archive = folder.path() / "x.npz";

  Tensor read(const std::string& bytes) const {
    write(path, bytes);
    return data::load_npy(path);
  }
  template <class Load>
  std::string refusal_of(const Load& load) const {
    try {
      load();
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was refused";
  }
  std::string refusal(const std::string& bytes) const {
    const std::string message = refusal_of([&] { read(bytes); });
    CHECK(message.find(path.string()) != std::string::npos);
    return message;
  }
  std::string archive_refusal(const std::string& bytes) const {
    write(archive, bytes);
    const std::string message = refusal_of([&] { data::load_npz(archive); });
    CHECK(message.find(archive.string()) != std::string::npos);
    return message;
  }
};

bool contains(const std::string& text, const std::string& part) {
  CAPTURE(text);
  CAPTURE(part);
  return text.find(part) != std::string::npos;
}

TEST_CASE("data.numpy.written_bytes") {
  const Files files;
  data::save_npy(files.path, Tensor::of({1, 2, 3}, {3}));
  const std::string bytes = bytes_of(files.path);
  CHECK(bytes.size() == 128 + 12);
  CHECK(bytes.substr(0, 10) == std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  CHECK(bytes.substr(10, 57) == "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }");
  CHECK(bytes[127] == '\n');
  data::save_npy(files.path, Tensor::full({2, 0}, 1, {.dtype = DType::i64}));
  CHECK(contains(bytes_of(files.path), "'<i8', 'fortran_order': False, 'shape': (2, 0), }"));
  data::save_npy(files.path, Tensor::full({}, 1, {.dtype = DType::f64}));
  CHECK(contains(bytes_of(files.path), "'<f8', 'fortran_order': False, 'shape': (), }"));
  // As f4, exactly; a view as what it shows.
  const Tensor half = Tensor::of({1.5F, -3, 0, 7}, {2, 2}).to(DType::bf16).transpose(0, 1);
  data::save_npy(files.path, half);
  const Tensor back = data::load_npy(files.path);
  CHECK(back.dtype() == DType::f32);
  CHECK(back.to_vector<float>() == std::vector<float>{1.5F, 0, -3, 7});
}

TEST_CASE("data.numpy.types_and_orders") {
  const Files files;
  const Tensor swapped =
      files.read(npy(header_of(">i2", "(2,)"), std::string("\xFF\xFE\x01\x02", 4)));
  CHECK(swapped.to_vector<std::int64_t>() == std::vector<std::int64_t>{-2, 258});
  // 1, -2, the least number above 0, infinity.
  const Tensor half =
      files.read(npy(header_of("<f2", "(4,)"), std::string("\x00\x3C\x00\xC0\x01\x00\x00\x7C", 8)));
  CHECK(half.to_vector<float>()[0] == 1);
  CHECK(half.to_vector<float>()[1] == -2);
  CHECK(half.to_vector<float>()[2] == 0x1p-24F);
  CHECK(half.to_vector<float>()[3] > 1e38F);
  const Tensor flags = files.read(npy(header_of("|b1", "(3,)"), std::string("\x00\x01\x01", 3)));
  CHECK(flags.dtype() == DType::u8);
  CHECK(flags.to_vector<std::uint8_t>() == std::vector<std::uint8_t>{0, 1, 1});
  const Tensor turned =
      files.read(npy(header_of("|u1", "(2, 3)", "True"), std::string("\0\1\2\3\4\5", 6)));
  CHECK(turned.shape() == Shape{2, 3});
  CHECK(turned.is_contiguous());
  CHECK(turned.to_vector<std::uint8_t>() == std::vector<std::uint8_t>{0, 2, 4, 1, 3, 5});
  // Python 2's long sizes, and keys in another order.
  CHECK(files.read(npy("{\"shape\": (2L,), \"fortran_order\": False, \"descr\": \"|u1\"}", "ab"))
            .shape() == Shape{2});
}

TEST_CASE("data.numpy.refuses_by_name") {
  const Files files;
  CHECK(contains(files.refusal(""), "begins with \\x93NUMPY"));
  CHECK(contains(files.refusal("\x93NUMPY\x04\x01zzzz"), "version 4.1"));
  CHECK(contains(files.refusal(npy(header_of("<c8", "(1,)"), "12345678")), "'<c8'"));
  CHECK(contains(files.refusal(npy("{'descr': [('a', '<f4')], }", "")), "records"));
  CHECK(contains(files.refusal(npy(header_of("<f4", "(3,)"), "12345678")),
                 "ends within its elements"));
  CHECK(contains(files.refusal(npy(header_of("<f4", "(1,)"), "12345678")), "something follows"));
  CHECK(contains(files.refusal(npy(header_of("<f4", "(4294967296, 4)"), "")),
                 "more than the file holds"));
  CHECK(contains(files.refusal(npy(header_of("<f4", "(0, 9223372036854775807, 3)"), "")),
                 "no tensor has"));
  CHECK(contains(files.refusal(npy(header_of("<f4", "(99999999999999999999,)"), "")), "too large"));
  CHECK(contains(files.refusal(npy(header_of("<f4", "(-1,)"), "")), "expected a size"));
  CHECK(contains(files.refusal(npy(header_of("<f4", "(1,1,1,1,1,1,1,1,1)"), "1234")), "8 axes"));
  CHECK(contains(files.refusal(npy("{'descr': '<f4', 'descr': '<f4'}", "")), "given twice"));
  CHECK(contains(files.refusal(npy("{'descr': '<f4', 'shape': (1,)}", "1234")), "needs"));
  CHECK(contains(files.refusal(npy("{'descr': '<f4", "")), "does not end"));
  CHECK(contains(files.refusal(npy("{'description': '<f4'}", "")), "'description'"));
  CHECK(contains(files.refusal(npy(header_of("<f4", "(1,)") + "x", "1234")), "follows"));
  std::string large = npy(header_of("<u8", "(1,)"), "");
  large += std::string("\0\0\0\0\0\0\0\x80", 8);
  CHECK(contains(files.refusal(large), "element 0 is 9223372036854775808"));
  CHECK(contains(files.refusal_of([&] { data::load_npy(files.folder.path()); }), "[npy]"));
  CHECK(contains(files.refusal_of([&] { data::save_npy(files.path, {}); }), "undefined"));
}

TEST_CASE("data.numpy.archives") {
  const Files files;
  const StateDict arrays = {{"weight", Tensor::arange(600).to(DType::f32).reshape({20, 30})},
                            {"a/b", Tensor::arange(3)},
                            {"\xC3\xA4", Tensor::zeros({0, 4}, {.dtype = DType::u8})}};
  data::save_npz(files.archive, arrays);
  const std::string bytes = bytes_of(files.archive);
  data::save_npz(files.archive, arrays);
  CHECK(bytes_of(files.archive) == bytes);
  const StateDict back = data::load_npz(files.archive);
  REQUIRE(back.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(back[i].name == arrays[i].name);
    CHECK(back[i].tensor.shape() == arrays[i].tensor.shape());
    CHECK(back[i].tensor.dtype() == arrays[i].tensor.dtype());
  }
  CHECK(back[0].tensor.to_vector<float>() == arrays[0].tensor.to_vector<float>());
  data::save_npz(files.archive, {});
  CHECK(data::load_npz(files.archive).empty());

  for (const std::string& name : {std::string(), std::string("\xFF")}) {
    CHECK(contains(files.refusal_of([&] {
      data::save_npz(files.archive, {{name, Tensor::zeros({1})}});
    }),
                   "cannot be called"));
  }
  CHECK(contains(files.refusal_of([&] {
    data::save_npz(files.archive, {{"x", Tensor::zeros({1})}, {"x", Tensor::zeros({1})}});
  }),
                 "cannot be called \"x\""));
}

// Whatever byte of an archive is another, it is read as before or refused.
TEST_CASE("data.numpy.damaged_archives") {
  const Files files;
  data::save_npz(files.archive, {{"x", Tensor::arange(4)}, {"y", Tensor::of({1, 2}, {2})}});
  const std::string right = bytes_of(files.archive);
  int read = 0;
  for (std::size_t i = 0; i < right.size(); ++i) {
    std::string damaged = right;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x41);
    write(files.archive, damaged);
    try {
      const StateDict arrays = data::load_npz(files.archive);
      ++read;
      for (const NamedTensor& one : arrays) CHECK(one.tensor.numel() <= 4);
    } catch (const Error& error) {
      CHECK(contains(error.what(), files.archive.string()));
    }
  }
  // Times, versions and attributes are not looked at.
  CHECK(read < 120);
  std::string text = right;
  CHECK(contains(files.archive_refusal(text.substr(0, text.size() - 1)), "is not an archive"));
  CHECK(contains(files.archive_refusal("PK"), "is not an archive"));
  text = right;
  text[text.find("\n") + 5] = 'z';
  CHECK(contains(files.archive_refusal(text), "damaged"));
  text = right;
  for (std::size_t at = 0; (at = text.find("x.npy", at)) != std::string::npos; ++at)
    text[at + 1] = '_';
  CHECK(contains(files.archive_refusal(text), "not an array"));
}

TEST_CASE("data.numpy.compressed_archives") {
  const Files files;
  const StateDict arrays = {{"zeros", Tensor::zeros({100, 100})},
                            {"n", Tensor::arange(1000, {.dtype = DType::i64})}};
  const std::string refused =
      files.refusal_of([&] { data::save_npz(files.archive, arrays, {.compress = true}); });
  if (refused != "nothing was refused") {
    CHECK(contains(refused, "PLASTIC_ZLIB"));
    return;
  }
  CHECK(fs::file_size(files.archive) < 10'000);
  const StateDict back = data::load_npz(files.archive);
  CHECK(back[0].tensor.to_vector<float>() == arrays[0].tensor.to_vector<float>());
  CHECK(back[1].tensor.to_vector<std::int64_t>() == arrays[1].tensor.to_vector<std::int64_t>());
  const std::string right = bytes_of(files.archive);
  for (std::size_t i = 0; i < right.size(); i += 7) {
    std::string damaged = right;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x41);
    write(files.archive, damaged);
    CHECK(contains(files.refusal_of([&] {
      data::load_npz(files.archive);
      throw Error(files.archive.string());
    }),
                   files.archive.string()));
  }
}

}  // namespace
}  // namespace plastic

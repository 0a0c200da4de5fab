#include "plastic/core/safetensors.h"

#include <doctest/doctest.h>
#ifndef _WIN32
#include <sys/stat.h>
#endif

#include <fstream>
#include <iterator>
#include <limits>

#include "plastic/core/error.h"
#include "tests/data/files.h"

using namespace plastic;
using test::contains;
using test::error_of;

namespace {

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

std::string with_length(const std::string& header) {
  std::string bytes;
  for (int shift = 0; shift < 64; shift += 8) {
    bytes += static_cast<char>((std::uint64_t{header.size()} >> shift) & 0xFF);
  }
  return bytes + header;
}

StateDict sample() {
  const std::vector<double> doubles = {0.1, -2.5e300, std::numeric_limits<double>::infinity()};
  const std::vector<std::int64_t> integers = {std::numeric_limits<std::int64_t>::min(), 7};
  const std::vector<std::uint8_t> bytes = {0, 255, 7};
  return {{"bytes", Tensor::from<std::uint8_t>(bytes, {3})},
          {"weight", Tensor::of({1, 2, 3, 4, 5, -0.0F}, {2, 3})},
          {"doubles", Tensor::from<double>(doubles, {3, 1})},
          {"step", Tensor::from<std::int64_t>(integers, {2})},
          {"half", Tensor::of({1, -2.5F, 3e38F}, {3}).to(DType::bf16)},
          {"number", Tensor::of({42}, {})},
          {"nothing", Tensor::of({}, {0, 4})}};
}

bool same(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || !(a.shape() == b.shape())) return false;
  switch (a.dtype()) {
    case DType::f32:
      return a.to_vector<float>() == b.to_vector<float>();
    case DType::f64:
      return a.to_vector<double>() == b.to_vector<double>();
    case DType::i64:
      return a.to_vector<std::int64_t>() == b.to_vector<std::int64_t>();
    case DType::u8:
      return a.to_vector<std::uint8_t>() == b.to_vector<std::uint8_t>();
    case DType::bf16:
      return a.to_vector<float>() == b.to_vector<float>();
  }
  return false;
}

bool same(const StateDict& a, const StateDict& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const NamedTensor& x, const NamedTensor& y) {
                      return x.name == y.name && same(x.tensor, y.tensor);
                    });
}

// What load_safetensors() says to a file of these bytes.
std::string refusal(const std::string& bytes) {
  const test::TemporaryFolder folder;
  write_text(folder / "file", bytes);
  return error_of([&] { load_safetensors(folder / "file"); });
}

}  // namespace

TEST_CASE("core.safetensors.round_trip") {
  const test::TemporaryFolder folder;
  const Metadata metadata = {{"format", "pt"}, {"text", "\"\\\n\t\x01 \xC3\xA9 \xF0\x9F\x98\x80"}};
  save_safetensors(folder / "file", sample(), metadata);
  const Safetensors loaded = load_safetensors(folder / "file");
  CHECK(same(loaded.tensors, sample()));
  CHECK(loaded.metadata == metadata);
  const std::string first = read_text(folder / "file");
  save_safetensors(folder / "file", loaded.tensors, loaded.metadata);
  CHECK(read_text(folder / "file") == first);
}

TEST_CASE("core.safetensors.header_alone") {
  const test::TemporaryFolder folder;
  const auto path = folder / "file";
  save_safetensors(path, sample(), {{"epoch", "3"}});
  const SafetensorsInfo info = read_safetensors_info(path);
  CHECK(info.metadata == Metadata{{"epoch", "3"}});
  const StateDict expected = sample();
  REQUIRE(info.tensors.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(info.tensors[i].name == expected[i].name);
    CHECK(info.tensors[i].dtype == expected[i].tensor.dtype());
    CHECK(info.tensors[i].shape == expected[i].tensor.shape());
  }
  // More than any memory holds, of which the file system keeps nothing.
  constexpr std::uint64_t bytes = std::uint64_t{1} << 42;
  write_text(path, with_length(R"({"a":{"dtype":"U8","shape":[)" + std::to_string(bytes) +
                               R"(],"data_offsets":[0,)" + std::to_string(bytes) + "]}}"));
  std::error_code unable;
  std::filesystem::resize_file(path, std::filesystem::file_size(path) + bytes, unable);
  if (!unable) CHECK(read_safetensors_info(path).tensors.at(0).shape == Shape{1LL << 42});
  write_text(path, "short");
  CHECK(contains(error_of([&] { read_safetensors_info(path); }), {"[safetensors] ", "too few"}));
}

TEST_CASE("core.safetensors.nothing") {
  const test::TemporaryFolder folder;
  save_safetensors(folder / "file", {});
  CHECK(load_safetensors(folder / "file").tensors.empty());
  CHECK(load_safetensors(folder / "file").metadata.empty());
  write_text(folder / "file", with_length("{}"));
  CHECK(load_safetensors(folder / "file").tensors.empty());
}

TEST_CASE("core.safetensors.views") {
  const test::TemporaryFolder folder;
  const Tensor matrix = Tensor::of({1, 2, 3, 4}, {2, 2});
  save_safetensors(folder / "file", {{"t", matrix.transpose(0, 1)}, {"r", matrix.slice(0, 1, 2)}});
  const Safetensors loaded = load_safetensors(folder / "file");
  CHECK(same(loaded.tensors[0].tensor, Tensor::of({1, 3, 2, 4}, {2, 2})));
  CHECK(same(loaded.tensors[1].tensor, Tensor::of({3, 4}, {1, 2})));
}

// The layout that the format prescribes, written out.
TEST_CASE("core.safetensors.layout") {
  const test::TemporaryFolder folder;
  save_safetensors(folder / "file",
                   {{"b", Tensor::from<std::uint8_t>(std::vector<std::uint8_t>{9}, {1})},
                    {"a", Tensor::of({1, -2}, {1, 2})}});
  const std::string bytes = read_text(folder / "file");
  const std::size_t length =
      static_cast<unsigned char>(bytes[0]) + 256U * static_cast<unsigned char>(bytes[1]);
  CHECK(bytes.substr(2, 6) == std::string(6, '\0'));
  CHECK(length % 8 == 0);
  REQUIRE(bytes.size() == 8 + length + 9);
  CHECK(contains(bytes.substr(8, length),
                 {R"("b":{"dtype":"U8","shape":[1],"data_offsets":[8,9]})",
                  R"("a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]})",
                  R"("__metadata__":{"plastic.checksum":")"}));
  CHECK(bytes.substr(8 + length) == std::string("\0\0\x80\x3F\0\0\0\xC0\x09", 9));
}

TEST_CASE("core.safetensors.other_writers") {
  const test::TemporaryFolder folder;
  // Any order of keys, blanks, escapes, no metadata of ours.
  write_text(folder / "file",
             with_length("{ \"\\u00e9\\ud83d\\ude00\" : {\"data_offsets\":[4,12],\"shape\":[1],"
                         "\"dtype\":\"I64\"},\n\"__metadata__\":{},"
                         "\"x\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}  ") +
                 std::string("\0\0\x80\x3F\x05\0\0\0\0\0\0\0", 12));
  const Safetensors loaded = load_safetensors(folder / "file");
  REQUIRE(loaded.tensors.size() == 2);
  CHECK(loaded.tensors[0].name == "\xC3\xA9\xF0\x9F\x98\x80");
  CHECK(loaded.tensors[0].tensor.item() == 5);
  CHECK(same(loaded.tensors[1].tensor, Tensor::of({1}, {})));
}

TEST_CASE("core.safetensors.truncated") {
  const test::TemporaryFolder folder;
  save_safetensors(folder / "file", sample(), {{"k", "v"}});
  const std::string whole = read_text(folder / "file");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(refusal(whole.substr(0, size)).starts_with("[safetensors] "));
  }
  CHECK(contains(refusal(whole + "x"), {"the tensors end at byte"}));
}

TEST_CASE("core.safetensors.flipped") {
  const test::TemporaryFolder folder;
  const Metadata metadata = {{"k", "v\n"}};
  save_safetensors(folder / "file", sample(), metadata);
  const std::string whole = read_text(folder / "file");
  int refused = 0;
  for (std::size_t i = 0; i < 8 * whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << (i % 8)));
    write_text(folder / "file", damaged);
    try {
      const Safetensors loaded = load_safetensors(folder / "file");
      CAPTURE(i);
      CHECK(same(loaded.tensors, sample()));
    } catch (const Error& error) {
      ++refused;
      CHECK(std::string_view(error.what()).starts_with("[safetensors] "));
    }
  }
  CHECK(refused > static_cast<int>(7 * whole.size()));
}

TEST_CASE("core.safetensors.hostile_lengths") {
  CHECK(contains(refusal(""), {"0 bytes", "too few"}));
  CHECK(contains(refusal(std::string(8, '\xFF')), {"the format allows 100000000"}));
  CHECK(contains(refusal(std::string("\xFF\xFF\0\0\0\0\0\0{}", 10)), {"only 2 are left"}));
  CHECK(contains(refusal(std::string(8, '\0')), {"does not begin with {"}));
}

TEST_CASE("core.safetensors.no_file") {
  const test::TemporaryFolder folder;
  CHECK(contains(error_of([&] { load_safetensors(folder / "none"); }),
                 {"[safetensors] ", "none: cannot open: No such file"}));
  CHECK(contains(error_of([&] { load_safetensors(folder.path()); }), {"is not a file"}));
#ifndef _WIN32
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(contains(error_of([&] { load_safetensors(folder / "pipe"); }), {"is not a file"}));
#endif
}

TEST_CASE("core.safetensors.refuses_to_write") {
  const test::TemporaryFolder folder;
  const Tensor one = Tensor::of({1}, {1});
  const auto refused = [&](const StateDict& tensors, const Metadata& metadata) {
    return error_of([&] { save_safetensors(folder / "file", tensors, metadata); });
  };
  CHECK(contains(refused({{"a", one}, {"a", one}}, {}), {"\"a\" is taken"}));
  CHECK(contains(refused({{"__metadata__", one}}, {}), {"is taken"}));
  CHECK(contains(refused({{"a", {}}}, {}), {"\"a\" is undefined"}));
  CHECK(contains(refused({{"\xFF", one}}, {}), {"not UTF-8"}));
  CHECK(contains(refused({{"a", one}}, {{"k", "\xC0\x80"}}), {"not UTF-8"}));
  CHECK(contains(refused({{"a", one}}, {{"plastic.checksum", "0"}}), {"taken"}));
  CHECK_FALSE(std::filesystem::exists(folder / "file"));
  CHECK(contains(error_of([&] {
                   save_safetensors("/nowhere/file", {{"a", one}});
                 }),
                 {"[safetensors] /nowhere/file", "No such file"}));
}

#include <doctest/doctest.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>

#include "plastic/plastic.h"
#include "tests/support/temporary_folder.h"

// What ONNX Runtime makes of the files is checked in tests/parity/onnx_export.py.
namespace plastic {
namespace {

namespace fs = std::filesystem;

using nn::ModulePtr;
using test::TemporaryFolder;

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::uint64_t take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    REQUIRE(!bytes.empty());
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
}

/// The values of a message's fields by their numbers: those of length as they are, integers as
/// text, f32 as its bytes.
std::multimap<std::uint64_t, std::string> fields_of(std::string_view bytes) {
  std::multimap<std::uint64_t, std::string> fields;
  while (!bytes.empty()) {
    const std::uint64_t key = take_varint(bytes);
    if (key % 8 == 0) {
      fields.emplace(key / 8, std::to_string(static_cast<std::int64_t>(take_varint(bytes))));
      continue;
    }
    REQUIRE((key % 8 == 2 || key % 8 == 5));
    const auto size = static_cast<std::size_t>(key % 8 == 2 ? take_varint(bytes) : 4);
    REQUIRE(size <= bytes.size());
    fields.emplace(key / 8, bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return fields;
}

std::vector<std::string> all_of(const std::string& message, std::uint64_t field) {
  const auto fields = fields_of(message);
  std::vector<std::string> found;
  for (auto [at, end] = fields.equal_range(field); at != end; ++at) found.push_back(at->second);
  return found;
}

std::string one_of(const std::string& message, std::uint64_t field) {
  const std::vector<std::string> found = all_of(message, field);
  REQUIRE(found.size() == 1);
  return found.front();
}

/// "Gemm Relu": the operators of the graph, and the names of its initializers.
struct Graph {
  std::string operators, weights;
};

Graph graph_in(const fs::path& path) {
  const std::string graph = one_of(bytes_of(path), 7);
  Graph read;
  for (const std::string& node : all_of(graph, 1)) read.operators += one_of(node, 4) + " ";
  for (const std::string& weight : all_of(graph, 5)) read.weights += one_of(weight, 8) + " ";
  return read;
}

std::string refusal(nn::Module& network, const nn::OnnxOptions& options) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "network.onnx";
  std::string message = "nothing was refused";
  try {
    save_onnx(path, network, options);
  } catch (const Error& error) {
    message = error.what();
  }
  CHECK(!fs::exists(path));
  return message;
}

ModulePtr in_sequence(const ModulePtr& layer) {
  const auto network = std::make_shared<nn::Sequential>(
      std::initializer_list<ModulePtr>{std::make_shared<nn::Identity>(), layer});
  network->eval();
  return network;
}

class Twice : public nn::Module {
 public:
  Tensor forward(const Tensor& x) override { return mul(x, 2); }
};

class OwnLinear : public nn::Linear {
 public:
  OwnLinear() : Linear(3, 3) {}
  Tensor forward(const Tensor& x) override { return mul(Linear::forward(x), 2); }
};

class Summed : public nn::Module {
 public:
  Tensor forward(const Tensor& x) override { return sum(x, {0}); }
  nn::OnnxValue to_onnx(nn::OnnxGraph& graph, const nn::OnnxValue& x) override {
    return graph.add("ReduceSum", {x});
  }
};

TEST_CASE("nn.onnx.file_of_a_model") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "mlp.onnx";
  const auto network = nn::mlp({.inputs = 4, .hidden = {3}, .classes = 2});
  network->eval();
  save_onnx(
      path, *network,
      {.sample = {1, 2, 2}, .input_name = "pixels", .metadata = {{"classes", "[\"a\", \"b\"]"}}});
  const std::string model = bytes_of(path);
  CHECK(one_of(model, 1) == "8");
  CHECK(one_of(one_of(model, 8), 2) == "17");
  const std::string entry = one_of(model, 14);
  CHECK(one_of(entry, 1) == "classes");
  CHECK(one_of(entry, 2) == "[\"a\", \"b\"]");
  const Graph graph = graph_in(path);
  CHECK(graph.operators == "Flatten Gemm Relu Gemm ");
  CHECK(graph.weights == "1.weight 1.bias 4.weight 4.bias ");

  const std::string whole = one_of(model, 7);
  const std::string input = one_of(whole, 11);
  CHECK(one_of(input, 1) == "pixels");
  const std::string type = one_of(one_of(input, 2), 1);
  CHECK(one_of(type, 1) == "1");
  const std::vector<std::string> dims = all_of(one_of(type, 2), 1);
  REQUIRE(dims.size() == 4);
  CHECK(one_of(dims[0], 2) == "batch");
  CHECK(one_of(dims[1], 1) == "1");
  CHECK(one_of(dims[3], 1) == "2");
  CHECK(one_of(one_of(whole, 12), 1) == "output");

  const std::string weight = all_of(whole, 5).front();
  CHECK(all_of(weight, 1) == std::vector<std::string>{"3", "4"});
  std::vector<float> values(12);
  const std::string raw = one_of(weight, 9);
  REQUIRE(raw.size() == 48);
  std::memcpy(values.data(), raw.data(), raw.size());
  CHECK(values == find(network->state_dict(), "1.weight", "test").to_vector<float>());
}

TEST_CASE("nn.onnx.names_are_unique") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "shared.onnx";
  const auto shared = std::make_shared<nn::Linear>(3, 3);
  const auto network = in_sequence(std::make_shared<nn::Sequential>(
      std::initializer_list<ModulePtr>{shared, std::make_shared<nn::Tanh>(), shared}));
  save_onnx(path, *network, {.sample = {3}, .input_name = "1.0.weight"});
  const Graph graph = graph_in(path);
  CHECK(graph.operators == "Gemm Tanh Gemm ");
  // A tensor that stands in two places is written once.
  CHECK(graph.weights == "1.0.weight_2 1.0.bias ");
  save_onnx(path, *in_sequence(std::make_shared<nn::Dropout>()), {.sample = {3}});
  CHECK(graph_in(path).operators == "Identity ");
}

TEST_CASE("nn.onnx.the_network_stays_as_it_is") {
  const TemporaryFolder folder;
  const auto network = nn::small_cnn({.height = 8, .width = 8});
  network->eval();
  const StateDict before = network->state_dict();
  const Generator random = default_generator();
  save_onnx(folder.path() / "a.onnx", *network, {.sample = {3, 8, 8}});
  CHECK(default_generator().offset == random.offset);
  for (const NamedTensor& entry : before)
    CHECK(entry.tensor.version() == find(network->state_dict(), entry.name, "test").version());
  save_onnx(folder.path() / "b.onnx", *network, {.sample = {3, 8, 8}});
  CHECK(bytes_of(folder.path() / "a.onnx") == bytes_of(folder.path() / "b.onnx"));
}

TEST_CASE("nn.onnx.refuses_by_name") {
  CHECK(refusal(*in_sequence(std::make_shared<Twice>()), {.sample = {3}}) ==
        "[onnx] layer \"1\": its class does not say what it is in ONNX; override to_onnx() "
        "(plastic/nn/onnx.h)");
  CHECK(refusal(*in_sequence(std::make_shared<OwnLinear>()), {.sample = {3}}) ==
        "[onnx] layer \"1\": it is of a class derived from Linear, whose forward() may compute "
        "something else; override to_onnx() (plastic/nn/onnx.h)");
  CHECK(refusal(*in_sequence(std::make_shared<nn::BatchNorm1d>(
                    3, nn::BatchNormOptions{.track_running_stats = false})),
                {.sample = {3}}) ==
        "[onnx] layer \"1\": BatchNorm keeps no running statistics, so its results depend on the "
        "batch");
  nn::Residual wider(std::make_shared<nn::Linear>(1, 3));
  wider.eval();
  CHECK(refusal(wider, {.sample = {1}}) ==
        "[onnx] the network: the inner module turns (2, 1) into (2, 3); it must keep the shape");
  nn::AvgPool2d reaching({.kernel = {2, 2}, .ceil_mode = true});
  reaching.eval();
  CHECK(refusal(reaching, {.sample = {1, 3, 4}}).starts_with("[onnx] the network: AvgPool2d with"));
  nn::Linear training(3, 3);
  CHECK(refusal(training, {.sample = {3}}) ==
        "[onnx] the network: it is in training mode; call eval() of the network first");
  training.eval();
  // The layer's own message.
  CHECK(refusal(training, {.sample = {4}}).find("[linear]") == 0);
  CHECK(refusal(*in_sequence(std::make_shared<Summed>()), {.sample = {3}}) ==
        "[onnx] the network makes (3,) of (2, 3); the first axis must stay the batch");
  CHECK(refusal(training, {.sample = {3}, .input_dtype = DType::bf16}).find("bf16") !=
        std::string::npos);
  CHECK(refusal(training, {.sample = {3}, .output_name = "input"}).find("two names") !=
        std::string::npos);
  CHECK(refusal(training, {.sample = {3}, .metadata = {{"a", "\xFF"}}}).find("is not UTF-8") !=
        std::string::npos);
}

}  // namespace
}  // namespace plastic

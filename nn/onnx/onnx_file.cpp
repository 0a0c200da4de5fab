#include <algorithm>
#include <bit>
#include <utility>

#include "core/check.h"
#include "core/io/atomic_file.h"
#include "core/io/json_text.h"
#include "core/io/protobuf.h"
#include "nn/onnx/graph_contents.h"
#include "plastic/core/autograd.h"
#include "plastic/nn/saved_classifier.h"

// Elements go to the file as they are; the format has the least significant byte first.
static_assert(std::endian::native == std::endian::little);

namespace plastic::nn {
namespace {

using namespace protobuf;

constexpr const char* op = "onnx";
/// What a message of Protocol Buffers can hold.
constexpr std::uint64_t max_bytes = (std::uint64_t{1} << 31U) - 1;
/// How many samples the example has, which the file's batch does not.
constexpr std::int64_t example_batch = 2;

// The numbers of fields, by message, as in onnx.proto.
namespace model {
constexpr std::uint64_t ir_version = 1, producer_name = 2, graph = 7, opset_import = 8,
                        metadata_props = 14;
}
namespace opset {
constexpr std::uint64_t version = 2;
}
namespace graph {
constexpr std::uint64_t node = 1, name = 2, initializer = 5, input = 11, output = 12;
}
namespace node {
constexpr std::uint64_t input = 1, output = 2, name = 3, op_type = 4, attribute = 5;
}
namespace attribute {
constexpr std::uint64_t name = 1, f = 2, i = 3, s = 4, ints = 8, type = 20;
constexpr std::int64_t real = 1, integer = 2, text = 3, integers = 7;
}  // namespace attribute
namespace tensor {
constexpr std::uint64_t dims = 1, data_type = 2, name = 8, raw_data = 9;
}
namespace value_info {
constexpr std::uint64_t name = 1, type = 2;
}
namespace type {
constexpr std::uint64_t tensor_type = 1, elem_type = 1, shape = 2;
}
namespace shape {
constexpr std::uint64_t dim = 1, dim_value = 1, dim_param = 2;
}
namespace entry {
constexpr std::uint64_t key = 1, value = 2;
}

std::int64_t data_type_of(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return 1;
    case DType::u8:
      return 2;
    case DType::i64:
      return 7;
    case DType::f64:
      return 11;
    case DType::bf16:
      return 16;
  }
  return 0;
}

std::string print(const OnnxAttribute& one) {
  std::string bytes = bytes_field(attribute::name, one.name);
  if (const auto* integer = std::get_if<std::int64_t>(&one.value)) {
    return bytes + integer_field(attribute::i, *integer) +
           integer_field(attribute::type, attribute::integer);
  }
  if (const auto* real = std::get_if<double>(&one.value)) {
    return bytes + float_field(attribute::f, static_cast<float>(*real)) +
           integer_field(attribute::type, attribute::real);
  }
  if (const auto* text = std::get_if<std::string>(&one.value)) {
    return bytes + bytes_field(attribute::s, *text) +
           integer_field(attribute::type, attribute::text);
  }
  for (const std::int64_t integer : std::get<std::vector<std::int64_t>>(one.value)) {
    bytes += integer_field(attribute::ints, integer);
  }
  return bytes + integer_field(attribute::type, attribute::integers);
}

std::string print(const OnnxNode& one) {
  std::string bytes;
  for (const std::string& input : one.inputs) bytes += bytes_field(node::input, input);
  bytes += bytes_field(node::output, one.output) + bytes_field(node::name, one.output) +
           bytes_field(node::op_type, one.operation);
  for (const OnnxAttribute& each : one.attributes) {
    bytes += bytes_field(node::attribute, print(each));
  }
  return bytes;
}

/// `batched` has the shape of the value for `example_batch` samples.
std::string print_value(const std::string& name, const Tensor& batched) {
  std::string dims = bytes_field(shape::dim, bytes_field(shape::dim_param, "batch"));
  for (std::int64_t axis = 1; axis < batched.rank(); ++axis) {
    dims += bytes_field(shape::dim, integer_field(shape::dim_value, batched.size(axis)));
  }
  const std::string type = integer_field(type::elem_type, data_type_of(batched.dtype())) +
                           bytes_field(type::shape, dims);
  return bytes_field(value_info::name, name) +
         bytes_field(value_info::type, bytes_field(type::tensor_type, type));
}

/// A TensorProto but for its elements, which follow.
std::string print_head(const NamedTensor& weight, std::uint64_t size) {
  std::string bytes;
  for (const std::int64_t length : weight.tensor.shape()) {
    bytes += integer_field(tensor::dims, length);
  }
  return bytes + integer_field(tensor::data_type, data_type_of(weight.tensor.dtype())) +
         bytes_field(tensor::name, weight.name) + bytes_head(tensor::raw_data, size);
}

std::string_view bytes_of(const Tensor& values) {
  const auto size = static_cast<std::size_t>(values.numel()) * size_of(values.dtype());
  return {static_cast<const char*>(memory(values)), size};
}

/// The graph with its result under the name that it is to have.
void name_result(std::vector<OnnxNode>& nodes, const std::string& result,
                 const std::string& output) {
  const auto made = std::ranges::find(nodes, result, &OnnxNode::output);
  if (made == nodes.end()) {
    // The input itself, or a constant.
    nodes.push_back({.operation = "Identity", .inputs = {result}, .output = output});
    return;
  }
  for (OnnxNode& each : nodes) {
    if (each.output == result) each.output = output;
    std::ranges::replace(each.inputs, result, output);
  }
}

void check_options(const OnnxOptions& options) {
  if (options.input_name.empty() || options.output_name.empty() ||
      options.input_name == options.output_name) {
    fail(op, "the input is called \"", options.input_name, "\" and the output \"",
         options.output_name, "\"; give them two names");
  }
  if (options.input_dtype == DType::bf16) {
    fail(op, "the input is bf16, which the network's weights are not; give f32");
  }
}

Tensor example_of(const Module& network, const OnnxOptions& options) {
  Shape batched = options.sample;
  batched.insert(0, example_batch);
  const std::vector<Tensor> parameters = network.parameters();
  return Tensor::zeros(batched,
                       {.dtype = options.input_dtype,
                        .device = parameters.empty() ? Device{} : parameters.front().device()});
}

/// The file in parts, of which `texts` and `values` own the memory.
class Parts {
 public:
  void add(std::string text) {
    size_ += text.size();
    texts_.push_back(std::make_unique<std::string>(std::move(text)));
    views_.emplace_back(*texts_.back());
  }
  void add(const Tensor& values) {
    values_.push_back(values);
    views_.push_back(bytes_of(values));
    size_ += views_.back().size();
  }
  std::uint64_t size() const { return size_; }
  const std::vector<std::string_view>& views() const { return views_; }

 private:
  std::vector<std::unique_ptr<std::string>> texts_;
  std::vector<Tensor> values_;
  std::vector<std::string_view> views_;
  std::uint64_t size_ = 0;
};

}  // namespace

void save_onnx(const std::filesystem::path& path, Module& network, const OnnxOptions& options) {
  check_options(options);
  const NoGrad no_grad;
  OnnxGraph written(network, options);
  const Tensor input = example_of(network, options);
  const OnnxValue result = written.call(network, {.name = options.input_name, .example = input});
  if (result.example.rank() < 1 || result.example.size(0) != example_batch) {
    fail(op, "the network makes ", to_string(result.example.shape()), " of ",
         to_string(input.shape()), "; the first axis must stay the batch");
  }
  OnnxGraph::Contents& contents = *written.contents_;
  name_result(contents.nodes, result.name, options.output_name);

  std::string rest;
  for (const OnnxNode& each : contents.nodes) rest += bytes_field(graph::node, print(each));
  rest += bytes_field(graph::name, "plastic") +
          bytes_field(graph::input, print_value(options.input_name, input)) +
          bytes_field(graph::output, print_value(options.output_name, result.example));
  Parts body;
  for (const NamedTensor& each : contents.weights) {
    const Tensor values = each.tensor.detach().to(Device{}).contiguous();
    const std::uint64_t size = bytes_of(values).size();
    const std::string head = print_head({each.name, values}, size);
    body.add(bytes_head(graph::initializer, head.size() + size) + head);
    body.add(values);
  }
  body.add(std::move(rest));

  std::string head = integer_field(model::ir_version, onnx_ir_version) +
                     bytes_field(model::producer_name, "plastic") +
                     bytes_field(model::opset_import, integer_field(opset::version, onnx_opset));
  for (const auto& [key, value] : options.metadata) {
    if (!is_utf8(key) || !is_utf8(value)) {
      fail(op, path.string(), ": the metadata of \"", key, "\" is not UTF-8");
    }
    head += bytes_field(model::metadata_props,
                        bytes_field(entry::key, key) + bytes_field(entry::value, value));
  }
  head += bytes_head(model::graph, body.size());
  if (head.size() + body.size() > max_bytes) {
    fail(op, path.string(), ": the network has ", body.size(), " bytes; ONNX files hold ",
         max_bytes, ": keep it as safetensors");
  }
  std::vector<std::string_view> all = {head};
  all.insert(all.end(), body.views().begin(), body.views().end());
  write_file_atomically(op, path, all);
}

void save_onnx(const std::filesystem::path& path, const SavedClassifier& classifier) {
  const auto number = [](float value) { return json_number(value); };
  save_onnx(path, *classifier.network,
            {.sample = {classifier.channels, classifier.height, classifier.width},
             .metadata = {{"model", classifier.model},
                          {"data", classifier.data},
                          {"epoch", std::to_string(classifier.epoch)},
                          {"classes", json_list(classifier.class_names, repaired_json_string)},
                          {"mean", json_list(classifier.mean, number)},
                          {"deviation", json_list(classifier.deviation, number)}}});
}

}  // namespace plastic::nn

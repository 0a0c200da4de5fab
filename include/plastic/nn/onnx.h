#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "plastic/core/dtype.h"
#include "plastic/core/shape.h"
#include "plastic/core/tensor.h"
#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

struct SavedClassifier;

/// What is said of the network in its file.
struct OnnxOptions {
  /// The shape of one sample: that of the network's input without the axis of the batch, which is
  /// symbolic in the file ("batch").
  Shape sample;
  /// That of the input; i64 for a network that begins with an Embedding.
  DType input_dtype = DType::f32;
  /// The name of the network's input.
  std::string input_name = "input";
  /// The name of its result.
  std::string output_name = "output";
  /// Text by name, kept in the file as the model's metadata.
  std::map<std::string, std::string> metadata = {};
};

/// The version of ONNX's operator set that files are written in.
inline constexpr std::int64_t onnx_opset = 17;
/// The version of the format.
inline constexpr std::int64_t onnx_ir_version = 8;

/// Writes the network as an ONNX model (onnx.ai), to be run by ONNX Runtime and others: what it
/// computes in evaluation mode, for batches of any size, its parameters and buffers as initializers
/// under the names of state_dict(). The network runs once on two samples of zeros, from which
/// shapes follow. The file is replaced as a whole. Throws Error, writing nothing, naming the layer
/// for a network in training mode and for a layer that has no form in ONNX: a class of one's own,
/// derived classes included, which does not override Module::to_onnx(), or a normalisation without
/// running statistics; and for a network of more than the 2 GiB that the format can hold.
void save_onnx(const std::filesystem::path& path, Module& network, const OnnxOptions& options);

/// The same for the network of a run, with its metadata: "model", "data" and "epoch" as text,
/// "classes" (names), "mean" and "deviation" (numbers per channel) as JSON arrays. The input is
/// normalised as SavedClassifier says; the output are logits.
void save_onnx(const std::filesystem::path& path, const SavedClassifier& classifier);

// For modules of one's own, which override Module::to_onnx():
//   nn::OnnxValue Swish::to_onnx(nn::OnnxGraph& graph, const nn::OnnxValue& x) override {
//     return graph.add("Mul", {x, graph.add("Sigmoid", {x})});
//   }

/// A tensor in the graph that is being written.
struct OnnxValue {
  /// In the file.
  std::string name;
  /// What it is for two samples of zeros; undefined if that was not computed.
  Tensor example = {};
};

/// An attribute of an operator; ONNX keeps real numbers as f32.
struct OnnxAttribute {
  /// As ONNX calls it.
  std::string name;
  /// An integer, a real number, a text or integers.
  std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>> value;
};

/// A graph that is being written.
class OnnxGraph {
 public:
  ~OnnxGraph();
  OnnxGraph(const OnnxGraph&) = delete;
  OnnxGraph& operator=(const OnnxGraph&) = delete;

  /// What `module` makes of x: its to_onnx(). The result has an example. Throws Error naming the
  /// module in training mode.
  OnnxValue call(Module& module, const OnnxValue& x);
  /// The only result of an operator of opset 17. `example` may be left out for what is not passed
  /// on to call().
  OnnxValue add(std::string_view operation, const std::vector<OnnxValue>& inputs,
                const std::vector<OnnxAttribute>& attributes = {}, const Tensor& example = {});
  /// A parameter or buffer of the network, under its name there, or a constant. The values are
  /// those that the tensor has when the file is written.
  OnnxValue weight(const Tensor& value);
  /// The dtype of the network's own floating-point numbers.
  DType dtype() const;
  /// Throws Error naming the module by its place in the network.
  [[noreturn]] void refuse(const Module& module, const std::string& reason) const;

 private:
  friend void save_onnx(const std::filesystem::path& path, Module& network,
                        const OnnxOptions& options);
  struct Contents;

  OnnxGraph(Module& network, const OnnxOptions& options);

  std::unique_ptr<Contents> contents_;
};

}  // namespace plastic::nn

#pragma GCC visibility pop

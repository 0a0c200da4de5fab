#pragma once

#include <cstdint>
#include <optional>

#include "plastic/core/random.h"
#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// How an Embedding begins.
struct EmbeddingOptions {
  /// A row that is initially zero and receives no gradient. Negative values count from the end.
  std::optional<std::int64_t> padding_idx = {};
  /// Draws the initial values; default_generator() when null.
  Generator* generator = nullptr;
};

/// Indices (...), i64 in [0, count) -> (..., size): the rows of a table. Parameter "weight" (count,
/// size), initialised from the normal distribution N(0, 1), as in PyTorch.
class Embedding : public Module {
 public:
  /// Throws Error for sizes below 1 or a padding_idx that is not a row.
  Embedding(std::int64_t count, std::int64_t size, const EmbeddingOptions& options = {});
  /// Throws Error naming the first index that is not a row.
  Tensor forward(const Tensor& indices) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& indices) override;

  /// (count, size)
  Tensor weight;

 private:
  std::optional<std::int64_t> padding_idx_;
};

}  // namespace plastic::nn

#pragma GCC visibility pop

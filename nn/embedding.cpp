#include "plastic/nn/embedding.h"

#include "core/check.h"
#include "core/tensor/tensor_impl.h"
#include "nn/onnx/onnx_layer.h"
#include "plastic/core/ops/index.h"

namespace plastic::nn {

Embedding::Embedding(std::int64_t count, std::int64_t size, const EmbeddingOptions& options)
    : ExactLayer(LayerKind::embedding), padding_idx_(options.padding_idx) {
  if (count < 1 || size < 1) {
    fail("Embedding", "needs at least one row and one column, got ", count, " and ", size);
  }
  Tensor table = normal({count, size}, 0, 1,
                        options.generator != nullptr ? *options.generator : default_generator());
  if (padding_idx_) {
    const std::int64_t row = *padding_idx_ < 0 ? *padding_idx_ + count : *padding_idx_;
    if (row < 0 || row >= count) {
      fail("Embedding", "padding_idx ", *padding_idx_, " is not a row of ", count);
    }
    padding_idx_ = row;
    table.slice(0, row, row + 1).fill_(0);
  }
  weight = register_parameter("weight", table);
}

Tensor Embedding::forward(const Tensor& indices) {
  check_defined("Embedding", indices);
  if (indices.dtype() != DType::i64) {
    fail("Embedding", "indices must be i64, got ", name_of(indices.dtype()));
  }
  return embedding(weight, indices, padding_idx_);
}

OnnxValue Embedding::to_onnx(OnnxGraph& graph, const OnnxValue& indices) {
  check_is_plain(graph, *this, LayerKind::embedding, "Embedding");
  return graph.add("Gather", {graph.weight(weight), indices}, {{"axis", 0}});
}

}  // namespace plastic::nn

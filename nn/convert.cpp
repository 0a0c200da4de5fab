#include "plastic/nn/convert.h"

#include <vector>

#include "core/check.h"
#include "core/tensor/tensor_impl.h"

namespace plastic::nn {
namespace {

bool is_floating(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f64 || dtype == DType::bf16;
}

}  // namespace

void convert(Module& model, DType dtype) {
  if (dtype != DType::f32 && dtype != DType::f64) {
    fail("convert", "a module computes in f32 or f64, not in ", name_of(dtype));
  }
  std::vector<Tensor> tensors = model.parameters();
  for (const Tensor& buffer : model.buffers()) tensors.push_back(buffer);
  struct Change {
    TensorImpl& tensor;
    Tensor values;
    Tensor gradient;
  };
  std::vector<Change> changes;
  for (const Tensor& tensor : tensors) {
    if (!is_floating(tensor.dtype()) || tensor.dtype() == dtype) continue;
    const Tensor gradient = tensor.grad();
    changes.push_back({*tensor.impl(), tensor.detach().to(dtype),
                       gradient.defined() ? gradient.detach().to(dtype) : Tensor()});
  }
  for (const Change& change : changes) {
    const TensorImpl& values = *change.values.impl();
    change.tensor.storage = values.storage;
    change.tensor.strides = values.strides;
    change.tensor.offset = values.offset;
    change.tensor.dtype = dtype;
    change.tensor.grad = change.gradient;
    // A slot belongs to an optimizer whose blocks are f32.
    change.tensor.grad_slot = nullptr;
  }
}

}  // namespace plastic::nn

#include "plastic/core/ops/one_hot.h"

#include <algorithm>

#include "core/check.h"
#include "core/ops/gathered.h"
#include "core/tensor/sizes.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/ops/compare.h"
#include "plastic/core/ops/reduce.h"

namespace plastic {

Tensor one_hot(const Tensor& indices, std::int64_t classes) {
  constexpr const char* op = "one_hot";
  check_defined(op, indices);
  if (classes != -1 && classes < 1) {
    fail(op, "classes is ", classes, "; it must be at least 1, or -1 for the largest index plus 1");
  }
  if (classes == -1) {
    if (indices.numel() == 0) fail(op, "no index says how many classes there are; give the number");
    if (indices.dtype() == DType::i64) {
      // A negative one is found below.
      const auto largest = max(indices).item<std::int64_t>();
      classes = std::max<std::int64_t>(checked_add(op, largest, 1), 1);
    }
  }
  check_index(op, indices, indices, classes);
  const Tensor all = Tensor::arange(classes, {.dtype = DType::i64, .device = indices.device()});
  return equal(indices.unsqueeze(-1), all).to(DType::i64);
}

}  // namespace plastic

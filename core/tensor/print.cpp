#include <algorithm>
#include <ostream>

#include "core/tensor/dispatch.h"
#include "core/tensor/tensor_impl.h"
#include "core/text.h"
#include "core/text_stream.h"

namespace plastic {
namespace {

/// Elements shown at the start of an axis.
constexpr std::int64_t shown = 8;

void print(std::ostream& out, const Tensor& tensor) {
  if (tensor.rank() == 0) {
    if (is_floating_point(tensor.dtype())) {
      out << text_of(tensor.item());
    } else {
      out << tensor.item<std::int64_t>();
    }
    return;
  }
  out << '[';
  for (std::int64_t i = 0; i < std::min(tensor.size(0), shown); ++i) {
    if (i > 0) out << ", ";
    print(out, tensor.slice(0, i, i + 1).squeeze(0));
  }
  out << (tensor.size(0) > shown ? ", ...]" : "]");
}

}  // namespace

std::string to_string(const Tensor& tensor) {
  if (!tensor.defined()) return "undefined";
  TextStream out;
  out << name_of(tensor.dtype()) << ' ' << to_string(tensor.shape()) << " on "
      << to_string(tensor.device()) << ": ";
  print(out, tensor.detach());
  return out.str();
}

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  return out << to_string(tensor);
}

}  // namespace plastic

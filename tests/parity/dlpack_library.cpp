// What dlpack.py calls by ctypes: tensors of Plastic that are handed out and taken in.
#include <string>

#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/dlpack.h"

using namespace plastic;

namespace {

std::string last_error;

constexpr DType dtypes[] = {DType::f32, DType::f64, DType::bf16, DType::i64, DType::u8};

}  // namespace

extern "C" {

/// 0, 1, ... of dtypes[dtype] and the shape (rows, columns), turned: (columns, rows).
void* handed_out(int dtype, std::int64_t rows, std::int64_t columns, int versioned) {
  const Tensor x =
      Tensor::arange(rows * columns).to(dtypes[dtype]).reshape({rows, columns}).transpose(0, 1);
  return versioned != 0 ? static_cast<void*>(to_dlpack_versioned(x))
                        : static_cast<void*>(to_dlpack(x));
}

/// A handle to free, or null, and error() says why.
void* taken_in(void* managed, int versioned, int copy) {
  try {
    const FromDlpackOptions options{.copy = copy != 0};
    return new Tensor(
        versioned != 0 ? from_dlpack(static_cast<dlpack::ManagedTensorVersioned*>(managed), options)
                       : from_dlpack(static_cast<dlpack::ManagedTensor*>(managed), options));
  } catch (const Error& error) {
    last_error = error.what();
    return nullptr;
  }
}

const char* error() { return last_error.c_str(); }

/// Element i in row-major order.
double element(const void* tensor, std::int64_t i) {
  return static_cast<const Tensor*>(tensor)
      ->to(DType::f64)
      .to_vector<double>()[static_cast<std::size_t>(i)];
}

void fill(void* tensor, double value) { static_cast<Tensor*>(tensor)->fill_(value); }

void let_go(void* tensor) { delete static_cast<Tensor*>(tensor); }
}

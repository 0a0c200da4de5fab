#include "plastic/dlpack.h"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/nn/batch_norm.h"
#include "plastic/nn/convert.h"
#include "plastic/optim/sgd.h"

// Python's libraries are asked in tests/parity/dlpack.py.
namespace plastic {
namespace {

/// Another library's tensor, which counts how often it was released.
template <class Managed>
struct Foreign {
  Foreign() {
    managed.tensor = {.data = values.data(),
                      .device = {1, 0},
                      .ndim = 2,
                      .dtype = {2, 32, 1},
                      .shape = shape.data(),
                      .strides = strides.data(),
                      .byte_offset = 4};
    managed.manager_ctx = &released;
    managed.deleter = [](Managed* self) { ++*static_cast<int*>(self->manager_ctx); };
  }

  std::array<float, 12> values = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  std::array<std::int64_t, 2> shape = {2, 3};
  std::array<std::int64_t, 2> strides = {1, 4};
  Managed managed{};
  int released = 0;
};

template <class Managed>
std::string refusal(Foreign<Managed>& foreign) {
  std::string message = "nothing was refused";
  try {
    from_dlpack(&foreign.managed);
  } catch (const Error& error) {
    message = error.what();
  }
  CHECK(foreign.released == 0);
  return message;
}

TEST_CASE("core.dlpack.import_shares_memory") {
  Foreign<dlpack::ManagedTensor> foreign;
  {
    Tensor view;
    {
      Tensor x = from_dlpack(&foreign.managed);
      CHECK(x.shape() == Shape{2, 3});
      CHECK(x.strides() == Shape{1, 4});
      CHECK(x.to_vector<float>() == std::vector<float>{1, 5, 9, 2, 6, 10});
      x.mul_(2);
      foreign.values[2] = -1;
      view = x.slice(0, 1, 2);
    }
    CHECK(foreign.released == 0);
    CHECK(view.to_vector<float>() == std::vector<float>{-1, 12, 20});
  }
  CHECK(foreign.released == 1);
  CHECK(foreign.values[1] == 2);
  CHECK(foreign.values[3] == 3);
}

TEST_CASE("core.dlpack.import_in_a_graph") {
  Foreign<dlpack::ManagedTensorVersioned> foreign;
  foreign.managed.version = {1, 3};
  {
    Tensor loss;
    Tensor x = from_dlpack(&foreign.managed);
    x.set_requires_grad();
    loss = sum(mul(x, x));
    loss.backward();
    CHECK(x.grad().to_vector<float>() == std::vector<float>{2, 10, 18, 4, 12, 20});
  }
  CHECK(foreign.released == 1);
}

TEST_CASE("core.dlpack.import_of_a_copy") {
  Foreign<dlpack::ManagedTensorVersioned> foreign;
  foreign.managed.version = {1, 0};
  foreign.managed.flags = dlpack::read_only;
  CHECK(refusal(foreign).find("[dlpack] the memory is read-only") == 0);
  const Tensor x = from_dlpack(&foreign.managed, {.copy = true});
  CHECK(foreign.released == 1);
  foreign.values.fill(0);
  CHECK(x.to_vector<float>() == std::vector<float>{1, 5, 9, 2, 6, 10});
}

TEST_CASE("core.dlpack.import_without_strides_or_elements") {
  Foreign<dlpack::ManagedTensor> foreign;
  foreign.managed.tensor.strides = nullptr;
  CHECK(from_dlpack(&foreign.managed).to_vector<float>() == std::vector<float>{1, 2, 3, 4, 5, 6});
  // Strides of axes of one element mean nothing.
  foreign.managed.tensor.strides = foreign.strides.data();
  foreign.shape = {1, 3};
  foreign.strides = {-7, 2};
  CHECK(from_dlpack(&foreign.managed).to_vector<float>() == std::vector<float>{1, 3, 5});
  foreign.shape = {0, 3};
  foreign.managed.tensor.data = nullptr;
  CHECK(from_dlpack(&foreign.managed).numel() == 0);
  foreign.managed.deleter = nullptr;
  CHECK(from_dlpack(&foreign.managed).shape() == Shape{0, 3});
  foreign.managed.tensor.ndim = 0;
  foreign.managed.tensor.data = foreign.values.data();
  CHECK(from_dlpack(&foreign.managed).item() == 1);
  CHECK(foreign.released == 3);
}

TEST_CASE("core.dlpack.import_refuses_by_name") {
  Foreign<dlpack::ManagedTensor> foreign;
  dlpack::Tensor& tensor = foreign.managed.tensor;
  const dlpack::Tensor right = tensor;
  const auto refused = [&](const char* part) {
    const std::string message = refusal(foreign);
    CAPTURE(message);
    CHECK(message.find(part) != std::string::npos);
    tensor = right;
    foreign.shape = {2, 3};
    foreign.strides = {1, 4};
  };
  tensor.device = {10, 0};
  refused("device ROCm");
  tensor.device = {77, 0};
  refused("device number 77");
  tensor.dtype = {2, 16, 1};
  refused("float of 16 bits");
  tensor.dtype = {6, 8, 1};
  refused("bool of 8 bits");
  tensor.dtype = {2, 32, 4};
  refused("several in one");
  tensor.ndim = 9;
  refused("9 axes");
  foreign.strides = {1, -4};
  refused("axis 1 has a stride of -4");
  foreign.shape = {2, -3};
  refused("the shape (2, -3)");
  foreign.strides = {1, std::int64_t{1} << 62};
  refused("[dlpack]");
  tensor.byte_offset = 2;
  refused("not aligned to their 4 bytes");
  tensor.data = nullptr;
  refused("no memory");
  Foreign<dlpack::ManagedTensorVersioned> future;
  future.managed.version = {2, 0};
  CHECK(refusal(future).find("DLPack 2.0") != std::string::npos);
  CHECK_THROWS_WITH_AS(from_dlpack(static_cast<dlpack::ManagedTensor*>(nullptr)),
                       doctest::Contains("null"), Error);
  if (available_devices().size() == 1) {
    tensor.device = {2, 0};
    refused("CUDA");
  }
}

TEST_CASE("core.dlpack.export_keeps_the_memory") {
  Tensor x = Tensor::arange(12).to(DType::f32).reshape({3, 4});
  Tensor part = x.slice(0, 1, 3).transpose(0, 1);
  dlpack::ManagedTensor* const managed = to_dlpack(part);
  const dlpack::Tensor& tensor = managed->tensor;
  CHECK(tensor.ndim == 2);
  CHECK(tensor.shape[0] == 4);
  CHECK(tensor.shape[1] == 2);
  CHECK(tensor.strides[0] == 1);
  CHECK(tensor.strides[1] == 4);
  CHECK(tensor.dtype.code == 2);
  CHECK(tensor.dtype.bits == 32);
  CHECK(tensor.device.type == 1);
  x.fill_(7);
  x = Tensor();
  part = Tensor();
  const auto* const first = static_cast<const float*>(tensor.data);
  CHECK(first[0] == 7);
  CHECK(first[7] == 7);
  // And back.
  CHECK(from_dlpack(managed).to_vector<float>() == std::vector<float>(8, 7));

  CHECK_THROWS_WITH_AS(to_dlpack(Tensor::zeros({2}, {.requires_grad = true})),
                       doctest::Contains("detach()"), Error);
  CHECK_THROWS_AS(to_dlpack({}), Error);
}

TEST_CASE("core.dlpack.export_keeps_memory_that_its_tensor_left") {
  nn::BatchNorm norm(2);
  dlpack::ManagedTensor* const mean = to_dlpack(norm.running_mean);
  nn::convert(norm, DType::f64);
  CHECK(norm.running_mean.dtype() == DType::f64);
  CHECK(static_cast<const float*>(mean->tensor.data)[1] == 0);
  mean->deleter(mean);

  Tensor w = Tensor::ones({3}).set_requires_grad();
  dlpack::ManagedTensor* gradient = nullptr;
  {
    optim::Sgd optimizer({w}, {.lr = 1});
    sum(w * 2).backward();
    gradient = to_dlpack(w.grad());
    optimizer.zero_grad();
    sum(w * 3).backward();
  }
  // With its optimizer: whatever it is by now, it is there.
  const float value = static_cast<const float*>(gradient->tensor.data)[2];
  CHECK((value == 2 || value == 3));
  gradient->deleter(gradient);
}

TEST_CASE("core.dlpack.every_dtype") {
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16, DType::i64, DType::u8}) {
    const Tensor x = Tensor::arange(5).to(dtype);
    dlpack::ManagedTensorVersioned* const managed = to_dlpack_versioned(x);
    CHECK(managed->version.major == 1);
    CHECK(managed->flags == 0);
    const Tensor y = from_dlpack(managed);
    CHECK(y.dtype() == dtype);
    CHECK(y.to(DType::i64).to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 1, 2, 3, 4});
  }
}

}  // namespace
}  // namespace plastic

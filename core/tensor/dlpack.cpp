#include "plastic/dlpack.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/check.h"
#include "core/device/backend.h"
#include "core/tensor/foreign_memory.h"
#include "core/tensor/sizes.h"
#include "core/tensor/tensor_impl.h"
#include "core/text.h"

namespace plastic {
namespace {

constexpr const char* op = "dlpack";
constexpr dlpack::Version own_version = {1, 0};

// The layout that every other library has.
static_assert(sizeof(void*) != 8 || sizeof(dlpack::Tensor) == 48);
static_assert(sizeof(void*) != 8 || sizeof(dlpack::ManagedTensor) == 64);
static_assert(sizeof(void*) != 8 || sizeof(dlpack::ManagedTensorVersioned) == 80);

// DLDeviceType and DLDataTypeCode.
constexpr std::int32_t cpu_type = 1, cuda_type = 2;
constexpr std::uint8_t int_code = 0, unsigned_code = 1, float_code = 2, bfloat_code = 4;

constexpr std::array device_names = {"none",   "CPU",       "CUDA",      "CUDA host",    "OpenCL",
                                     "none",   "none",      "Vulkan",    "Metal",        "VPI",
                                     "ROCm",   "ROCm host", "extension", "CUDA managed", "oneAPI",
                                     "WebGPU", "Hexagon",   "MAIA"};
constexpr std::array code_names = {"int",    "unsigned", "float", "opaque",
                                   "bfloat", "complex",  "bool"};

struct Kind {
  DType dtype;
  std::uint8_t code, bits;
};
constexpr std::array kinds = {Kind{DType::f32, float_code, 32}, Kind{DType::f64, float_code, 64},
                              Kind{DType::bf16, bfloat_code, 16}, Kind{DType::i64, int_code, 64},
                              Kind{DType::u8, unsigned_code, 8}};

template <std::size_t count>
std::string name_in(const std::array<const char*, count>& names, std::int64_t index) {
  return index >= 0 && index < std::ssize(names) ? names[static_cast<std::size_t>(index)]
                                                 : text_of("number ", index);
}

DType dtype_of_kind(const dlpack::DataType& type) {
  for (const Kind& kind : kinds) {
    if (kind.code == type.code && kind.bits == type.bits && type.lanes == 1) return kind.dtype;
  }
  fail(op, "elements of ", name_in(code_names, type.code), " of ", int{type.bits}, " bits",
       type.lanes == 1 ? "" : ", several in one", ", cannot be shared; f32, f64, bf16, i64 and u8 ",
       "can: convert them in the other library");
}

Device device_of(const dlpack::Device& device) {
  if (device.type == cpu_type) return {};
  if (device.type == cuda_type) {
    const Device cuda = {.type = DeviceType::cuda, .index = device.id};
    // Throws where there is none.
    backend(cuda);
    return cuda;
  }
  fail(op, "memory of the device ", name_in(device_names, device.type),
       " cannot be shared; move it to the CPU or a CUDA device first");
}

/// Where elements lie, in elements from the first.
struct Layout {
  Shape shape, strides;
  std::int64_t extent = 0;
};

Layout layout_of(const dlpack::Tensor& tensor) {
  if (tensor.ndim < 0 || tensor.ndim > static_cast<std::int32_t>(Shape::max_rank)) {
    fail(op, "a tensor of ", tensor.ndim, " axes; ", Shape::max_rank, " can be shared");
  }
  const auto rank = static_cast<std::size_t>(tensor.ndim);
  if (rank > 0 && tensor.shape == nullptr) fail(op, "the tensor has no shape");
  Layout layout;
  for (std::size_t i = 0; i < rank; ++i) layout.shape.push_back(tensor.shape[i]);
  const std::optional<std::int64_t> count = element_count(layout.shape);
  if (!count) fail(op, "the shape ", to_string(layout.shape), " is none");
  layout.strides = contiguous_strides(layout.shape);
  if (*count == 0) return layout;
  for (std::size_t i = 0; i < rank && tensor.strides != nullptr; ++i) {
    // Along axes of one element they may be anything.
    if (layout.shape[i] == 1) continue;
    if (tensor.strides[i] < 0) {
      fail(op, "axis ", i, " has a stride of ", tensor.strides[i],
           "; negative ones cannot be shared: copy the tensor in the other library");
    }
    layout.strides[i] = tensor.strides[i];
  }
  layout.extent = 1;
  for (std::size_t i = 0; i < rank; ++i) {
    if (layout.shape[i] == 1) continue;
    layout.extent = checked_add(op, layout.extent,
                                checked_multiply(op, layout.shape[i] - 1, layout.strides[i]));
  }
  return layout;
}

template <class Managed>
void release(Managed* managed) {
  if (managed->deleter != nullptr) managed->deleter(managed);
}

/// Until the device has done what it was asked to do with the memory: others have streams of their
/// own.
void wait_for(Device device, const void* first, std::size_t bytes) {
  if (device.type == DeviceType::cpu || bytes == 0) return;
  std::byte one{};
  backend(device).copy_to_host(first, &one, 1);
}

/// The other library's struct, which is released once nothing reads or writes its memory.
template <class Managed>
struct Held {
  Device device;
  const void* first;
  std::size_t bytes;
  Managed* managed = nullptr;

  Held(Device where, const void* begin, std::size_t size)
      : device(where), first(begin), bytes(size) {}
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() {
    if (managed == nullptr) return;
    try {
      wait_for(device, first, bytes);
    } catch (...) {  // A recording does not wait; the memory must be given back all the same.
    }
    release(managed);
  }
};

template <class Managed>
Tensor shared(Managed* managed, bool copy) {
  const dlpack::Tensor& given = managed->tensor;
  const DType dtype = dtype_of_kind(given.dtype);
  const Device device = device_of(given.device);
  const Layout layout = layout_of(given);
  const std::size_t size = size_of(dtype);
  const auto bytes = static_cast<std::size_t>(
      checked_multiply(op, layout.extent, static_cast<std::int64_t>(size)));
  std::byte* const first =
      static_cast<std::byte*>(given.data) + (given.data == nullptr ? 0 : given.byte_offset);
  if (bytes > 0 && first == nullptr) fail(op, "the tensor has no memory");
  if (bytes > 0 && reinterpret_cast<std::uintptr_t>(first) % size != 0) {
    fail(op, "the elements are not aligned to their ", size,
         " bytes; copy the tensor in the other library");
  }
  // Nothing is released where making it throws: the storage is made before the owner.
  if (copy) {
    const Tensor view =
        make_view(storage_over(first, bytes, device), dtype, layout.shape, layout.strides, 0);
    Tensor own = Tensor::empty(layout.shape, {.dtype = dtype, .device = device});
    own.copy_(view);
    wait_for(device, first, bytes);
    release(managed);
    return own;
  }
  const auto owner = std::make_shared<Held<Managed>>(device, first, bytes);
  const Tensor tensor =
      make_view(storage_over(first, bytes, device, owner), dtype, layout.shape, layout.strides, 0);
  owner->managed = managed;
  return tensor;
}

/// What is handed out, with all that it refers to.
template <class Managed>
struct Exported {
  Tensor tensor;
  /// What its memory is a part of.
  std::shared_ptr<void> block;
  std::array<std::int64_t, Shape::max_rank> shape{}, strides{};
  Managed managed{};
};

template <class Managed>
Managed* exported(const Tensor& tensor) {
  check_defined(op, tensor);
  if (tensor.requires_grad()) {
    fail(op, "a tensor that requires a gradient cannot be shared: its gradient would be lost; ",
         "share detach() of it");
  }
  auto own = std::make_unique<Exported<Managed>>();
  // The caller's tensor may be given other memory, as by Module::to(), and its memory may leave the
  // block of an optimizer.
  own->tensor = tensor.detach();
  own->block = block_of(*tensor.impl()->storage);
  std::copy(tensor.shape().begin(), tensor.shape().end(), own->shape.begin());
  std::copy(tensor.strides().begin(), tensor.strides().end(), own->strides.begin());
  const auto kind = std::ranges::find(kinds, tensor.dtype(), &Kind::dtype);
  const Device device = tensor.device();
  own->managed.tensor = {
      .data = memory(tensor),
      .device = {device.type == DeviceType::cpu ? cpu_type : cuda_type, device.index},
      .ndim = static_cast<std::int32_t>(tensor.rank()),
      .dtype = {kind->code, kind->bits, 1},
      .shape = own->shape.data(),
      .strides = own->strides.data(),
      .byte_offset = 0};
  wait_for(device, own->managed.tensor.data, tensor.numel() > 0 ? 1 : 0);
  own->managed.manager_ctx = own.get();
  own->managed.deleter = [](Managed* self) {
    delete static_cast<Exported<Managed>*>(self->manager_ctx);
  };
  return &own.release()->managed;
}

}  // namespace

Tensor from_dlpack(dlpack::ManagedTensor* managed, const FromDlpackOptions& options) {
  if (managed == nullptr) fail(op, "the pointer is null");
  return shared(managed, options.copy);
}

Tensor from_dlpack(dlpack::ManagedTensorVersioned* managed, const FromDlpackOptions& options) {
  if (managed == nullptr) fail(op, "the pointer is null");
  if (managed->version.major != own_version.major) {
    fail(op, "the tensor is of DLPack ", managed->version.major, ".", managed->version.minor,
         "; 1.x can be shared");
  }
  if ((managed->flags & dlpack::read_only) != 0 && !options.copy) {
    fail(op, "the memory is read-only, and a tensor can be written to; set copy");
  }
  return shared(managed, options.copy);
}

dlpack::ManagedTensor* to_dlpack(const Tensor& tensor) {
  return exported<dlpack::ManagedTensor>(tensor);
}

dlpack::ManagedTensorVersioned* to_dlpack_versioned(const Tensor& tensor) {
  dlpack::ManagedTensorVersioned* managed = exported<dlpack::ManagedTensorVersioned>(tensor);
  managed->version = own_version;
  return managed;
}

}  // namespace plastic

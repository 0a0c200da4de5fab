#pragma once

/// @file
/// Tensors of other libraries as Plastic's and the other way round, without a copy, by DLPack
/// (dmlc.github.io/dlpack): NumPy, PyTorch, JAX and others speak it. Not part of plastic/plastic.h.
/// The structs are declared here and have the layout of the header dlpack/dlpack.h, which is not
/// needed; where a program has that header too, a pointer to its DLManagedTensor is converted with
/// reinterpret_cast.
///
///     // Python's PyCapsule "dltensor" holds the pointer.
///     Tensor x = from_dlpack(static_cast<dlpack::ManagedTensor*>(pointer));

#include <cstdint>

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// DLPack's own structs.
namespace dlpack {

/// DLDevice. Types: 1 the CPU, 2 CUDA; others are refused.
struct Device {
  /// DLDeviceType.
  std::int32_t type;
  /// Its number among those of its type.
  std::int32_t id;
};

/// DLDataType. Codes: 0 int, 1 unsigned, 2 float, 4 bfloat.
struct DataType {
  /// DLDataTypeCode.
  std::uint8_t code;
  /// Of one element.
  std::uint8_t bits;
  /// Numbers in one element: 1.
  std::uint16_t lanes;
};

/// DLTensor. Strides count elements; null means row-major.
struct Tensor {
  /// The first element, but for byte_offset.
  void* data;
  /// Where the memory is.
  Device device;
  /// Axes.
  std::int32_t ndim;
  /// Of the elements.
  DataType dtype;
  /// Sizes, one per axis.
  std::int64_t* shape;
  /// One per axis.
  std::int64_t* strides;
  /// From `data` to the first element.
  std::uint64_t byte_offset;
};

/// DLManagedTensor.
struct ManagedTensor {
  /// What is shared.
  Tensor tensor;
  /// Of whoever shares it.
  void* manager_ctx;
  /// May be null.
  void (*deleter)(ManagedTensor* self);
};

/// DLPackVersion.
struct Version {
  /// Another one is another layout.
  std::uint32_t major;
  /// Counts additions.
  std::uint32_t minor;
};

/// A bit of `flags`: the memory must not be written to.
inline constexpr std::uint64_t read_only = 1;
/// A bit of `flags`: the memory is a copy, made to be shared.
inline constexpr std::uint64_t is_copied = 2;

/// DLManagedTensorVersioned, of DLPack 1.0 and newer.
struct ManagedTensorVersioned {
  /// Of the struct.
  Version version;
  /// Of whoever shares it.
  void* manager_ctx;
  /// May be null.
  void (*deleter)(ManagedTensorVersioned* self);
  /// read_only, is_copied.
  std::uint64_t flags;
  /// What is shared.
  Tensor tensor;
};

}  // namespace dlpack

/// How memory is taken in.
struct FromDlpackOptions {
  /// Copies the elements, so that the result shares nothing with the other library.
  bool copy = false;
};

/// The other library's memory as a tensor: f32, f64, bf16, i64 or u8 on the CPU or a CUDA device.
/// Takes over `managed`, whose deleter is called, by whatever thread, when the last tensor that
/// shares the memory is gone; after an Error it is still the caller's. Whoever else writes to the
/// memory is not seen by autograd's check of saved values, nor by inference, which keeps packed
/// forms of weights: ask for the weight's mutable_data() after that. Work of a device that produces
/// it must be finished. Throws Error for other dtypes and devices, by name, for more than eight
/// axes, negative strides, elements that are not aligned, a version whose major number is not 1,
/// and, unless `copy` is set, for memory that is read-only, since a Tensor can be written to.
Tensor from_dlpack(dlpack::ManagedTensor* managed, const FromDlpackOptions& options = {});
/// The same of the versioned form.
Tensor from_dlpack(dlpack::ManagedTensorVersioned* managed, const FromDlpackOptions& options = {});

/// The tensor's memory for another library, which calls the deleter when it is done: until then the
/// memory stays, whatever becomes of `tensor`. Strides and offset are kept; a device is waited for.
/// What the other library writes is not seen by autograd's check of saved values nor by inference,
/// as in from_dlpack(). A gradient may lie with its optimizer, whose next gradients come to the
/// same memory. Throws Error for a tensor that requires a gradient: export detach().
dlpack::ManagedTensor* to_dlpack(const Tensor& tensor);
/// The same for those that ask for version 1.0.
dlpack::ManagedTensorVersioned* to_dlpack_versioned(const Tensor& tensor);

}  // namespace plastic

#pragma GCC visibility pop

#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "cuda/runtime/libraries.h"

// cuDNN's graph API, which it calls its backend API: everything is a descriptor whose attributes
// are set, after which it is finalized. All of it throws Error naming what cuDNN refused.
namespace plastic::cuda::cudnn_graph {

void check(cudnnStatus_t status, const char* call);

/// A descriptor, which this object owns.
class Descriptor {
 public:
  explicit Descriptor(cudnnBackendDescriptorType_t type);

  cudnnBackendDescriptor_t get() const { return descriptor_.get(); }

  Descriptor& set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                  std::int64_t count, const void* values);
  Descriptor& set(cudnnBackendAttributeName_t name, std::span<const std::int64_t> values);
  Descriptor& set(cudnnBackendAttributeName_t name, std::int64_t value);
  Descriptor& set(cudnnBackendAttributeName_t name, float value);
  Descriptor& set(cudnnBackendAttributeName_t name, cudnnDataType_t value);
  Descriptor& set(cudnnBackendAttributeName_t name, cudnnHandle_t value);
  Descriptor& set(cudnnBackendAttributeName_t name, const Descriptor& value);
  void finalize();

 private:
  struct Destroy {
    void operator()(cudnnBackendDescriptor_t descriptor) const {
      cudnn().destroy_descriptor(descriptor);
    }
  };
  std::unique_ptr<void, Destroy> descriptor_;
};

/// What plans are made for: the device of a handle, or one that is only described, by a descriptor
/// of type CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR (from cuDNN 9.8 on). Plans for the latter cannot be
/// executed.
struct Target {
  cudnnHandle_t handle = nullptr;
  const Descriptor* described = nullptr;
};

/// A tensor whose sizes are given as (batch, channels, height, width), as are its strides.
Descriptor tensor(cudnnDataType_t type, std::span<const std::int64_t> sizes,
                  std::span<const std::int64_t> strides, std::int64_t id, std::int64_t alignment);

/// A graph of one operation.
Descriptor operation_graph(const Target& target, const Descriptor& operation);

/// Engines that may do a graph and their settings, best first by the estimate of `mode`.
std::vector<Descriptor> engine_configs(const Target& target, const Descriptor& graph,
                                       cudnnBackendHeurMode_t mode);

/// Whether an engine has any of these notes.
bool has_note(const Descriptor& engine_config,
              std::initializer_list<cudnnBackendNumericalNote_t> notes);

/// A graph made ready to run by one engine.
class Plan {
 public:
  Plan(const Target& target, Descriptor engine_config);

  std::int64_t workspace_bytes() const { return workspace_bytes_; }
  /// `data` belongs to the tensors with the ids of the same place.
  void execute(cudnnHandle_t handle, std::span<const std::int64_t> ids, std::span<void* const> data,
               void* workspace) const;

 private:
  // What the plan refers to, in case cuDNN does not copy it.
  Descriptor engine_config_;
  Descriptor plan_;
  std::int64_t workspace_bytes_ = 0;
  /// What executions were given, the workspace last; steps give the same over and over.
  mutable std::map<std::vector<void*>, Descriptor> packs_;
};

}  // namespace plastic::cuda::cudnn_graph

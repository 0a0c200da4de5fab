#include "cuda/conv/cudnn_graph.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace plastic::cuda::cudnn_graph {
namespace {

/// That a plan keeps: as many as a network has layers of one shape, several times over.
constexpr std::size_t max_packs = 64;

// By number: headers have the names from 9.8 on only.
constexpr auto heuristics_device = static_cast<cudnnBackendAttributeName_t>(204);
constexpr auto plan_device = static_cast<cudnnBackendAttributeName_t>(407);

/// How many values an attribute has.
std::int64_t count_of(const Descriptor& descriptor, cudnnBackendAttributeName_t name,
                      cudnnBackendAttributeType_t type) {
  std::int64_t count = 0;
  check(cudnn().get_attribute(descriptor.get(), name, type, 0, &count, nullptr),
        "cudnnBackendGetAttribute");
  return count;
}

/// Fills a descriptor that was created for it with the one that an attribute holds.
void read(const Descriptor& descriptor, cudnnBackendAttributeName_t name, const Descriptor& out) {
  std::int64_t count = 0;
  cudnnBackendDescriptor_t target = out.get();
  check(cudnn().get_attribute(descriptor.get(), name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count,
                              &target),
        "cudnnBackendGetAttribute");
}

/// Names the device that heuristics and plans are for, where it is not a handle's.
void set_described(Descriptor& descriptor, cudnnBackendAttributeName_t name, const Target& target) {
  if (target.described != nullptr) descriptor.set(name, *target.described);
}

}  // namespace

void check(cudnnStatus_t status, const char* call) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  // What this thread's last call complained of; reading it clears it.
  char details[512] = "";
  cudnn().last_error(details, sizeof(details));
  fail("cuda", call, ": ", cudnn().error_string(status), details[0] == '\0' ? "" : ", ", details);
}

Descriptor::Descriptor(cudnnBackendDescriptorType_t type) {
  cudnnBackendDescriptor_t created = nullptr;
  check(cudnn().create_descriptor(type, &created), "cudnnBackendCreateDescriptor");
  descriptor_.reset(created);
}

Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                            std::int64_t count, const void* values) {
  check(cudnn().set_attribute(get(), name, type, count, values), "cudnnBackendSetAttribute");
  return *this;
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name,
                            std::span<const std::int64_t> values) {
  return set(name, CUDNN_TYPE_INT64, static_cast<std::int64_t>(values.size()), values.data());
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, std::int64_t value) {
  return set(name, CUDNN_TYPE_INT64, 1, &value);
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, float value) {
  return set(name, CUDNN_TYPE_FLOAT, 1, &value);
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, cudnnDataType_t value) {
  return set(name, CUDNN_TYPE_DATA_TYPE, 1, &value);
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, cudnnHandle_t value) {
  return set(name, CUDNN_TYPE_HANDLE, 1, &value);
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, const Descriptor& value) {
  const cudnnBackendDescriptor_t descriptor = value.get();
  return set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &descriptor);
}

void Descriptor::finalize() { check(cudnn().finalize(get()), "cudnnBackendFinalize"); }

Descriptor tensor(cudnnDataType_t type, std::span<const std::int64_t> sizes,
                  std::span<const std::int64_t> strides, std::int64_t id, std::int64_t alignment) {
  Descriptor tensor(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  tensor.set(CUDNN_ATTR_TENSOR_DATA_TYPE, type)
      .set(CUDNN_ATTR_TENSOR_DIMENSIONS, sizes)
      .set(CUDNN_ATTR_TENSOR_STRIDES, strides)
      .set(CUDNN_ATTR_TENSOR_UNIQUE_ID, id)
      .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, alignment)
      .finalize();
  return tensor;
}

Descriptor operation_graph(const Target& target, const Descriptor& operation) {
  Descriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  if (target.handle != nullptr) graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, target.handle);
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, operation).finalize();
  return graph;
}

std::vector<Descriptor> engine_configs(const Target& target, const Descriptor& graph,
                                       cudnnBackendHeurMode_t mode) {
  Descriptor heuristics(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph)
      .set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
  set_described(heuristics, heuristics_device, target);
  heuristics.finalize();
  const std::int64_t count =
      count_of(heuristics, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR);
  std::vector<Descriptor> configs;
  std::vector<cudnnBackendDescriptor_t> targets;
  for (std::int64_t i = 0; i < count; ++i) {
    targets.push_back(configs.emplace_back(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR).get());
  }
  if (count == 0) return configs;
  std::int64_t filled = 0;
  check(cudnn().get_attribute(heuristics.get(), CUDNN_ATTR_ENGINEHEUR_RESULTS,
                              CUDNN_TYPE_BACKEND_DESCRIPTOR, count, &filled, targets.data()),
        "cudnnBackendGetAttribute");
  configs.erase(configs.begin() + std::min(count, filled), configs.end());
  return configs;
}

bool has_note(const Descriptor& engine_config,
              std::initializer_list<cudnnBackendNumericalNote_t> notes) {
  const Descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  read(engine_config, CUDNN_ATTR_ENGINECFG_ENGINE, engine);
  cudnnBackendNumericalNote_t own[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
  std::int64_t all = 0;
  check(
      cudnn().get_attribute(engine.get(), CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                            CUDNN_TYPE_NUMERICAL_NOTE, CUDNN_NUMERICAL_NOTE_TYPE_COUNT, &all, own),
      "cudnnBackendGetAttribute");
  const auto count = std::min<std::int64_t>(all, CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
  return std::find_first_of(own, own + count, notes.begin(), notes.end()) != own + count;
}

Plan::Plan(const Target& target, Descriptor engine_config)
    : engine_config_(std::move(engine_config)), plan_(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR) {
  if (target.handle != nullptr) plan_.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, target.handle);
  set_described(plan_, plan_device, target);
  plan_.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, engine_config_).finalize();
  std::int64_t count = 0;
  check(cudnn().get_attribute(plan_.get(), CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE,
                              CUDNN_TYPE_INT64, 1, &count, &workspace_bytes_),
        "cudnnBackendGetAttribute");
}

void Plan::execute(cudnnHandle_t handle, std::span<const std::int64_t> ids,
                   std::span<void* const> data, void* workspace) const {
  std::vector<void*> given(data.begin(), data.end());
  given.push_back(workspace);
  auto found = packs_.find(given);
  if (found == packs_.end()) {
    Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, ids)
        .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR,
             static_cast<std::int64_t>(data.size()), data.data())
        .set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace)
        .finalize();
    if (packs_.size() == max_packs) packs_.clear();
    found = packs_.emplace(std::move(given), std::move(pack)).first;
  }
  check(cudnn().execute(handle, plan_.get(), found->second.get()), "cudnnBackendExecute");
}

}  // namespace plastic::cuda::cudnn_graph

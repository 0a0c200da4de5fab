// cuDNN's graph API, acted out: descriptors, a few engines of different merits, and their
// execution.
#include <cudnn.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cuda/runtime/libraries.h"
#include "tests/emulator/capture.h"
#include "tests/emulator/convolution.h"
#include "tests/emulator/device_memory.h"
#include "tests/emulator/libraries.h"

struct cudnnContext {
  cudaStream_t stream = nullptr;
};

namespace plastic::emulator {
namespace {

struct Engine {
  int id;
  cudnnBackendHeurMode_t mode;
  std::vector<cudnnBackendNumericalNote_t> notes;
  std::int64_t workspace;
  float milliseconds;
  bool makes_plans = true;
  bool runs = true;
};

/// In the order in which the heuristics prefer them. In f32 without TF32, 7 is the fastest that may
/// be used, 6 the first of those that do not depend on timing.
const std::vector<Engine>& engines() {
  static const std::vector<Engine> all = {
      {1, CUDNN_HEUR_MODE_A, {CUDNN_NUMERICAL_NOTE_TENSOR_CORE}, 0, 1},
      {2, CUDNN_HEUR_MODE_A, {}, 0, 1, /*makes_plans=*/false},
      {3, CUDNN_HEUR_MODE_A, {}, std::int64_t{300} << 20, 1},
      {4, CUDNN_HEUR_MODE_A, {CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION}, 0, 1},
      {5, CUDNN_HEUR_MODE_A, {}, 0, 1, /*makes_plans=*/true, /*runs=*/false},
      {6, CUDNN_HEUR_MODE_A, {}, 4096, 4},
      {7, CUDNN_HEUR_MODE_A, {CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC}, 1 << 20, 2},
      {8, CUDNN_HEUR_MODE_A, {}, 1 << 16, 3},
      {9, CUDNN_HEUR_MODE_FALLBACK, {}, 0, 9},
  };
  return all;
}

struct Attribute {
  cudnnBackendAttributeType_t type;
  std::vector<char> bytes;
};

struct Descriptor {
  explicit Descriptor(cudnnBackendDescriptorType_t type_) : type(type_) {}

  cudnnBackendDescriptorType_t type;
  bool is_final = false;
  std::map<cudnnBackendAttributeName_t, Attribute> attributes;
  /// Of engines and their configurations.
  const Engine* engine = nullptr;
  /// Of graphs, and of what is made for them.
  std::shared_ptr<const DnnConvolution> convolution;

  template <class T>
  std::vector<T> all(cudnnBackendAttributeName_t name) const {
    const auto found = attributes.find(name);
    if (found == attributes.end()) return {};
    std::vector<T> values(found->second.bytes.size() / sizeof(T));
    std::memcpy(values.data(), found->second.bytes.data(), found->second.bytes.size());
    return values;
  }
  template <class T>
  T one(cudnnBackendAttributeName_t name) const {
    const std::vector<T> values = all<T>(name);
    return values.empty() ? T{} : values[0];
  }
  const Descriptor& at(cudnnBackendAttributeName_t name) const {
    return *static_cast<const Descriptor*>(one<void*>(name));
  }
};

std::size_t size_of(cudnnBackendAttributeType_t type) {
  switch (type) {
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_BACKEND_DESCRIPTOR:
    case CUDNN_TYPE_INT64:
      return 8;
    default:
      return 4;
  }
}

using Names = std::vector<cudnnBackendAttributeName_t>;

/// What a descriptor must have, before it can be used.
Names required(cudnnBackendDescriptorType_t type) {
  switch (type) {
    case CUDNN_BACKEND_TENSOR_DESCRIPTOR:
      return {CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_ATTR_TENSOR_DATA_TYPE,
              CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_ATTR_TENSOR_UNIQUE_ID};
    case CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR:
      return {CUDNN_ATTR_CONVOLUTION_COMP_TYPE,     CUDNN_ATTR_CONVOLUTION_CONV_MODE,
              CUDNN_ATTR_CONVOLUTION_DILATIONS,     CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES,
              CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS,
              CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS};
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y};
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY};
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY};
    case CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_ATTR_OPERATIONGRAPH_OPS};
    case CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR:
      return {CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, CUDNN_ATTR_ENGINEHEUR_MODE};
    case CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR:
      return {CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG};
    case CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR:
      return {CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS,
              CUDNN_ATTR_VARIANT_PACK_WORKSPACE};
    case CUDNN_BACKEND_ENGINE_DESCRIPTOR:
    case CUDNN_BACKEND_ENGINECFG_DESCRIPTOR:
      break;
  }
  return {};
}

DnnTensor tensor_of(const Descriptor& descriptor) {
  const auto type = descriptor.one<cudnnDataType_t>(CUDNN_ATTR_TENSOR_DATA_TYPE);
  return {.dtype = type == CUDNN_DATA_BFLOAT16 ? DType::bf16 : DType::f32,
          .id = descriptor.one<std::int64_t>(CUDNN_ATTR_TENSOR_UNIQUE_ID),
          .alignment = descriptor.one<std::int64_t>(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT),
          .sizes = descriptor.all<std::int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS),
          .strides = descriptor.all<std::int64_t>(CUDNN_ATTR_TENSOR_STRIDES)};
}

/// Null where the operation is none that cuDNN would take.
std::shared_ptr<const DnnConvolution> convolution_of(const Descriptor& operation) {
  // In the order of required(): alpha, beta, convolution, x, weight, y.
  const Names names = required(operation.type);
  const Descriptor& convolution = operation.at(names[2]);
  auto result = std::make_shared<DnnConvolution>();
  if (operation.type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR) {
    result->pass = DnnConvolution::Pass::input_grad;
  } else if (operation.type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR) {
    result->pass = DnnConvolution::Pass::weight_grad;
  }
  result->x = tensor_of(operation.at(names[3]));
  result->weight = tensor_of(operation.at(names[4]));
  result->y = tensor_of(operation.at(names[5]));
  result->padding = convolution.all<std::int64_t>(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS);
  result->stride = convolution.all<std::int64_t>(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES);
  result->dilation = convolution.all<std::int64_t>(CUDNN_ATTR_CONVOLUTION_DILATIONS);
  const bool sound =
      operation.one<float>(names[0]) == 1 && operation.one<float>(names[1]) == 0 &&
      convolution.one<std::int64_t>(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS) == 2 &&
      convolution.one<cudnnDataType_t>(CUDNN_ATTR_CONVOLUTION_COMP_TYPE) == CUDNN_DATA_FLOAT &&
      convolution.one<cudnnConvolutionMode_t>(CUDNN_ATTR_CONVOLUTION_CONV_MODE) ==
          CUDNN_CROSS_CORRELATION &&
      convolution.all<std::int64_t>(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS) == result->padding;
  return sound && result->is_sound() ? result : nullptr;
}

cudnnStatus_t finalize(Descriptor& descriptor) {
  for (const cudnnBackendAttributeName_t name : required(descriptor.type)) {
    const auto found = descriptor.attributes.find(name);
    if (found == descriptor.attributes.end()) return CUDNN_STATUS_BAD_PARAM;
    // What a descriptor refers to must be finished.
    if (found->second.type == CUDNN_TYPE_BACKEND_DESCRIPTOR && !descriptor.at(name).is_final) {
      return CUDNN_STATUS_BAD_PARAM;
    }
  }
  switch (descriptor.type) {
    case CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR:
      descriptor.convolution = convolution_of(descriptor.at(CUDNN_ATTR_OPERATIONGRAPH_OPS));
      if (!descriptor.convolution) return CUDNN_STATUS_BAD_PARAM;
      break;
    case CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR:
      descriptor.convolution = descriptor.at(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH).convolution;
      break;
    case CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR: {
      const Descriptor& config = descriptor.at(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG);
      if (!config.engine->makes_plans || dnn().refuses_everything) {
        return CUDNN_STATUS_NOT_SUPPORTED;
      }
      ++dnn().plans;
      descriptor.engine = config.engine;
      descriptor.convolution = config.convolution;
      break;
    }
    default:
      break;
  }
  descriptor.is_final = true;
  return CUDNN_STATUS_SUCCESS;
}

/// Fills descriptors that were made for it.
cudnnStatus_t get_configs(const Descriptor& heuristics, std::int64_t requested, std::int64_t* count,
                          void* values) {
  *count = 0;
  const auto mode = heuristics.one<cudnnBackendHeurMode_t>(CUDNN_ATTR_ENGINEHEUR_MODE);
  for (const Engine& engine : engines()) {
    if (engine.mode != mode) continue;
    if (values != nullptr && *count < requested) {
      auto& config = *static_cast<Descriptor*>(static_cast<void**>(values)[*count]);
      config.engine = &engine;
      config.convolution = heuristics.convolution;
      config.is_final = true;
    }
    ++*count;
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t execute(cudaStream_t stream, const Descriptor& plan, const Descriptor& pack) {
  const auto ids = pack.all<std::int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
  const auto data = pack.all<void*>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
  void* const workspace = pack.one<void*>(CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
  const DeviceMemory& memory = DeviceMemory::instance();
  const Engine& engine = *plan.engine;
  const DnnConvolution& convolution = *plan.convolution;
  if (ids.size() != data.size()) return CUDNN_STATUS_BAD_PARAM;
  void* found[3] = {};
  int i = 0;
  for (const DnnTensor* tensor : {&convolution.x, &convolution.weight, &convolution.y}) {
    const auto at = std::find(ids.begin(), ids.end(), tensor->id) - ids.begin();
    if (at == static_cast<std::ptrdiff_t>(ids.size())) return CUDNN_STATUS_BAD_PARAM;
    void* const address = data[static_cast<std::size_t>(at)];
    const auto alignment = static_cast<std::uintptr_t>(tensor->alignment);
    if (!memory.contains(address) || reinterpret_cast<std::uintptr_t>(address) % alignment != 0) {
      return CUDNN_STATUS_BAD_PARAM;
    }
    found[i++] = address;
  }
  if (engine.workspace > 0 && !memory.contains(workspace)) return CUDNN_STATUS_BAD_PARAM;
  if (!engine.runs) return CUDNN_STATUS_EXECUTION_FAILED;
  ++dnn().executions;
  dnn().engine = engine.id;
  enqueue(stream, [convolution, &engine, workspace, x = found[0], weight = found[1], y = found[2]] {
    if (is_idle()) return;
    const DeviceAccess access;
    // All of it, to show what else might lie there.
    if (engine.workspace > 0) {
      std::memset(workspace, 0xFF, static_cast<std::size_t>(engine.workspace));
    }
    convolution.run(x, weight, y);
    pass_time(engine.milliseconds);
  });
  return CUDNN_STATUS_SUCCESS;
}

}  // namespace

Dnn& dnn() {
  static Dnn state;
  return state;
}

}  // namespace plastic::emulator

using namespace plastic::emulator;

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  *handle = new cudnnContext;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  delete handle;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}
std::size_t cudnnGetVersion() { return 91900; }
void cudnnGetLastErrorString(char* message, std::size_t max_size) {
  const std::string text = "the emulator has no more to say";
  std::memcpy(message, text.c_str(), std::min(text.size() + 1, max_size));
}
const char* cudnnGetErrorString(cudnnStatus_t status) {
  switch (status) {
    case CUDNN_STATUS_SUCCESS:
      return "CUDNN_STATUS_SUCCESS";
    case CUDNN_STATUS_BAD_PARAM:
      return "CUDNN_STATUS_BAD_PARAM";
    case CUDNN_STATUS_NOT_SUPPORTED:
      return "CUDNN_STATUS_NOT_SUPPORTED";
    case CUDNN_STATUS_EXECUTION_FAILED:
      return "CUDNN_STATUS_EXECUTION_FAILED";
  }
  return "unknown";
}

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type,
                                           cudnnBackendDescriptor_t* descriptor) {
  *descriptor = new Descriptor(type);
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor) {
  delete static_cast<Descriptor*>(descriptor);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor,
                                       cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, std::int64_t count,
                                       const void* values) {
  auto& target = *static_cast<Descriptor*>(descriptor);
  const Names names = required(target.type);
  if (target.is_final || std::find(names.begin(), names.end(), name) == names.end()) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  const auto* first = static_cast<const char*>(values);
  const std::size_t bytes = static_cast<std::size_t>(count) * plastic::emulator::size_of(type);
  target.attributes[name] = {.type = type, .bytes = {first, first + bytes}};
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t const descriptor,
                                       cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t, std::int64_t requested,
                                       std::int64_t* count, void* values) {
  const auto& from = *static_cast<const Descriptor*>(descriptor);
  if (!from.is_final) return CUDNN_STATUS_BAD_PARAM;
  switch (name) {
    case CUDNN_ATTR_ENGINEHEUR_RESULTS:
      return get_configs(from, requested, count, values);
    case CUDNN_ATTR_ENGINECFG_ENGINE: {
      auto& engine = *static_cast<Descriptor*>(*static_cast<void**>(values));
      engine.engine = from.engine;
      engine.is_final = true;
      *count = 1;
      return CUDNN_STATUS_SUCCESS;
    }
    case CUDNN_ATTR_ENGINE_NUMERICAL_NOTE:
      *count = static_cast<std::int64_t>(from.engine->notes.size());
      std::copy(from.engine->notes.begin(), from.engine->notes.end(),
                static_cast<cudnnBackendNumericalNote_t*>(values));
      return CUDNN_STATUS_SUCCESS;
    case CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE:
      *count = 1;
      *static_cast<std::int64_t*>(values) = from.engine->workspace;
      return CUDNN_STATUS_SUCCESS;
    default:
      return CUDNN_STATUS_BAD_PARAM;
  }
}

cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t descriptor) {
  return finalize(*static_cast<Descriptor*>(descriptor));
}

cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
                                  cudnnBackendDescriptor_t pack) {
  const auto& to_run = *static_cast<const Descriptor*>(plan);
  const auto& with = *static_cast<const Descriptor*>(pack);
  if (!to_run.is_final || !with.is_final) return CUDNN_STATUS_BAD_PARAM;
  return execute(handle->stream, to_run, with);
}

namespace plastic::cuda {

const std::string& cudnn_reason() {
  static const std::string there;
  static const std::string missing = "the emulator was asked to do without cuDNN";
  return dnn().is_missing ? missing : there;
}

const Cudnn& cudnn() {
  static const Cudnn functions{.create = cudnnCreate,
                               .destroy = cudnnDestroy,
                               .set_stream = cudnnSetStream,
                               .version = cudnnGetVersion,
                               .error_string = cudnnGetErrorString,
                               .last_error = cudnnGetLastErrorString,
                               .create_descriptor = cudnnBackendCreateDescriptor,
                               .destroy_descriptor = cudnnBackendDestroyDescriptor,
                               .set_attribute = cudnnBackendSetAttribute,
                               .get_attribute = cudnnBackendGetAttribute,
                               .finalize = cudnnBackendFinalize,
                               .execute = cudnnBackendExecute};
  return functions;
}

}  // namespace plastic::cuda

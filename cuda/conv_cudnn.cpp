#include "cuda/conv_cudnn.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/check.h"
#include "cuda/check.h"
#include "cuda/cudnn_graph.h"
#include "cuda/filter_layout.h"
#include "cuda/numerics.h"
#include "cuda/tuning.h"
#include "cuda/workspace.h"

namespace plastic::cuda {
namespace {

using cudnn_graph::Descriptor;
using cudnn_graph::Plan;
using Sizes = std::array<std::int64_t, 4>;

/// How many plans are made and measured for a shape.
constexpr std::size_t most_plans = 8;
/// Plans that want more are left out.
constexpr std::int64_t most_workspace_bytes = std::int64_t{256} << 20;
/// What the fast kernels need, and the smallest of f32.
constexpr std::int64_t best_alignment = 16;
constexpr std::int64_t least_alignment = 4;

enum TensorId : std::int64_t { x_id = 1, weight_id, y_id };

/// The attributes of an operation, which each pass has under names of its own.
struct PassNames {
  cudnnBackendDescriptorType_t type;
  cudnnBackendAttributeName_t convolution, x, weight, y, alpha, beta;
};

PassNames names_of(ConvPass pass) {
  switch (pass) {
    case ConvPass::forward:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
    case ConvPass::input_grad:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
    case ConvPass::weight_grad:
      break;
  }
  return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
}

/// What a plan depends on besides the shape.
struct Circumstances {
  ConvPass pass;
  bool tf32, deterministic;
  /// Of the tensor that is aligned least.
  std::int64_t alignment;
};

using Key = std::array<std::int64_t, 21>;

Key key_of(const Conv2dShape& s, const Circumstances& c) {
  return {static_cast<std::int64_t>(s.dtype),
          s.batch,
          s.in_channels,
          s.in_height,
          s.in_width,
          s.out_channels,
          s.out_height,
          s.out_width,
          s.kernel_height,
          s.kernel_width,
          s.stride[0],
          s.stride[1],
          s.padding[0],
          s.padding[1],
          s.dilation[0],
          s.dilation[1],
          s.groups,
          static_cast<std::int64_t>(c.pass),
          c.tf32,
          c.deterministic,
          c.alignment};
}

std::int64_t alignment_of(std::initializer_list<const void*> tensors) {
  std::int64_t alignment = best_alignment;
  for (const void* data : tensors) {
    while (alignment > least_alignment &&
           reinterpret_cast<std::uintptr_t>(data) % static_cast<std::uintptr_t>(alignment) != 0) {
      alignment /= 2;
    }
  }
  return alignment;
}

/// A tensor that lies as (images, rows, columns, channels). A number of groups is what the channels
/// of the filters leave of those of x.
Descriptor channels_last(std::int64_t images, std::int64_t channels, std::int64_t height,
                         std::int64_t width, std::int64_t id, std::int64_t alignment) {
  const Sizes sizes{images, channels, height, width};
  const Sizes strides{height * width * channels, 1, width * channels, channels};
  return cudnn_graph::tensor(CUDNN_DATA_FLOAT, sizes, strides, id, alignment);
}

/// A pass as a graph, with all that it was made of.
struct ConvGraph {
  Descriptor x, weight, y, convolution, operation, graph;
};

Descriptor make_convolution(const Conv2dShape& s) {
  const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
  Descriptor convolution(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  convolution.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, std::int64_t{2})
      .set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT)
      .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode)
      .set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, s.padding)
      .set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, s.padding)
      .set(CUDNN_ATTR_CONVOLUTION_DILATIONS, s.dilation)
      .set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, s.stride)
      .finalize();
  return convolution;
}

ConvGraph make_graph(cudnnHandle_t handle, const Conv2dShape& s, const Circumstances& c) {
  Descriptor x = channels_last(s.batch, s.in_channels, s.in_height, s.in_width, x_id, c.alignment);
  Descriptor weight = channels_last(s.out_channels, s.in_channels / s.groups, s.kernel_height,
                                    s.kernel_width, weight_id, c.alignment);
  Descriptor y =
      channels_last(s.batch, s.out_channels, s.out_height, s.out_width, y_id, c.alignment);
  Descriptor convolution = make_convolution(s);
  const PassNames names = names_of(c.pass);
  Descriptor operation(names.type);
  operation.set(names.convolution, convolution)
      .set(names.x, x)
      .set(names.weight, weight)
      .set(names.y, y)
      .set(names.alpha, 1.0F)
      .set(names.beta, 0.0F)
      .finalize();
  Descriptor graph = cudnn_graph::operation_graph(handle, operation);
  return {.x = std::move(x),
          .weight = std::move(weight),
          .y = std::move(y),
          .convolution = std::move(convolution),
          .operation = std::move(operation),
          .graph = std::move(graph)};
}

/// Whether an engine computes as it is asked to.
bool is_wanted(const Descriptor& config, const Circumstances& c) {
  // The largest tile of Winograd's algorithm loses several digits.
  if (has_note(config, {CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION,
                        CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13})) {
    return false;
  }
  if (!c.tf32 && has_note(config, {CUDNN_NUMERICAL_NOTE_TENSOR_CORE,
                                   CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS})) {
    return false;
  }
  return !c.deterministic || !has_note(config, {CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC});
}

/// Plans for a graph, best first by cuDNN's estimate. An engine that turns out not to be able to do
/// it is left out: that is how cuDNN says so.
std::vector<Plan> make_plans(cudnnHandle_t handle, const Descriptor& graph,
                             const Circumstances& c) {
  std::vector<Plan> plans;
  for (const cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
    std::vector<Descriptor> configs;
    try {
      configs = cudnn_graph::engine_configs(graph, mode);
    } catch (const Error&) {
      continue;
    }
    for (Descriptor& config : configs) {
      if (plans.size() == most_plans) return plans;
      try {
        if (!is_wanted(config, c)) continue;
        Plan plan(handle, std::move(config));
        if (plan.workspace_bytes() <= most_workspace_bytes) plans.push_back(std::move(plan));
      } catch (const Error&) {
        continue;
      }
    }
  }
  return plans;
}

constexpr std::size_t rounded(std::size_t bytes) { return (bytes + 255) / 256 * 256; }

/// Memory for a while, in the order of the stream.
class Block {
 public:
  Block(Memory& memory, std::size_t bytes) : memory_(memory), data_(memory.allocate(bytes)) {}
  ~Block() { memory_.deallocate(data_); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  char* data() const { return static_cast<char*>(data_); }

 private:
  Memory& memory_;
  void* data_;
};

}  // namespace

class CudnnConvolutions::State {
 public:
  explicit State(Context& context) : context_(context), workspace_(context) {
    cudnn_graph::check(cudnn().create(&handle_), "cudnnCreate");
    cudnn_graph::check(cudnn().set_stream(handle_, context.stream()), "cudnnSetStream");
  }
  ~State() {
    plans_.clear();
    cudnn().destroy(handle_);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool run(ConvPass pass, const Conv2dShape& shape, void* x, void* weight, void* y) {
    const bool converts = filters_differ(shape);
    if (converts && !can_convert_filters(shape)) return false;
    const Circumstances circumstances{
        .pass = pass,
        .tf32 = numerics().tf32,
        .deterministic = numerics().deterministic,
        .alignment = converts ? alignment_of({x, y}) : alignment_of({x, weight, y})};
    // A block for the filters as cuDNN reads them, then one for its own work.
    const std::size_t filter_bytes =
        converts ? rounded(static_cast<std::size_t>(shape.out_channels * shape.in_channels /
                                                    shape.groups * shape.kernel_height *
                                                    shape.kernel_width) *
                           size_of(shape.dtype))
                 : 0;
    const Tensors tensors{.x = x, .weight = weight, .y = y};
    const Chosen* chosen = find(shape, circumstances, tensors, filter_bytes);
    if (chosen == nullptr) return false;
    auto* memory = static_cast<char*>(workspace_.get(
        filter_bytes + static_cast<std::size_t>(chosen->plan.workspace_bytes()), "conv2d"));
    void* filters = converts ? memory : weight;
    if (converts && pass != ConvPass::weight_grad) {
      filters_to_channels_last(context_, shape, weight, filters);
    }
    execute(chosen->plan, {.x = x, .weight = filters, .y = y}, memory + filter_bytes);
    if (converts && pass == ConvPass::weight_grad) {
      filters_from_channels_last(context_, shape, filters, weight);
    }
    return true;
  }

 private:
  struct Tensors {
    void *x, *weight, *y;
  };
  struct Chosen {
    ConvGraph graph;
    Plan plan;
  };

  void execute(const Plan& plan, const Tensors& tensors, void* workspace) {
    constexpr std::int64_t ids[] = {x_id, weight_id, y_id};
    void* const data[] = {tensors.x, tensors.weight, tensors.y};
    plan.execute(handle_, ids, data, plan.workspace_bytes() == 0 ? nullptr : workspace);
  }

  /// Null when there is no plan.
  const Chosen* find(const Conv2dShape& shape, const Circumstances& circumstances,
                     const Tensors& tensors, std::size_t filter_bytes) {
    const Key key = key_of(shape, circumstances);
    auto found = plans_.find(key);
    if (found == plans_.end()) {
      if (context_.is_recording()) {
        fail("conv2d", "the convolution of (", shape.batch, ", ", shape.in_channels, ", ",
             shape.in_height, ", ", shape.in_width, ") with (", shape.out_channels, ", ",
             shape.in_channels / shape.groups, ", ", shape.kernel_height, ", ", shape.kernel_width,
             ") was not tuned before, which cannot be done while a step is being recorded; run the "
             "step once before");
      }
      found = plans_.emplace(key, choose(shape, circumstances, tensors, filter_bytes)).first;
    }
    return found->second ? &*found->second : nullptr;
  }

  std::optional<Chosen> choose(const Conv2dShape& shape, const Circumstances& circumstances,
                               const Tensors& tensors, std::size_t filter_bytes) {
    std::optional<ConvGraph> graph;
    try {
      graph = make_graph(handle_, shape, circumstances);
    } catch (const Error&) {
      return std::nullopt;
    }
    std::vector<Plan> plans = make_plans(handle_, graph->graph, circumstances);
    const std::size_t best = choose(plans, circumstances, tensors, filter_bytes);
    if (best == plans.size()) return std::nullopt;
    return Chosen{.graph = std::move(*graph), .plan = std::move(plans[best])};
  }

  /// The position of the plan to use, or their number when none runs. What the plans write is
  /// written anew afterwards.
  std::size_t choose(std::vector<Plan>& plans, const Circumstances& circumstances,
                     const Tensors& tensors, std::size_t filter_bytes) {
    const std::unique_ptr<Block> memory = memory_for(plans, filter_bytes);
    Tensors tried = tensors;
    if (filter_bytes > 0) tried.weight = memory->data();
    const auto run = [&](std::size_t i) {
      try {
        execute(plans[i], tried, memory->data() + filter_bytes);
        return true;
      } catch (const Error&) {
        cudaGetLastError();
        return false;
      }
    };
    if (!circumstances.deterministic) return fastest(context_, plans.size(), run);
    std::size_t first = 0;
    while (first < plans.size() && !run(first)) ++first;
    return first;
  }

  /// Enough for the filters and any of the plans; those that ask for most go when it is not there.
  std::unique_ptr<Block> memory_for(std::vector<Plan>& plans, std::size_t filter_bytes) {
    while (true) {
      std::int64_t most = 0;
      for (const Plan& plan : plans) most = std::max(most, plan.workspace_bytes());
      try {
        return std::make_unique<Block>(context_.memory(),
                                       filter_bytes + static_cast<std::size_t>(most));
      } catch (const Error&) {
        if (most == 0) throw;
        std::erase_if(plans, [&](const Plan& plan) { return plan.workspace_bytes() == most; });
      }
    }
  }

  Context& context_;
  cudnnHandle_t handle_ = nullptr;
  Workspace workspace_;
  std::map<Key, std::optional<Chosen>> plans_;
};

CudnnConvolutions::CudnnConvolutions(Context& context) : state_(std::make_unique<State>(context)) {}
CudnnConvolutions::~CudnnConvolutions() = default;

bool CudnnConvolutions::run(ConvPass pass, const Conv2dShape& shape, void* x, void* weight,
                            void* y) {
  return state_->run(pass, shape, x, weight, y);
}

}  // namespace plastic::cuda

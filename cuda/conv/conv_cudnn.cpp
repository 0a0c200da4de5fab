#include "cuda/conv/conv_cudnn.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/check.h"
#include "cuda/conv/conv_graph.h"
#include "cuda/conv/filter_layout.h"
#include "cuda/runtime/alignment.h"
#include "cuda/runtime/check.h"
#include "cuda/runtime/scratch.h"
#include "cuda/runtime/tuning.h"
#include "cuda/runtime/workspace.h"
#include "plastic/core/deterministic.h"
#include "plastic/core/precision.h"

namespace plastic::cuda {
namespace {

using cudnn_graph::Plan;

/// How many plans are made and measured for a shape.
constexpr std::size_t max_plans = 8;

/// What the fast kernels need.
constexpr std::uint32_t best_alignment = 16;

using Key = std::array<std::int64_t, 21>;

Key key_of(const Conv2dShape& s, const ConvRules& rules) {
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
          static_cast<std::int64_t>(rules.pass),
          rules.tensor_cores,
          rules.deterministic,
          rules.alignment};
}

/// The alignment of the tensor that is aligned least.
std::int64_t min_alignment(std::initializer_list<const void*> tensors) {
  std::uint32_t least = best_alignment;
  for (const void* data : tensors) least = alignment_of(data, least);
  return least;
}

constexpr std::size_t rounded(std::size_t bytes) { return (bytes + 255) / 256 * 256; }

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
    const ConvRules rules{
        .pass = pass,
        .tensor_cores = shape.dtype == DType::bf16 || precision() == Precision::tf32,
        .deterministic = deterministic(),
        .alignment = converts ? min_alignment({x, y}) : min_alignment({x, weight, y})};
    // A block for the filters as cuDNN reads them, then one for its own work.
    const std::size_t filter_bytes =
        converts ? rounded(static_cast<std::size_t>(shape.out_channels * shape.in_channels /
                                                    shape.groups * shape.kernel_height *
                                                    shape.kernel_width) *
                           size_of(shape.dtype))
                 : 0;
    const Tensors tensors{.x = x, .weight = weight, .y = y};
    const Chosen* chosen = find(shape, rules, tensors, filter_bytes);
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
    void* const data[] = {tensors.x, tensors.weight, tensors.y};
    plan.execute(handle_, conv_tensor_ids, data, plan.workspace_bytes() == 0 ? nullptr : workspace);
  }

  /// Null when there is no plan.
  const Chosen* find(const Conv2dShape& shape, const ConvRules& rules, const Tensors& tensors,
                     std::size_t filter_bytes) {
    const Key key = key_of(shape, rules);
    auto found = plans_.find(key);
    if (found == plans_.end()) {
      if (context_.is_recording()) {
        fail("conv2d", "the convolution of (", shape.batch, ", ", shape.in_channels, ", ",
             shape.in_height, ", ", shape.in_width, ") with (", shape.out_channels, ", ",
             shape.in_channels / shape.groups, ", ", shape.kernel_height, ", ", shape.kernel_width,
             ") was not tuned before, which cannot be done while a step is being captured; run the "
             "step once before");
      }
      found = plans_.emplace(key, choose(shape, rules, tensors, filter_bytes)).first;
    }
    return found->second ? &*found->second : nullptr;
  }

  std::optional<Chosen> choose(const Conv2dShape& shape, const ConvRules& rules,
                               const Tensors& tensors, std::size_t filter_bytes) {
    std::optional<ConvGraph> graph;
    try {
      graph = make_conv_graph({.handle = handle_}, shape, rules);
    } catch (const Error&) {
      return std::nullopt;
    }
    std::vector<Plan> plans = make_conv_plans({.handle = handle_}, *graph, rules, max_plans);
    const std::size_t best = choose(plans, rules, tensors, filter_bytes);
    if (best == plans.size()) return std::nullopt;
    return Chosen{.graph = std::move(*graph), .plan = std::move(plans[best])};
  }

  /// The position of the plan to use, or their number when none runs. What the plans write is
  /// written again afterwards.
  std::size_t choose(std::vector<Plan>& plans, const ConvRules& rules, const Tensors& tensors,
                     std::size_t filter_bytes) {
    const std::unique_ptr<Scratch> memory = memory_for(plans, filter_bytes);
    Tensors tried = tensors;
    if (filter_bytes > 0) tried.weight = memory->as<char>();
    const auto run = [&](std::size_t i) {
      try {
        execute(plans[i], tried, memory->as<char>() + filter_bytes);
        return true;
      } catch (const Error&) {
        cudaGetLastError();
        return false;
      }
    };
    if (!rules.deterministic) return fastest(context_, plans.size(), run);
    std::size_t first = 0;
    while (first < plans.size() && !run(first)) ++first;
    return first;
  }

  /// Enough for the filters and any of the plans; those that ask for most go when it is not there.
  std::unique_ptr<Scratch> memory_for(std::vector<Plan>& plans, std::size_t filter_bytes) {
    while (true) {
      std::int64_t most = 0;
      for (const Plan& plan : plans) most = std::max(most, plan.workspace_bytes());
      try {
        return std::make_unique<Scratch>(context_, filter_bytes + static_cast<std::size_t>(most));
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

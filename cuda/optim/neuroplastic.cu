// The three passes of classic.h and variants.h, a kernel each. The block that completes a tensor
// turns its sums into the numbers that the next kernel needs, so that nothing travels to the host.
//
// Bytes of memory traffic a parameter, which bound the time: observe 32 (reads g, a, m, v; writes
// a, m, v, w), measure 16 (reads g, a, w; writes w), apply 12 (reads θ, w; writes θ): 60 for the
// classic variant. Coupled decay and the residual variants read θ or x on top, 4 or 8 a pass, and
// the hybrids their averages.
#include <algorithm>

#include "cuda/optim/neuroplastic.h"
#include "cuda/optim/optim_kernels.h"

namespace plastic::cuda {
namespace {

using np::RuleTensor;
using np::Variant;
using Head = NeuroPlasticHead;

constexpr int classes = np::controller_classes;

__device__ constexpr bool has_square(Variant variant) { return variant == Variant::adamw; }
__device__ constexpr bool has_average(Variant variant) {
  return variant == Variant::adamw || variant == Variant::sgd_momentum;
}

/// Calls f with the variant as a type.
template <Variant variant>
struct Tag {};
template <class F>
__device__ void with_variant(Variant variant, F f) {
  switch (variant) {
    case Variant::classic:
      return f(Tag<Variant::classic>());
    case Variant::bounded_residual:
      return f(Tag<Variant::bounded_residual>());
    case Variant::orthogonal_residual:
      return f(Tag<Variant::orthogonal_residual>());
    case Variant::adamw:
      return f(Tag<Variant::adamw>());
    case Variant::sgd_momentum:
      return f(Tag<Variant::sgd_momentum>());
  }
}

// ---- observe

template <Variant variant, int n>
__device__ void observe_averages(const np::Piece& p, const np::Base& base, int i,
                                 const Floats<n>& g) {
  // Among the hybrids, only SGD's momentum includes decay.
  Floats<n> theta{}, average = load<n>(p.base_exp_avg + i), square{};
  if constexpr (!has_square(variant)) theta = load<n>(p.theta + i);
  if constexpr (has_square(variant)) square = load<n>(p.base_exp_avg_sq + i);
  for (int k = 0; k < n; ++k) {
    const np::Averages next = np::observe(base, {average[k], square[k]}, g[k], theta[k]);
    average[k] = next.average;
    square[k] = next.square;
  }
  store(p.base_exp_avg + i, average);
  if constexpr (has_square(variant)) store(p.base_exp_avg_sq + i, square);
}

/// Sums of |g|, a and w.
template <Variant variant>
__device__ void observe_chunk(const Head& head, const RuleTensor& tensor, const Chunk& chunk,
                              double (&sums)[3]) {
  const np::Base base = tensor.base;
  const auto eps = static_cast<float>(tensor.settings.eps);
  const np::Piece p = piece_of(head, chunk);
  for_floats(chunk, p.theta, [&]<int n>(Width<n>, int i) {
    const Floats<n> g = load<n>(p.gradient + i);
    // First, while nothing else takes up registers.
    if constexpr (has_average(variant)) observe_averages<variant>(p, base, i, g);
    Floats<n> a = load<n>(p.activity + i);
    Floats<n> m = load<n>(p.momentum + i);
    Floats<n> v = load<n>(p.variance + i);
    Floats<n> w;
    for (int k = 0; k < n; ++k) {
      const np::Traces t = np::observe({a[k], m[k], v[k]}, g[k]);
      a[k] = t.a;
      m[k] = t.m;
      v[k] = t.v;
      w[k] = np::memory(t, eps);
      sums[0] += static_cast<double>(std::fabs(g[k]));
      sums[1] += static_cast<double>(t.a);
      sums[2] += static_cast<double>(w[k]);
    }
    store(p.activity + i, a);
    store(p.momentum + i, m);
    store(p.variance + i, v);
    store(p.carried + i, w);
  });
}

__global__ void __launch_bounds__(block_threads, 4) observe_kernel(const Head* address) {
  const Head& head = *address;
  if (blockIdx.x == 0) clear(*head.totals);
  for_own_chunks(head.table, [&](const Chunk& chunk, unsigned index) {
    const RuleTensor& tensor = head.table.tensors[chunk.tensor];
    const np::Settings& settings = tensor.settings;
    double sums[3] = {};
    if (settings.variant == Variant::adamw) {
      observe_chunk<Variant::adamw>(head, tensor, chunk, sums);
    } else if (settings.variant == Variant::sgd_momentum) {
      observe_chunk<Variant::sgd_momentum>(head, tensor, chunk, sums);
    } else {
      observe_chunk<Variant::classic>(head, tensor, chunk, sums);
    }
    double totals[3];
    if (!add_to_tensor(head.sums, head.table, index, sums, totals)) return;
    if (threadIdx.x == 0) {
      const np::SignalSums observed{totals[0], totals[1], totals[2]};
      head.observed[chunk.tensor] = observed;
      head.coefficients[chunk.tensor] = np::coefficient(settings, observed, tensor.numel);
    }
  });
}

// ---- measure

/// The lr controller's means over the tensors of a class, and what follows for each tensor.
__device__ void control(const Head& head) {
  double own[2 * classes] = {};
  for (unsigned i = threadIdx.x; i < head.table.tensor_count; i += block_threads) {
    const double signal = __ldcg(&head.measured[i].signal);
    const int which = head.table.tensors[i].controller_class;
    for (int k = 0; k < classes; ++k) {
      own[k] += k == which ? signal : 0;
      own[classes + k] += k == which ? 1 : 0;
    }
  }
  __shared__ double totals[2 * classes];
  block_sums(own, [&](unsigned k, double sum) { totals[k] = sum; });
  __syncthreads();
  for (unsigned i = threadIdx.x; i < head.table.tensor_count; i += block_threads) {
    const RuleTensor& tensor = head.table.tensors[i];
    const int which = tensor.controller_class;
    if (which < 0) continue;
    const double multiplier =
        np::lr_multiplier(tensor.controller, totals[which] / totals[classes + which]);
    const Measured* measured = &head.measured[i];
    const double scale = __ldcg(&measured->scale);
    np::Mix mix;
    mix.a = __ldcg(&measured->mix.a);
    mix.c = __ldcg(&measured->mix.c);
    mix.l = __ldcg(&measured->mix.l);
    mix.norm = __ldcg(&measured->mix.norm);
    head.decided[i] = {.update = np::update(tensor.settings, mix, scale, multiplier),
                       .effective_norm = mix.norm * scale * multiplier};
  }
}

/// In the block that completed the tensor.
__device__ void finish_tensor(const Head& head, unsigned index, const np::UpdateSums& sums) {
  if (threadIdx.x == 0) {
    const RuleTensor& tensor = head.table.tensors[index];
    const np::Settings& settings = tensor.settings;
    const np::Mix mix = np::mix(settings, sums);
    const double scale = np::homeostasis(settings, mix.norm, tensor.numel);
    const double signal = sums.log_ratio / static_cast<double>(tensor.numel);
    head.measured[index] = {.mix = mix, .scale = scale, .signal = signal};
    head.decided[index] = {.update = np::update(settings, mix, scale, 1),
                           .effective_norm = mix.norm * scale};
  }
  if (!head.is_controlled) return;
  if (is_last_to_arrive(head.tensors_arrived, head.table.tensor_count)) control(head);
}

/// Sums of y² and of log_ratio; θ is read only where there is decay.
__device__ void measure_classic(const Head& head, const RuleTensor& tensor, const Chunk& chunk,
                                double (&sums)[2]) {
  const np::Settings settings = tensor.settings;
  const np::Coefficient c = head.coefficients[chunk.tensor];
  const bool is_watched = tensor.controller_class >= 0;
  const np::Base none;
  const np::Piece p = piece_of(head, chunk);
  for_floats(chunk, p.theta, [&]<int n>(Width<n>, int i) {
    const Floats<n> g = load<n>(p.gradient + i);
    const Floats<n> a = load<n>(p.activity + i);
    Floats<n> w = load<n>(p.carried + i), theta{};
    if (settings.coupled_decay != 0) theta = load<n>(p.theta + i);
    for (int k = 0; k < n; ++k) {
      const np::Alpha alpha = np::alpha(c, g[k], a[k], w[k]);
      w[k] = np::plasticity(settings, Variant::classic, none, alpha, 0, g[k], {}, theta[k]);
      const auto y = static_cast<double>(w[k]);
      sums[0] += y * y;
      if (is_watched) sums[1] += static_cast<double>(np::log_ratio(alpha, c.eps));
    }
    store(p.carried + i, w);
  });
}

/// A hybrid's averages where it has them.
template <Variant variant, int n>
struct AverageFloats {
  Floats<n> average{}, square{};

  __device__ AverageFloats(const np::Piece& p, int i) {
    if constexpr (has_average(variant)) average = load<n>(p.base_exp_avg + i);
    if constexpr (has_square(variant)) square = load<n>(p.base_exp_avg_sq + i);
  }
  __device__ np::Averages operator[](int k) const { return {average[k], square[k]}; }
};

/// In the order of UpdateSums' members. Products of θ are read where `mix` asks for them.
template <Variant variant>
__device__ void measure_products(const Head& head, const RuleTensor& tensor, const Chunk& chunk,
                                 double (&sums)[7]) {
  const np::Settings settings = tensor.settings;
  const np::Base base = tensor.base;
  const np::Coefficient c = head.coefficients[chunk.tensor];
  const bool is_watched = tensor.controller_class >= 0;
  const bool needs_theta = has_average(variant) ? settings.target == np::Target::trust_ratio
                                                : settings.coupled_decay != 0;
  const np::Piece p = piece_of(head, chunk);
  for_floats(chunk, p.theta, [&]<int n>(Width<n>, int i) {
    const Floats<n> g = load<n>(p.gradient + i);
    const Floats<n> a = load<n>(p.activity + i);
    Floats<n> w = load<n>(p.carried + i), theta{};
    if (needs_theta) theta = load<n>(p.theta + i);
    const AverageFloats<variant, n> averages(p, i);
    for (int k = 0; k < n; ++k) {
      const np::Alpha alpha = np::alpha(c, g[k], a[k], w[k]);
      const float start = np::start(variant, base, g[k], averages[k]);
      w[k] = np::plasticity(settings, variant, base, alpha, start, g[k], averages[k], theta[k]);
      const auto x = static_cast<double>(start);
      const auto y = static_cast<double>(w[k]);
      sums[0] += x * x;
      sums[1] += x * y;
      sums[2] += y * y;
      if (needs_theta) {
        const auto t = static_cast<double>(theta[k]);
        sums[3] += x * t;
        sums[4] += y * t;
        sums[5] += t * t;
      }
      if (is_watched) sums[6] += static_cast<double>(np::log_ratio(alpha, c.eps));
    }
    store(p.carried + i, w);
  });
}

/// Adds the chunk's sums. True in the block that completes the tensor, with the tensor's sums.
__device__ bool measure_chunk(const Head& head, const RuleTensor& tensor, const Chunk& chunk,
                              unsigned index, np::UpdateSums& sums) {
  const Variant variant = tensor.settings.variant;
  if (variant == Variant::classic) {
    double own[2] = {};
    double totals[2];
    measure_classic(head, tensor, chunk, own);
    if (!add_to_tensor(head.sums, head.table, index, own, totals)) return false;
    sums = {.yy = totals[0], .log_ratio = totals[1]};
    return true;
  }
  double own[7] = {};
  double t[7];
  with_variant(variant, [&]<Variant known>(Tag<known>) {
    if constexpr (known != Variant::classic) measure_products<known>(head, tensor, chunk, own);
  });
  if (!add_to_tensor(head.sums, head.table, index, own, t)) return false;
  sums = {t[0], t[1], t[2], t[3], t[4], t[5], t[6]};
  return true;
}

__global__ void __launch_bounds__(block_threads, 4) measure_kernel(const Head* address) {
  const Head& head = *address;
  for_own_chunks(head.table, [&](const Chunk& chunk, unsigned index) {
    const RuleTensor& tensor = head.table.tensors[chunk.tensor];
    np::UpdateSums sums;
    if (measure_chunk(head, tensor, chunk, index, sums)) finish_tensor(head, chunk.tensor, sums);
  });
}

// ---- apply

__global__ void __launch_bounds__(block_threads, 4) apply_kernel(const Head* address) {
  const Head& head = *address;
  for_own_chunks(head.table, [&](const Chunk& chunk, unsigned) {
    const RuleTensor& tensor = head.table.tensors[chunk.tensor];
    const np::Update update = head.decided[chunk.tensor].update;
    with_variant(tensor.settings.variant, [&]<Variant variant>(Tag<variant>) {
      const np::Base base = tensor.base;
      const np::Piece p = piece_of(head, chunk);
      for_floats(chunk, p.theta, [&]<int n>(Width<n>, int i) {
        Floats<n> theta = load<n>(p.theta + i);
        const Floats<n> y = load<n>(p.carried + i);
        Floats<n> g{};
        if constexpr (variant != Variant::classic && !has_average(variant)) {
          g = load<n>(p.gradient + i);
        }
        const AverageFloats<variant, n> averages(p, i);
        for (int k = 0; k < n; ++k) {
          const float x = np::start(variant, base, g[k], averages[k]);
          theta[k] = update(theta[k], x, y[k]);
        }
        store(p.theta + i, theta);
      });
    });
  });
}

// ---- the stepper

class CudaNeuroPlastic : public optim::NeuroPlasticStepper {
 public:
  explicit CudaNeuroPlastic(Context& context) : context_(context) { totals_.reserve(1); }

  void prepare(const np::Step& step) override {
    context_.use();
    const std::span<const RuleTensor> tensors = step.tensors;
    const bool is_controlled = std::any_of(tensors.begin(), tensors.end(), [](const auto& tensor) {
      return tensor.controller_class >= 0;
    });
    const Table<RuleTensor> table = table_.send(tensors);
    const std::size_t tensor_count = table.tensor_count, chunk_count = table.chunk_count;
    const std::int64_t begin = tensors.empty() ? 0 : tensors.front().offset;
    const std::int64_t end = tensors.empty() ? 0 : tensors.back().offset + tensors.back().numel;
    Head head{.table = table,
              .blocks = step.blocks,
              .carried = carried_.reserve(static_cast<std::size_t>(end - begin)),
              .carried_begin = begin,
              .sums = {.partial = partial_.reserve(TensorSums::most * chunk_count),
                       .arrived = arrived_.reserve(tensor_count)},
              .observed = observed_.reserve(tensor_count),
              .coefficients = coefficients_.reserve(tensor_count),
              .measured = measured_.reserve(tensor_count),
              .decided = decided_.reserve(tensor_count),
              .tensors_arrived = tensors_arrived_.reserve(1),
              .is_controlled = is_controlled,
              .is_diagnosed = step.diagnostics.has_value(),
              .totals = totals_.data()};
    if (step.diagnostics) {
      head.low = step.diagnostics->low;
      head.high = step.diagnostics->high;
      head.near_low = step.diagnostics->near_low;
      head.near_high = step.diagnostics->near_high;
      head.diagnosed = diagnosed_.reserve(chunk_count);
    }
    head_.send(head);
  }

  void run() override {
    context_.use();
    const Head* const head = head_.device();
    const bool is_diagnosed = head_.host().is_diagnosed;
    const Grid grid = grid_for_chunks(context_, head_.host().table.chunk_count);
    launch(context_, "neuroplastic observe", observe_kernel, grid, head);
    if (is_diagnosed) launch_diagnose(context_, grid, head);
    launch(context_, "neuroplastic measure", measure_kernel, grid, head);
    launch(context_, "neuroplastic apply", apply_kernel, grid, head);
    if (is_diagnosed) launch_total(context_, head);
  }

  np::DiagnosticSums diagnostics() override {
    context_.use();
    return read_totals(context_, totals_.data());
  }

  std::vector<np::TensorTotals> totals() override {
    context_.use();
    context_.check_not_recording("inspect");
    const std::size_t count = head_.host().table.tensor_count;
    std::vector<np::SignalSums> observed(count);
    std::vector<Measured> measured(count);
    read(observed, observed_.data());
    read(measured, measured_.data());
    context_.wait("inspect");
    std::vector<np::TensorTotals> totals(count);
    for (std::size_t i = 0; i < count; ++i) totals[i] = {observed[i], measured[i].mix.norm};
    return totals;
  }

 private:
  template <class T>
  void read(std::vector<T>& out, const T* from) {
    if (out.empty()) return;
    check(cudaMemcpyAsync(out.data(), from, out.size() * sizeof(T), cudaMemcpyDeviceToHost,
                          context_.stream()),
          "cudaMemcpyAsync of NeuroPlastic's sums");
  }

  Context& context_;
  TableUpload<RuleTensor> table_{context_};
  HeadUpload<Head> head_{context_};
  DeviceArray<float> carried_{context_};
  DeviceArray<double> partial_{context_};
  DeviceArray<unsigned> arrived_{context_}, tensors_arrived_{context_};
  DeviceArray<np::SignalSums> observed_{context_};
  DeviceArray<np::Coefficient> coefficients_{context_};
  DeviceArray<Measured> measured_{context_};
  DeviceArray<Decided> decided_{context_};
  DeviceArray<ChunkDiagnostics> diagnosed_{context_};
  DeviceArray<DiagnosticTotals> totals_{context_};
};

}  // namespace

std::unique_ptr<optim::NeuroPlasticStepper> make_neuroplastic(Context& context) {
  return std::make_unique<CudaNeuroPlastic>(context);
}

}  // namespace plastic::cuda

// SGD, Adam and AdamW: one launch a step, whatever the number of tensors. Bytes of memory traffic a
// parameter, which bound the time: Adam 28 (reads θ, g and two averages, writes all but g); SGD 12,
// with momentum 20.
#include "cuda/optim/optim_chunks.h"
#include "cuda/optim/optim_kernels.h"
#include "cuda/runtime/floats.h"

namespace plastic::cuda {
namespace {

using optim::AdamElement;
using optim::AdamRule;
using optim::AdamStep;
using optim::SgdElement;
using optim::SgdRule;
using optim::SgdStep;
using optim::Work;

struct SgdHead {
  Table<Work<SgdRule>> table;
  const float* gradients = nullptr;
  float* momentum = nullptr;

  bool operator==(const SgdHead&) const = default;
};

struct AdamHead {
  Table<Work<AdamRule>> table;
  const float* gradients = nullptr;
  float* average = nullptr;
  float* square = nullptr;

  bool operator==(const AdamHead&) const = default;
};

__device__ void sgd_chunk(const SgdHead& head, const SgdRule& rule, const Chunk& chunk) {
  float* const parameters = parameters_of(head.table, chunk);
  const float* const gradients = head.gradients + chunk.begin;
  for_floats(chunk, parameters, [&]<int n>(Width<n>, int i) {
    const Floats<n> g = load<n>(gradients + i);
    Floats<n> theta = load<n>(parameters + i);
    for (int k = 0; k < n; ++k) theta[k] = rule(theta[k], g[k]);
    store(parameters + i, theta);
  });
}

__device__ void momentum_chunk(const SgdHead& head, const SgdRule& rule, const Chunk& chunk) {
  float* const parameters = parameters_of(head.table, chunk);
  const float* const gradients = head.gradients + chunk.begin;
  float* const momentum = head.momentum + chunk.begin;
  for_floats(chunk, parameters, [&]<int n>(Width<n>, int i) {
    const Floats<n> g = load<n>(gradients + i);
    Floats<n> theta = load<n>(parameters + i);
    Floats<n> buffer = load<n>(momentum + i);
    for (int k = 0; k < n; ++k) {
      const SgdElement next = rule({theta[k], buffer[k]}, g[k]);
      theta[k] = next.theta;
      buffer[k] = next.buffer;
    }
    store(parameters + i, theta);
    store(momentum + i, buffer);
  });
}

__global__ void __launch_bounds__(block_threads) sgd_kernel(const SgdHead* address) {
  const SgdHead head = *address;
  for_own_chunks(head.table, [&](const Chunk& chunk, unsigned) {
    const SgdRule rule = head.table.tensors[chunk.tensor].rule;
    if (rule.through == 0) {
      sgd_chunk(head, rule, chunk);
    } else {
      momentum_chunk(head, rule, chunk);
    }
  });
}

__device__ void adam_chunk(const AdamHead& head, const AdamRule& rule, const Chunk& chunk) {
  float* const parameters = parameters_of(head.table, chunk);
  const float* const gradients = head.gradients + chunk.begin;
  float* const averages = head.average + chunk.begin;
  float* const squares = head.square + chunk.begin;
  for_floats(chunk, parameters, [&]<int n>(Width<n>, int i) {
    const Floats<n> g = load<n>(gradients + i);
    Floats<n> theta = load<n>(parameters + i);
    Floats<n> average = load<n>(averages + i);
    Floats<n> square = load<n>(squares + i);
    for (int k = 0; k < n; ++k) {
      const AdamElement next = rule({theta[k], average[k], square[k]}, g[k]);
      theta[k] = next.theta;
      average[k] = next.average;
      square[k] = next.square;
    }
    store(parameters + i, theta);
    store(averages + i, average);
    store(squares + i, square);
  });
}

__global__ void __launch_bounds__(block_threads) adam_kernel(const AdamHead* address) {
  const AdamHead head = *address;
  for_own_chunks(head.table, [&](const Chunk& chunk, unsigned) {
    const AdamRule rule = head.table.tensors[chunk.tensor].rule;
    adam_chunk(head, rule, chunk);
  });
}

class CudaSgd : public optim::Stepper<SgdStep> {
 public:
  explicit CudaSgd(Context& context) : context_(context), table_(context), head_(context) {}

  void prepare(const SgdStep& step) override {
    context_.use();
    head_.send({.table = table_.send(step.tensors),
                .gradients = step.gradients,
                .momentum = step.momentum});
  }
  void run() override {
    context_.use();
    launch(context_, "sgd", sgd_kernel, grid_for_chunks(context_, head_.host().table.chunk_count),
           head_.device());
  }

 private:
  Context& context_;
  TableUpload<Work<SgdRule>> table_;
  HeadUpload<SgdHead> head_;
};

class CudaAdam : public optim::Stepper<AdamStep> {
 public:
  explicit CudaAdam(Context& context) : context_(context), table_(context), head_(context) {}

  void prepare(const AdamStep& step) override {
    context_.use();
    head_.send({.table = table_.send(step.tensors),
                .gradients = step.gradients,
                .average = step.average,
                .square = step.square});
  }
  void run() override {
    context_.use();
    launch(context_, "adam", adam_kernel, grid_for_chunks(context_, head_.host().table.chunk_count),
           head_.device());
  }

 private:
  Context& context_;
  TableUpload<Work<AdamRule>> table_;
  HeadUpload<AdamHead> head_;
};

}  // namespace

std::unique_ptr<optim::Stepper<SgdStep>> make_sgd(Context& context) {
  return std::make_unique<CudaSgd>(context);
}

std::unique_ptr<optim::Stepper<AdamStep>> make_adam(Context& context) {
  return std::make_unique<CudaAdam>(context);
}

}  // namespace plastic::cuda

#include "optim/cpu_kernels.h"

#include <cstddef>
#include <new>

#include "optim/cpu_chunks.h"
#include "optim/cpu_lanes.h"
#include "optim/kept_step.h"

namespace plastic::optim {
namespace {

/// Elements that are computed together: enough independent roots and divisions to fill the pipe.
constexpr int lanes = 16;

void sgd_chunk(const SgdRule rule, float* __restrict theta, const float* __restrict g,
               std::int64_t count) {
  for_lanes<lanes>(count, [=](std::int64_t i, int) { theta[i] = rule(theta[i], g[i]); });
}

void sgd_chunk(const SgdRule rule, float* __restrict theta, const float* __restrict g,
               float* __restrict buffer, std::int64_t count) {
  for_lanes<lanes>(count, [=](std::int64_t i, int) {
    const SgdElement next = rule({theta[i], buffer[i]}, g[i]);
    theta[i] = next.theta;
    buffer[i] = next.buffer;
  });
}

void adam_chunk(const AdamRule rule, float* __restrict theta, const float* __restrict g,
                float* __restrict average, float* __restrict square, std::int64_t count) {
  for_lanes<lanes>(count, [=](std::int64_t i, int) {
    const AdamElement next = rule({theta[i], average[i], square[i]}, g[i]);
    theta[i] = next.theta;
    average[i] = next.average;
    square[i] = next.square;
  });
}

class CpuSgd : public Stepper<SgdStep> {
 public:
  void prepare(const SgdStep& step) override { step_.keep(step); }

  void run() override {
    for_chunks(chunks_of(step_->tensors), [&](const Chunk& chunk, std::size_t) {
      const SgdRule rule = step_->tensors[chunk.tensor].rule;
      float* theta = parameters_of(step_->tensors, chunk);
      const float* g = step_->gradients + chunk.begin;
      const std::int64_t count = chunk.end - chunk.begin;
      if (rule.through == 0) {
        sgd_chunk(rule, theta, g, count);
      } else {
        sgd_chunk(rule, theta, g, step_->momentum + chunk.begin, count);
      }
    });
  }

 private:
  KeptStep<SgdStep> step_;
};

class CpuAdam : public Stepper<AdamStep> {
 public:
  void prepare(const AdamStep& step) override { step_.keep(step); }

  void run() override {
    for_chunks(chunks_of(step_->tensors), [&](const Chunk& chunk, std::size_t) {
      const AdamRule rule = step_->tensors[chunk.tensor].rule;
      adam_chunk(rule, parameters_of(step_->tensors, chunk), step_->gradients + chunk.begin,
                 step_->average + chunk.begin, step_->square + chunk.begin,
                 chunk.end - chunk.begin);
    });
  }

 private:
  KeptStep<AdamStep> step_;
};

class CpuKernels : public Kernels {
 public:
  std::unique_ptr<Stepper<SgdStep>> sgd() override { return std::make_unique<CpuSgd>(); }
  std::unique_ptr<Stepper<AdamStep>> adam() override { return std::make_unique<CpuAdam>(); }
  std::unique_ptr<NeuroPlasticStepper> neuroplastic() override { return cpu_neuroplastic(); }
};

}  // namespace

Kernels& cpu_kernels() {
  // Never destroyed: optimizers of static storage outlive what is made after them.
  alignas(CpuKernels) static std::byte place[sizeof(CpuKernels)];
  static auto& kernels = *new (place) CpuKernels;
  return kernels;
}

namespace {

// Made before main(): a fork while another thread made it would leave the child waiting for it.
[[maybe_unused]] const Kernels& made_early = cpu_kernels();

}  // namespace

}  // namespace plastic::optim

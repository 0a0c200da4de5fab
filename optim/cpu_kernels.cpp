#include "optim/cpu_kernels.h"

#include "optim/cpu_chunks.h"
#include "optim/cpu_lanes.h"

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

class CpuKernels : public Kernels {
 public:
  void sgd(const SgdStep& step) override {
    for_chunks(chunks_of(step.tensors), [&](const Chunk& chunk, std::size_t) {
      const SgdRule rule = step.tensors[chunk.tensor].rule;
      float* theta = step.parameters + chunk.begin;
      const float* g = step.gradients + chunk.begin;
      const std::int64_t count = chunk.end - chunk.begin;
      if (rule.through == 0) {
        sgd_chunk(rule, theta, g, count);
      } else {
        sgd_chunk(rule, theta, g, step.momentum + chunk.begin, count);
      }
    });
  }

  void adam(const AdamStep& step) override {
    for_chunks(chunks_of(step.tensors), [&](const Chunk& chunk, std::size_t) {
      const AdamRule rule = step.tensors[chunk.tensor].rule;
      adam_chunk(rule, step.parameters + chunk.begin, step.gradients + chunk.begin,
                 step.average + chunk.begin, step.square + chunk.begin, chunk.end - chunk.begin);
    });
  }

  void neuroplastic(const NeuroPlasticStep& step) override { cpu_neuroplastic(step); }
};

}  // namespace

Kernels& cpu_kernels() {
  static CpuKernels kernels;
  return kernels;
}

}  // namespace plastic::optim

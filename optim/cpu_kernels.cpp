#include "optim/cpu_kernels.h"

#include "optim/cpu_chunks.h"

namespace plastic::optim {
namespace {

void sgd_chunk(const SgdRule rule, float* __restrict theta, const float* __restrict g,
               std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) rule(theta[i], g[i]);
}

void sgd_chunk(const SgdRule rule, float* __restrict theta, const float* __restrict g,
               float* __restrict buffer, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) rule(theta[i], g[i], buffer[i]);
}

void adam_chunk(const AdamRule rule, float* __restrict theta, const float* __restrict g,
                float* __restrict average, float* __restrict square, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) rule(theta[i], g[i], average[i], square[i]);
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

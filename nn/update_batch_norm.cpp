#include "plastic/nn/update_batch_norm.h"

#include <utility>
#include <vector>

#include "core/check.h"
#include "plastic/core/autograd.h"
#include "plastic/nn/batch_norm.h"

namespace plastic::nn {
namespace {

/// A module and the mode that it was in.
using Modes = std::vector<std::pair<Module*, bool>>;

/// A buffer and its values.
using Values = std::vector<std::pair<Tensor, Tensor>>;

}  // namespace

void update_batch_norm(Module& model, const std::function<Tensor()>& next_batch) {
  const NoGrad no_grad;
  Modes modes;
  std::vector<BatchNorm*> norms;
  Values before;
  for (Module* module : model.all_modules()) {
    modes.emplace_back(module, module->training_);
    BatchNorm* norm = module->as_batch_norm();
    if (norm == nullptr || !norm->running_mean.defined()) continue;
    norms.push_back(norm);
    for (const Tensor& buffer :
         {norm->running_mean, norm->running_var, norm->num_batches_tracked}) {
      before.emplace_back(buffer, buffer.clone());
    }
  }
  const auto finish = [&]() noexcept {
    for (const auto& [module, mode] : modes) module->training_ = mode;
    for (BatchNorm* norm : norms) norm->averaged_batches_.reset();
  };
  try {
    for (BatchNorm* norm : norms) {
      norm->averaged_batches_ = 0;
      norm->running_mean.fill_(0);
      norm->running_var.fill_(1);
      norm->num_batches_tracked.fill_(0);
    }
    for (const auto& [module, mode] : modes) module->training_ = true;
    bool has_any = false;
    for (Tensor batch = next_batch(); batch.defined(); batch = next_batch()) {
      model.forward(batch);
      has_any = true;
    }
    if (!has_any) fail("update_batch_norm", "there was no batch; start the epoch first");
  } catch (...) {
    finish();
    for (auto& [buffer, values] : before) buffer.copy_(values);
    throw;
  }
  finish();
}

}  // namespace plastic::nn

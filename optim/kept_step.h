#pragma once

#include <type_traits>
#include <vector>

namespace plastic::optim {

/// A step with its list of tensors, for a device whose rules stay on the host.
template <class Step>
class KeptStep {
 public:
  KeptStep() = default;
  KeptStep(const KeptStep&) = delete;
  KeptStep& operator=(const KeptStep&) = delete;

  void keep(const Step& step) {
    tensors_.assign(step.tensors.begin(), step.tensors.end());
    step_ = step;
    step_.tensors = tensors_;
  }

  const Step* operator->() const { return &step_; }
  const Step& operator*() const { return step_; }

 private:
  std::vector<typename decltype(Step::tensors)::value_type> tensors_;
  Step step_;
};

}  // namespace plastic::optim

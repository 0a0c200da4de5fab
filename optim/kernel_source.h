#pragma once

namespace plastic::optim {

class Kernels;

/// A device whose Backend has kernels for the optimizers: its class has this as a second base.
class KernelSource {
 public:
  virtual Kernels& optimizer_kernels() = 0;

 protected:
  ~KernelSource() = default;
};

}  // namespace plastic::optim

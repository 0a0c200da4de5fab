#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plastic/core/ops/activation.h"
#include "plastic/core/state_dict.h"
#include "plastic/core/tensor.h"

namespace plastic::nn {

class Module;
using ModulePtr = std::shared_ptr<Module>;

/// A layer or a tree of layers: it owns parameters (trained), buffers (kept, not trained) and child
/// modules, each under a name. Names of descendants are joined by dots, as in PyTorch.
class Module {
 public:
  Module() = default;
  virtual ~Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  virtual Tensor forward(const Tensor& x) = 0;
  Tensor operator()(const Tensor& x) { return forward(x); }
  /// forward(x) and then the activation, in one pass where a module can do that.
  virtual Tensor forward_activated(const Tensor& x, Activation activation);

  /// Own parameters first, then those of the children in order of registration.
  std::vector<NamedTensor> named_parameters() const;
  std::vector<Tensor> parameters() const;
  std::int64_t parameter_count() const;

  /// Parameters and buffers under PyTorch's names. The tensors share storage with the module.
  StateDict state_dict() const;
  /// Copies values in. Throws Error, changing nothing, when a name is missing, unknown or has
  /// another shape.
  void load_state_dict(const StateDict& state);

  /// Moves parameters, with their gradients, and buffers to a device, in place: handles held
  /// elsewhere follow, views keep the old memory. Not between a forward pass and its backward().
  /// Make optimizers after it: those made before refuse to step. Throws Error, moving nothing, when
  /// the device is not there or has no memory left.
  void to(Device device);

  /// Training mode (dropout drops) or evaluation mode, for this module and all below it.
  void train(bool on = true);
  void eval() { train(false); }
  bool is_training() const { return training_; }

  /// Puts the module into evaluation mode and merges each BatchNorm2d that follows a Conv2d into
  /// it, in a Sequential and in the models of this library: weight·w/√(var + eps) and, for the
  /// bias, (bias - mean)·w/√(var + eps) + b. The results stay but for rounding, and are made
  /// faster; the state dict loses the normalisations and the convolutions gain biases. For
  /// inference: what an optimizer holds is not told.
  virtual void fold_batch_norm();

 protected:
  /// Marks `value` as requiring a gradient and returns it. Throws Error for a name already taken,
  /// empty or containing a dot.
  Tensor register_parameter(const std::string& name, Tensor value);
  Tensor register_buffer(const std::string& name, Tensor value);
  void register_child(const std::string& name, ModulePtr child);
  /// Puts another child in the place of one, or none where `child` is null.
  void replace_child(const std::string& name, ModulePtr child);

 private:
  static constexpr std::size_t not_a_child = static_cast<std::size_t>(-1);

  /// Throws Error for a name that is none or is taken.
  void take_name(const std::string& name, std::size_t place);
  void collect(const std::string& prefix, bool with_buffers, std::vector<NamedTensor>& out) const;

  std::vector<NamedTensor> parameters_;
  std::vector<NamedTensor> buffers_;
  std::vector<std::pair<std::string, ModulePtr>> children_;
  /// Of parameters, buffers and children; a child's with its place in children_.
  std::unordered_map<std::string, std::size_t> names_;
  bool training_ = true;
};

}  // namespace plastic::nn

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plastic/core/ops/activation.h"
#include "plastic/core/state_dict.h"
#include "plastic/core/tensor.h"

namespace plastic::nn {

class BatchNorm;
class Module;
using ModulePtr = std::shared_ptr<Module>;

/// The library's own layers, for its own use.
enum class LayerKind : int;

/// Which of the library's own layers an object is. A virtual base is initialised by the most
/// derived class alone, so a class derived from a layer is never taken for the layer itself, whose
/// forward() it may have replaced. It takes no run-time type information to tell: modules may be
/// compiled without (-fno-rtti).
class ExactLayer {
 public:
  ExactLayer() = default;
  explicit ExactLayer(LayerKind kind) : kind_(kind) {}
  LayerKind kind() const { return kind_; }

 protected:
  ~ExactLayer() = default;

 private:
  /// None of them.
  LayerKind kind_{};
};

/// A layer or a tree of layers: it owns parameters (trained), buffers (kept, not trained) and child
/// modules, each under a name. Names of descendants are joined by dots, as in PyTorch. A module may
/// stand in several places, and a tensor be registered by several modules: it is one module, one
/// tensor, under several names.
class Module : public virtual ExactLayer {
 public:
  Module() = default;
  virtual ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  virtual Tensor forward(const Tensor& x) = 0;
  /// forward(x). A batch that is refused half way, with an Error of whichever module, leaves the
  /// running statistics of normalisations and the generators of dropout as they were before it. So
  /// does forward() of the containers and models of this library.
  Tensor operator()(const Tensor& x);
  /// forward(x) and then the activation, in one pass where a layer of this library can do that. Of
  /// a class derived from such a layer it calls forward(), so a forward() must not call it on
  /// itself: that throws Error.
  virtual Tensor forward_activated(const Tensor& x, Activation activation);

  /// Own parameters first, then those of the children in order of registration; each tensor once,
  /// under the first of its names, as in PyTorch.
  std::vector<NamedTensor> named_parameters() const;
  std::vector<Tensor> parameters() const;
  std::int64_t parameter_count() const;
  /// Likewise the buffers.
  std::vector<NamedTensor> named_buffers() const;
  std::vector<Tensor> buffers() const;

  /// Parameters and buffers under PyTorch's names, a tensor that has several under each of them.
  /// The tensors share storage with the module.
  StateDict state_dict() const;
  /// Copies values in. Throws Error, changing nothing, when a name is missing, unknown or has
  /// another shape. Of a tensor with several names, the last one's values stay, as in PyTorch.
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
  /// inference: the convolutions get new tensors, with the hooks of the old ones, so an optimizer
  /// has those that were there before, and a state dict taken before keeps its values.
  ///
  /// What could change a result stays as it is: classes derived from Sequential, Conv2d or
  /// BatchNorm2d, normalisations without running statistics, and a convolution that also stands
  /// where another module, or the same one elsewhere, follows it.
  virtual void fold_batch_norm();

 protected:
  /// Marks `value` as requiring a gradient and returns it. Throws Error for a name already taken,
  /// empty or containing a dot.
  Tensor register_parameter(const std::string& name, Tensor value);
  Tensor register_buffer(const std::string& name, Tensor value);
  void register_child(const std::string& name, ModulePtr child);
  /// Puts another child in the place of one, or none where `child` is null.
  void replace_child(const std::string& name, ModulePtr child);
  /// Puts another tensor in the place of a parameter, with its hooks and requires_grad(), and
  /// returns it.
  Tensor replace_parameter(const std::string& name, Tensor value);
  /// In how many places a module was registered as a child and still is, whoever the parents are.
  static int places_of(const Module& module) { return module.places_; }

 private:
  friend void update_batch_norm(Module& model, const std::function<Tensor()>& next_batch);
  static constexpr std::size_t not_a_child = static_cast<std::size_t>(-1);

  /// The module as a BatchNorm, classes derived from it included; null where it is none.
  virtual BatchNorm* as_batch_norm() { return nullptr; }
  /// This module and all below it, each once.
  std::vector<Module*> all_modules();
  /// Throws Error for a name that is none or is taken.
  void take_name(const std::string& name, std::size_t place);
  enum class Part { parameters, buffers, both };
  void collect(const std::string& prefix, Part part, std::vector<NamedTensor>& out) const;
  /// Each tensor once.
  std::vector<NamedTensor> distinct(Part part) const;

  std::vector<NamedTensor> parameters_;
  std::vector<NamedTensor> buffers_;
  std::vector<std::pair<std::string, ModulePtr>> children_;
  /// Of parameters, buffers and children; a child's with its place in children_.
  std::unordered_map<std::string, std::size_t> names_;
  int places_ = 0;
  bool training_ = true;
};

}  // namespace plastic::nn

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

#pragma GCC visibility push(default)

namespace plastic::nn {

class BatchNorm;
class Module;
class OnnxGraph;
struct OnnxValue;
/// How modules are held: a module may be a child in several places.
using ModulePtr = std::shared_ptr<Module>;

/// The library's own layers, for internal use.
enum class LayerKind : int;

/// Which of the library's own layers an object is. A virtual base is initialised by the most
/// derived class alone, so a class derived from a layer is never taken for the layer itself, whose
/// forward() it may have replaced. This needs no run-time type information: modules may be compiled
/// without it (-fno-rtti).
class ExactLayer {
 public:
  ExactLayer() = default;
  /// Called by the library's layers alone.
  explicit ExactLayer(LayerKind kind) : kind_(kind) {}
  /// Which layer it is; other for a class of one's own.
  LayerKind kind() const { return kind_; }

 protected:
  ~ExactLayer() = default;

 private:
  /// Not a library layer.
  LayerKind kind_{};
};

/// A layer or a tree of layers: it owns parameters (trained), buffers (kept, not trained) and child
/// modules, each under a name. Names of descendants are joined by dots, as in PyTorch. A module may
/// be used in several places, and a tensor may be registered by several modules: it is then one
/// module, or one tensor, under several names.
class Module : public virtual ExactLayer {
 public:
  Module() = default;
  virtual ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// The result for an input; what shapes it takes, and what it throws, each layer says.
  virtual Tensor forward(const Tensor& x) = 0;
  /// forward(x). If any module throws Error partway, the running statistics of normalisations and
  /// the generators of dropout are left as they were before. The same holds for forward() of this
  /// library's containers and models.
  Tensor operator()(const Tensor& x);
  /// forward(x) and then the activation, in one pass where a layer of this library can do that. For
  /// a class derived from such a layer it calls forward(), so forward() must not call it on the
  /// same object: that throws Error.
  virtual Tensor forward_activated(const Tensor& x, Activation activation);

  /// Own parameters first, then those of the children in order of registration; each tensor once,
  /// under the first of its names, as in PyTorch.
  std::vector<NamedTensor> named_parameters() const;
  /// The tensors of named_parameters().
  std::vector<Tensor> parameters() const;
  /// The elements of parameters(), all together.
  std::int64_t parameter_count() const;
  /// The buffers, in the same order.
  std::vector<NamedTensor> named_buffers() const;
  /// The tensors of named_buffers().
  std::vector<Tensor> buffers() const;

  /// Parameters and buffers under PyTorch's names; a tensor with several names appears under each.
  /// The tensors share storage with the module.
  StateDict state_dict() const;
  /// Copies values in. Throws Error, changing nothing, when a name is missing or unknown, or a
  /// shape differs. For a tensor with several names, the values under the last one win, as in
  /// PyTorch.
  void load_state_dict(const StateDict& state);

  /// Moves parameters, with their gradients, and buffers to a device, in place: handles held
  /// elsewhere follow, views keep the old memory. Must not be called between a forward pass and its
  /// backward(). Create optimizers afterwards: those created before refuse to step. Throws Error,
  /// moving nothing, when the device is not available or out of memory.
  void to(Device device);

  /// Training mode (dropout drops) or evaluation mode, for this module and all below it.
  void train(bool on = true);
  /// Evaluation mode, for this module and all below it: train(false).
  void eval() { train(false); }
  /// Whether this module is in training mode, in which it begins.
  bool is_training() const { return training_; }

  /// Puts the module into evaluation mode and merges each BatchNorm2d that follows a Conv2d into
  /// it, in a Sequential and in the models of this library: weight·w/√(var + eps) and, for the
  /// bias, (bias - mean)·w/√(var + eps) + b. Results are the same up to rounding, and faster; the
  /// state dict loses the normalisations and the convolutions gain biases. For inference: the
  /// convolutions get new tensors, with the hooks of the old ones, so an existing optimizer still
  /// holds the old tensors, and a state dict taken before keeps its values.
  ///
  /// Whatever could change a result is left alone: classes derived from Sequential, Conv2d or
  /// BatchNorm2d, normalisations without running statistics, and a convolution with other uses,
  /// unless they are in the same Sequential and followed by the same normalisation.
  virtual void fold_batch_norm();

  /// Adds to `graph` what forward(x) computes in evaluation mode, for save_onnx()
  /// (plastic/nn/onnx.h). Throws Error naming the module by its place unless overridden.
  virtual OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x);

 protected:
  /// Marks `value` as requiring a gradient and returns it. Throws Error for a name already taken,
  /// empty or containing a dot.
  Tensor register_parameter(const std::string& name, Tensor value);
  /// Keeps `value` under the name and returns it. Throws Error as above.
  Tensor register_buffer(const std::string& name, Tensor value);
  /// Makes `child` a part of this module. Throws Error as above, and if it is null.
  void register_child(const std::string& name, ModulePtr child);
  /// Replaces a child, or removes it when `child` is null.
  void replace_child(const std::string& name, ModulePtr child);
  /// Replaces a parameter by another tensor, which takes over its hooks and requires_grad(), and
  /// returns it.
  Tensor replace_parameter(const std::string& name, Tensor value);
  /// The number of places in which a module is registered as a child, of any parents.
  static int places_of(const Module& module) { return module.places_; }

 private:
  friend void update_batch_norm(Module& model, const std::function<Tensor()>& next_batch);
  friend class OnnxGraph;
  static constexpr std::size_t not_a_child = static_cast<std::size_t>(-1);

  /// The module as a BatchNorm, derived classes included; null if it is not one.
  virtual BatchNorm* as_batch_norm() { return nullptr; }
  /// This module and all below it, each once.
  std::vector<Module*> all_modules();
  /// The names that this module and all below it have after `prefix`, the first of each.
  void collect_places(const std::string& prefix,
                      std::unordered_map<const Module*, std::string>& out) const;
  /// Throws Error for a name that is invalid or taken.
  void take_name(const std::string& name, std::size_t place);
  enum class Part { parameters, buffers, both };
  void collect(const std::string& prefix, Part part, std::vector<NamedTensor>& out) const;
  /// Each tensor once.
  std::vector<NamedTensor> distinct(Part part) const;

  std::vector<NamedTensor> parameters_;
  std::vector<NamedTensor> buffers_;
  std::vector<std::pair<std::string, ModulePtr>> children_;
  /// Names of parameters, buffers and children; a child's maps to its index in children_.
  std::unordered_map<std::string, std::size_t> names_;
  int places_ = 0;
  bool training_ = true;
};

}  // namespace plastic::nn

#pragma GCC visibility pop

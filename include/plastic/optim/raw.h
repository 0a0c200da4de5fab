#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plastic/core/device.h"
#include "plastic/core/dtype.h"
#include "plastic/core/shape.h"
#include "plastic/optim/optimizer.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// A parameter in memory that somebody else owns.
struct RawParameter {
  /// Aligned as a float is; 64 bytes are fastest. In the order of `shape`, row-major.
  std::span<float> values;
  /// Rules over matrices (muon, soap, adafactor) go by it, as weights of `nn` have it: (outputs,
  /// inputs), (outputs, inputs, height, width).
  Shape shape;
};

/// An option by name, as set_option() of plastic/optim/optimizer_table.h takes it: {"lr", "0.1"}.
using RawOption = std::pair<std::string_view, std::string_view>;

/// Parameters that share options.
struct RawGroup {
  /// As RawOptimizer's constructor takes them.
  std::span<const RawParameter> parameters;
  /// What is not given has its default.
  std::span<const RawOption> options = {};
};

/// Where the parameters of a RawOptimizer are, and their gradients.
struct RawPlace {
  /// The CPU, or a CUDA device: addresses are then of its memory.
  Device device = {};
  /// On a CUDA device: the cudaStream_t of that device whose work writes gradients and reads
  /// parameters; null is the legacy default stream, and a program whose default stream is per
  /// thread gives cudaStreamPerThread. It must exist until set_stream() gives another or the
  /// optimizer is destroyed.
  void* stream = nullptr;
};

/// A part of an optimizer's state, where it lies.
struct RawState {
  /// As Optimizer::state_dict() has it: "state.0.exp_avg", "state.0.step", "group.0.lr".
  std::string name;
  /// f32, f64 or i64.
  DType dtype = DType::f32;
  /// Row-major. What is f32 is in the parameters' memory, the rest always in the host's.
  void* values = nullptr;
  /// That of the parameter, or of rank 0 for a single number.
  Shape shape;
};

/// An optimizer of the library on plain memory, for programs with tensors of their own:
///
///     std::vector<float> weight(512 * 784), bias(512), d_weight(512 * 784), d_bias(512);
///     plastic::optim::RawOptimizer optimizer(
///         "neuroplastic", {{{weight, {512, 784}}, {bias, {512}}}}, {{{"lr", "0.1"}}});
///     for (...) {
///       // compute d_weight and d_bias
///       optimizer.step({{d_weight, d_bias}});
///     }
///
/// A step has the bits of the same optimizer over tensors of the same values. It writes to the
/// parameters, and reads the gradients, where they are, without a copy. After the first step, a
/// step asks the heap for nothing; those of adafactor (its sums over columns) and soap (its
/// eigenbases) do.
///
/// On a CUDA device (a build with CUDA), a step copies the gradients on the device: what the
/// optimizer does comes after what the caller's stream was given before the call, and before what
/// that is given afterwards. The host does not wait for it until it is eight steps ahead, except in
/// steps of prodigy and soap, which decide by numbers that the device computes; diagnostics() and
/// save() wait, too. All of a device's optimizers work in one stream. What the state holds after a
/// step is read in the caller's stream.
///
/// The parameters must outlive the optimizer, at the same addresses; whatever the caller writes to
/// them between steps counts. Different optimizers may be used from different threads at a time,
/// one optimizer from one thread at a time; those of one CUDA device take turns, and nothing else
/// of the library may use that device from another thread meanwhile. All functions throw Error; one
/// that throws changes nothing unless it says so.
class RawOptimizer {
 public:
  /// `name` is that of a row in optimizer_table(): "neuroplastic", "sgd", "adam", "muon", … Options
  /// that are not given have the defaults of that row. Throws for an unknown name or option, values
  /// that the optimizer refuses, no parameters, sizes that differ from the shape, and parameters
  /// that overlap.
  RawOptimizer(std::string_view name, std::span<const RawParameter> parameters,
               std::span<const RawOption> options = {});
  /// The same with groups that have options of their own, and wherever they are. Their parameters
  /// are counted in order, over all groups. Throws, too, for a device that is not there.
  static RawOptimizer of_groups(std::string_view name, std::span<const RawGroup> groups,
                                const RawPlace& place = {});
  ~RawOptimizer();
  /// Leaves the other to be destroyed or assigned to.
  RawOptimizer(RawOptimizer&&) noexcept;
  /// The same.
  RawOptimizer& operator=(RawOptimizer&&) noexcept;

  /// Another stream of the parameters' device, for all calls from now on. Throws Error on the CPU.
  void set_stream(void* stream);

  /// One step: a gradient for each parameter, in their order. A parameter whose gradient has no
  /// address (a span without data) is left as it is, with its state. Throws, changing nothing, for
  /// another number of gradients, another size, an address that is not aligned as floats are or not
  /// on the parameters' device, a gradient that overlaps a parameter, and in evaluation mode. Where
  /// memory is out, some parameters may have been updated.
  void step(std::span<const std::span<const float>> gradients);
  /// Memory of the optimizer's for the gradient of parameter `index`, 0 at first, for callers who
  /// have none of their own: they compute it there, on the parameters' device, and pass it to
  /// step().
  std::span<float> gradient(std::size_t index);

  /// How many parameters it was created with.
  std::size_t parameter_count() const;
  /// How many groups it was created with.
  std::size_t group_count() const;
  /// The learning rate of the next step. Throws Error when there is no such group.
  double lr(std::size_t group = 0) const;
  /// Sets it for all groups. Throws Error for what the optimizer refuses, such as NaN.
  void set_lr(double lr);
  /// Sets it for one group. Throws Error when there is no such group, too.
  void set_lr(double lr, std::size_t group);
  /// See Optimizer::set_epoch(): NeuroPlastic's warm-up and schedules need it. Epochs count from 1.
  void set_epoch(int epoch, int total_epochs);
  /// See Optimizer::train() and eval(): the schedule-free optimizers evaluate other weights than
  /// they train. For all others they do nothing. This puts those of training into the parameters.
  void train();
  /// Puts those to evaluate into the parameters; step() throws until train().
  void eval();
  /// Whether the parameters hold weights that step() must not change.
  bool is_evaluating() const;

  /// What the rule reports about its last step; NeuroPlastic does with {"diagnostics", "true"}.
  std::vector<Diagnostic> diagnostics() const;

  /// All of the state, in the order of Optimizer::state_dict(). What is written there counts from
  /// the next step on; it stays where it is as long as the optimizer lives, which load() does not
  /// change.
  std::vector<RawState> state();

  /// Writes the state, without the parameters, as save_safetensors() writes that of
  /// Optimizer::state_dict(): either may load what the other saved. A file is replaced as a whole.
  void save(const std::filesystem::path& path) const;
  /// Reads a state back, of the same optimizer over parameters of the same shapes. The file is not
  /// trusted. Options other than the learning rate are not part of the state.
  void load(const std::filesystem::path& path);

 private:
  struct Impl;
  explicit RawOptimizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace plastic::optim

#pragma GCC visibility pop

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plastic/core/state_dict.h"
#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

class Arena;
class State;

/// A number that an optimizer reports about its last step.
struct Diagnostic {
  /// What is measured, such as "alpha_mean".
  std::string_view name;
  /// The number.
  double value = 0;
};

/// A number for each element of a parameter by which a rule decides its step, such as a coefficient
/// or an average: what Optimizer::inspect() shows, described for histograms.
struct Signal {
  /// As messages and files have it, such as "alpha".
  std::string name;
  /// The lower end of the range of interest. Histograms count what is below in their first bin.
  double low = 0;
  /// The upper end; what is above counts in the last bin.
  double high = 1;
  /// Histograms divide the range into bins of equal ratio, not of equal width; low must be above 0.
  bool is_logarithmic = false;
  /// The rule clips at low and high: elements at these ends, or beyond, are saturated.
  bool is_clipped = false;
};

/// The inside of a rule for one parameter at the last step.
struct Inspection {
  /// In the order of Optimizer::signals(), each f32 of the parameter's shape, on any device.
  std::vector<Tensor> signals = {};
  /// Numbers of the whole parameter, the same names in the same order each time; NaN for one that
  /// does not exist. The names must outlive the optimizer.
  std::vector<Diagnostic> numbers = {};
};

/// One parameter at one step, as passed to Optimizer::update().
struct ParameterStep {
  /// Counted over all groups, in order.
  std::size_t index = 0;
  /// Of the parameter, counted from 0.
  std::size_t group = 0;
  /// Steps of this parameter, this one included; the first is 1.
  std::int64_t step = 1;
  /// The group's learning rate.
  double lr = 0;
  /// Shares the parameter's memory and does not require a gradient: what is written to it in place
  /// is the update. Undefined, like the gradient, for rules of elements.
  Tensor parameter;
  /// Must not be written to.
  Tensor gradient;
};

/// Parameters that share options, for the optimizers whose options are `Options`.
template <class Options>
struct ParameterGroup {
  /// What Optimizer takes: contiguous f32 leaves, on one device with those of the other groups.
  std::vector<Tensor> parameters;
  /// What the steps of these parameters use.
  Options options;
};

/// What all optimizers share: parameter groups, clearing of gradients, state to save.
///
/// There are two ways to write one. A rule that treats every element alike is a struct with one
/// function: plastic/optim/elementwise.h. A rule that needs whole tensors (a norm, a product)
/// derives from this class, names its state and overrides update():
///
///     class NormalizedSgd : public plastic::optim::Optimizer {
///      public:
///       NormalizedSgd(const std::vector<Tensor>& parameters, double lr)
///           : Optimizer("normalized_sgd", {parameters}, {lr}) {
///         add_state("momentum_buffer");
///       }
///
///      private:
///       void update(const ParameterStep& at) override {
///         Tensor buffer = state("momentum_buffer", at.index);
///         buffer.mul_(0.9).add_(at.gradient);
///         Tensor parameter = at.parameter;
///         parameter.sub_(buffer, at.lr / (norm(buffer).item() + 1e-8));
///       }
///     };
///
/// A state is written in place (mul_(), add_(), copy_()); `=` only makes the handle another's.
///
/// The parameters stay in their own memory: whatever shares it sees every step. Their gradients are
/// kept in one flat block of memory from construction on. A gradient that somebody still holds when
/// the next one is computed keeps its values: they move to memory of their own. Parameters must be
/// contiguous f32 leaves on one device; the constructors throw Error otherwise, and for a parameter
/// given twice or an empty list. A parameter that does not require a gradient (that is frozen) is
/// skipped until it does, even if it still has a gradient: PyTorch would apply that one. A
/// parameter without elements takes no steps, and none are counted for it; PyTorch counts them.
class Optimizer {
 public:
  virtual ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Updates every parameter that requires a gradient and has one; the others, and their state, are
  /// left as they are. Throws Error, changing nothing, when a parameter's device, dtype or shape
  /// has changed since construction. The same as advance() and then apply().
  void step();
  /// Prepares the next apply(): determines which parameters have a gradient, counts the step,
  /// resolves rates and schedules and passes the rules to the device. Throws what step() throws.
  void advance();
  /// Runs the prepared step, with the gradients as they are now. A device may capture it and replay
  /// it, with advance() before each replay (docs/design.md). Throws Error before the first
  /// advance().
  void apply();
  /// apply() calls the hook before anything reads the gradients, with all of them as one flat f32
  /// tensor that it may write to: the place for the all-reduce of a data-parallel run. Each
  /// parameter's part is padded to 64 bytes; the contents of the padding, and of the part of a
  /// parameter without a gradient, are unspecified. When a device captures apply(), the hook is
  /// called only during capture. If the hook throws Error, the parameters are unchanged. An empty
  /// function removes the hook.
  void set_gradient_hook(std::function<void(const Tensor& gradients)> hook);

  /// Clears the gradients: grad() of every parameter is undefined afterwards.
  void zero_grad();

  /// @name Training and evaluation
  /// An optimizer may train at one point and evaluate at another, such as an average of the points
  /// before (plastic/optim/schedule_free.h): the parameters then hold one of the two. Optimizers
  /// start in training mode. For most the points are the same, and these functions do nothing.
  /// @{

  /// Puts the weights of training into the parameters. Does nothing in training mode.
  virtual void train();
  /// Puts the weights to evaluate and to use into the parameters; step(), advance() and apply()
  /// throw Error until train() is called. Does nothing in evaluation mode. Training continues with
  /// the same bits as if neither had been called; what is written to the parameters in between is
  /// lost. state_dict() holds the mode, so the parameters are to be saved in the mode in which the
  /// state is.
  virtual void eval();
  /// Whether the parameters hold weights that step() must not change.
  virtual bool is_evaluating() const;
  /// @}

  /// How many gradients a step takes, each at another point: 1 for most optimizers, 2 for Sam
  /// (plastic/optim/sam.h). After each backward() but the last, perturb() must be called.
  virtual int gradients_per_step() const;
  /// Moves the parameters to where the next gradient of this step is to be computed; step() moves
  /// them back. Throws Error where a step takes one gradient.
  virtual void perturb();

  /// Whether a device may capture apply() once and replay it, with advance() before each replay:
  /// the step then reads no numbers from host memory. False for optimizers that override update().
  virtual bool is_capturable() const;

  /// What the rule reports about its last step, in its own order; empty for most rules. May wait
  /// for the device.
  virtual std::vector<Diagnostic> diagnostics() const;

  /// @name Inner signals
  /// What a microscope needs (plastic/optim/probe.h). An optimizer that shows how it decides
  /// overrides the two virtual functions; with the class above, for example:
  ///
  ///     std::vector<Signal> signals() const override {
  ///       return {{.name = "momentum", .low = 1e-6, .high = 1, .is_logarithmic = true}};
  ///     }
  ///     Inspection inspect(std::size_t parameter) const override {
  ///       return {.signals = {abs(state("momentum_buffer", parameter))}};
  ///     }
  /// @{

  /// The signals that inspect() shows; empty for many rules. Always the same.
  virtual std::vector<Signal> signals() const;
  /// How the last step came about for one parameter that it updated, from the state that the step
  /// left and the gradient that it read. To be called before the next backward(), set_lr() or
  /// set_epoch(). May wait for the device.
  virtual Inspection inspect(std::size_t parameter) const;
  /// @}

  /// For messages: "adam".
  const std::string& name() const { return name_; }
  /// In order over all groups.
  std::size_t parameter_count() const;
  /// Throws Error when there is no such parameter; so do those below.
  const Tensor& parameter(std::size_t index) const;
  /// The gradient that the last step read, hook and clipping included; shares memory with what the
  /// next backward() writes to.
  Tensor gradient(std::size_t index) const;
  /// Whether the last step updated the parameter: it had a gradient and was not frozen.
  bool was_updated(std::size_t index) const;

  /// Tells schedules inside the rule how far training has come; call it before the first step of
  /// each epoch. Epochs count from 1. Rules without a schedule ignore it. Throws Error for a
  /// negative epoch or total_epochs < 1.
  virtual void set_epoch(int epoch, int total_epochs);

  /// How many groups there are.
  std::size_t group_count() const;
  /// Throws Error when there is no such group.
  double lr(std::size_t group = 0) const;
  /// Throws Error when there is no such group, or for a negative or infinite rate.
  void set_lr(double lr, std::size_t group);
  /// Sets every group.
  void set_lr(double lr);

  /// A copy of what later steps depend on besides the parameters and the constructor's options, of
  /// which only the rates are kept: whoever resumes gives the others again. "state.<i>.<name>" for
  /// the i-th parameter over all groups, with PyTorch's names for SGD (momentum_buffer) and Adam
  /// (exp_avg, exp_avg_sq), "state.<i>.step", its number of steps, and "group.<g>.lr".
  StateDict state_dict() const;
  /// Copies a state in. Throws Error, changing nothing, when a name is missing, unknown or given
  /// twice, or a shape differs.
  void load_state_dict(const StateDict& state);

 protected:
  /// One inner list and one learning rate for each group. `name` is for messages.
  Optimizer(std::string name, const std::vector<std::vector<Tensor>>& groups,
            const std::vector<double>& lrs);
  /// For an optimizer that wraps another: shares its parameters, gradients, rates and state.
  Optimizer(std::string name, const Optimizer& base);

  /// Gives every parameter a state tensor of its shape, f32 and initially 0, which state_dict()
  /// calls "state.<i>.<name>". For constructors: a loaded state must have the same names. Throws
  /// Error for a name that is empty or taken.
  void add_state(const std::string& name);
  /// Gives one parameter a state of another shape. `parameter` counts over all groups.
  void add_state(const std::string& name, std::size_t parameter, const Shape& shape);
  /// The state of that name of one parameter; shares memory with what is saved. Throws Error when
  /// there is none.
  Tensor state(std::string_view name, std::size_t parameter) const;
  /// A number that the rule keeps for all parameters together: rank 0, on the CPU, i64 or f64,
  /// initially 0. state_dict() calls it `name`.
  Tensor add_number(const std::string& name, DType dtype = DType::i64);

  /// Called by advance() once per step, before any parameter's rule is asked for: the place to
  /// count what the parameters of a group share, in numbers from add_number(). They are put back,
  /// like the counts of steps, if the step is then refused. Does nothing unless overridden.
  virtual void begin_step();
  /// Updates one parameter that has a gradient, with tensor operations; autograd records nothing.
  /// Called for the parameters in order. If it throws, those before have been updated. Throws Error
  /// unless overridden.
  virtual void update(const ParameterStep& at);
  /// For what depends on all parameters together, such as the norm of all gradients: called before
  /// the first update() of a step, with every parameter that it will be called for. If it throws,
  /// nothing is updated. Does nothing unless overridden.
  virtual void before_updates(std::span<const ParameterStep> parameters);

  /// @name For optimizers with kernels of their own, inside the library
  /// @{

  /// Counts the step and prepares it on the device; the gradients are gathered.
  virtual void prepare();
  /// Runs the step last prepared. By default calls update() for every parameter.
  virtual void run();
  /// What a wrapper's run() calls: base.apply(), but the gradients are as they lie in the arena,
  /// where the wrapper's hook may have changed them.
  static void run_base(Optimizer& base) { base.run_prepared(); }

  /// The flat blocks of parameters, gradients and state (optim/arena.h).
  Arena& arena() { return *arena_; }
  /// The same, for reading.
  const Arena& arena() const { return *arena_; }
  /// What state_dict() saves (optim/state.h).
  State& saved() { return *state_; }
  /// The same, for reading.
  const State& saved() const { return *state_; }
  /// @}

 private:
  /// Reads gradients where its caller has them, and shows the state without a copy.
  friend class RawOptimizer;

  void check_has(std::size_t parameter) const;
  void run_prepared();
  void check_is_training() const;

  std::string name_;
  bool is_prepared_ = false;
  /// What prepare() left for run(), where update() is the rule.
  std::vector<ParameterStep> upcoming_;
  std::function<void(const Tensor&)> gradient_hook_;
  /// Shared by an optimizer and those that wrap it.
  std::shared_ptr<Arena> arena_;
  std::shared_ptr<State> state_;
};

}  // namespace plastic::optim

#pragma GCC visibility pop

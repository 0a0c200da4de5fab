#include "plastic/optim/raw.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <string>

#include "core/autograd/gradient_slot.h"
#include "core/check.h"
#include "core/device/backend.h"
#include "core/device/foreign_stream.h"
#include "core/tensor/foreign_memory.h"
#include "core/tensor/tensor_impl.h"
#include "optim/arena.h"
#include "optim/raw_sizes.h"
#include "optim/state.h"
#include "plastic/core/safetensors.h"
#include "plastic/optim/optimizer_table.h"

namespace plastic::optim {
namespace {

constexpr const char* op = "raw optimizer";

void check_aligned(const char* what, std::size_t index, const float* address) {
  if (reinterpret_cast<std::uintptr_t>(address) % alignof(float) == 0) return;
  fail(op, what, " ", index, " is not aligned as floats are; its address must be a multiple of ",
       alignof(float));
}

void check_parameter(const RawParameter& parameter, std::size_t index) {
  const std::string mismatch = size_mismatch(index, parameter.values.size(), parameter.shape);
  if (!mismatch.empty()) fail(op, mismatch);
  if (parameter.values.empty()) return;
  if (parameter.values.data() == nullptr) {
    fail(op, "parameter ", index, " has no address; give memory of ", parameter.values.size(),
         " floats");
  }
  check_aligned("parameter", index, parameter.values.data());
}

/// Where a parameter's bytes are: from `begin` to before `end`.
struct Place {
  std::uintptr_t begin;
  std::uintptr_t end;
  std::size_t index;
};

Place place_of(std::span<const float> values, std::size_t index) {
  const auto begin = reinterpret_cast<std::uintptr_t>(values.data());
  return {begin, begin + values.size_bytes(), index};
}

/// Those of all parameters that have values, by address. Throws Error where two overlap.
std::vector<Place> places_apart(std::span<const RawParameter> parameters) {
  std::vector<Place> places;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i].values.empty()) places.push_back(place_of(parameters[i].values, i));
  }
  std::ranges::sort(places, {}, &Place::begin);
  for (std::size_t k = 1; k < places.size(); ++k) {
    const Place& before = places[k - 1];
    const Place& after = places[k];
    if (after.begin < before.end) {
      fail(op, "parameters ", std::min(before.index, after.index), " and ",
           std::max(before.index, after.index), " overlap; list what they share once");
    }
  }
  return places;
}

/// A step's threads write to parameters while others read gradients.
void check_apart_from(std::span<const Place> places, const Place& gradient) {
  if (gradient.begin == gradient.end) return;
  // The first that ends behind the gradient's beginning.
  const auto found = std::ranges::upper_bound(places, gradient.begin, {}, &Place::end);
  if (found == places.end() || found->begin >= gradient.end) return;
  fail(op, "gradient ", gradient.index, " overlaps parameter ", found->index,
       "; give it memory of its own");
}

Tensor tensor_over(float* values, const Shape& shape, Device device) {
  const auto bytes = static_cast<std::size_t>(shape.numel()) * sizeof(float);
  const auto storage = storage_over(values, bytes, device);
  return make_view(storage, DType::f32, shape, contiguous_strides(shape), 0);
}

/// Null on the CPU, whose work is done when a call returns. Throws Error for a device that is not
/// there.
ForeignStreams* streams_of(const RawPlace& place) {
  if (place.device.type == DeviceType::cpu) {
    if (place.stream != nullptr) fail(op, "a stream for the CPU, which has none; leave it out");
    return nullptr;
  }
  auto* const streams = dynamic_cast<ForeignStreams*>(&backend(place.device));
  if (streams != nullptr) return streams;
  fail(op, to_string(place.device), " takes no work of other libraries; use the CPU");
}

void check_is_there(const RawPlace& place, const char* what, std::size_t index,
                    std::span<const float> values) {
  ForeignStreams* const streams = streams_of(place);
  if (streams == nullptr || values.empty() || streams->holds(values.data())) return;
  fail(op, what, " ", index, " is not in the memory of ", to_string(place.device),
       "; give an address on that device");
}

/// While one exists, work of the parameters' device is in the order of the caller's stream.
class InOrder {
 public:
  explicit InOrder(const RawPlace& place) : streams_(streams_of(place)) {
    if (streams_ != nullptr) visit_ = streams_->begin_visit(place.stream);
  }
  ~InOrder() {
    if (streams_ != nullptr) streams_->end_visit(visit_);
  }
  InOrder(const InOrder&) = delete;
  InOrder& operator=(const InOrder&) = delete;

 private:
  ForeignStreams* streams_;
  ForeignStreams::Visit visit_ = {};
};

}  // namespace

struct RawOptimizer::Impl {
  RawPlace place;
  std::vector<Tensor> parameters;
  std::vector<Place> places;
  std::unique_ptr<Optimizer> optimizer;
  /// The parts of the optimizer's block, which its steps read in place.
  std::vector<Tensor> gradients;
  /// Where the last gradient of each parameter was; asking the driver about an address takes time.
  std::vector<const float*> known;

  ~Impl();
  /// Throws Error for gradients that are not where the parameters are: a kernel that reads the
  /// host's memory ends the use of the device by the whole process.
  void check_are_there(std::span<const std::span<const float>> given);
  /// Parameter `index` has the gradient at `given`, or none.
  void take_gradient(std::size_t index, const float* given);
};

RawOptimizer::Impl::~Impl() {
  if (place.device.type == DeviceType::cpu) return;
  // The caller's stream may still read the state, whose memory is others' from now on.
  try {
    const InOrder order(place);
    gradients.clear();
    optimizer.reset();
    parameters.clear();
  } catch (const std::exception&) {
    // A child of fork(), or a stream that is being captured: members go as they can.
  }
}

void RawOptimizer::Impl::check_are_there(std::span<const std::span<const float>> given) {
  if (place.device.type == DeviceType::cpu) return;
  known.resize(given.size());
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i].data() == known[i]) continue;
    check_is_there(place, "gradient", i, given[i]);
    known[i] = given[i].data();
  }
}

void RawOptimizer::Impl::take_gradient(std::size_t index, const float* given) {
  const Tensor& own = gradients[index];
  parameters[index].impl()->grad = given == nullptr ? Tensor() : own;
  const bool is_there = given == nullptr || given == memory(own);
  if (place.device.type == DeviceType::cpu) {
    return optimizer->arena().read_gradient_at(index, is_there ? nullptr : given);
  }
  // Kernels read all gradients in one block.
  if (is_there) return;
  Tensor(own).copy_(tensor_over(const_cast<float*>(given), own.shape(), place.device));
}

RawOptimizer::RawOptimizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RawOptimizer::RawOptimizer(std::string_view name, std::span<const RawParameter> parameters,
                           std::span<const RawOption> options)
    : RawOptimizer(of_groups(name, std::array{RawGroup{parameters, options}})) {}

RawOptimizer RawOptimizer::of_groups(std::string_view name, std::span<const RawGroup> groups,
                                     const RawPlace& place) {
  // Made first: if it is destroyed here, that is a visit of its own.
  auto impl = std::make_unique<Impl>();
  impl->place = place;
  const InOrder order(place);
  std::vector<OptimizerGroup> all;
  std::vector<RawParameter> parameters;
  for (const RawGroup& group : groups) {
    all.push_back({find_optimizer(name).defaults, {}});
    OptimizerGroup& made = all.back();
    for (const auto& [option, value] : group.options) set_option(made.settings, option, value);
    if (group.parameters.empty()) fail(op, "no parameters; give at least one");
    for (const RawParameter& parameter : group.parameters) {
      check_parameter(parameter, parameters.size());
      check_is_there(place, "parameter", parameters.size(), parameter.values);
      parameters.push_back(parameter);
      made.parameters.push_back(
          tensor_over(parameter.values.data(), parameter.shape, place.device).set_requires_grad());
      impl->parameters.push_back(made.parameters.back());
    }
  }
  impl->places = places_apart(parameters);
  impl->optimizer = make_optimizer(all);
  for (const Tensor& parameter : impl->parameters) {
    impl->gradients.push_back(parameter.impl()->grad_slot->take());
  }
  return RawOptimizer(std::move(impl));
}

RawOptimizer::~RawOptimizer() = default;
RawOptimizer::RawOptimizer(RawOptimizer&&) noexcept = default;
RawOptimizer& RawOptimizer::operator=(RawOptimizer&&) noexcept = default;

void RawOptimizer::step(std::span<const std::span<const float>> gradients) {
  const std::size_t count = impl_->parameters.size();
  if (gradients.size() != count) {
    fail(op, gradients.size(), " gradients for ", count, " parameters; give one for each");
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t numel = impl_->gradients[i].numel();
    if (gradients[i].data() == nullptr) continue;
    check_aligned("gradient", i, gradients[i].data());
    if (!std::cmp_equal(gradients[i].size(), numel)) {
      fail(op, "gradient ", i, " has ", gradients[i].size(), " values, its parameter ", numel,
           "; give as many");
    }
    check_apart_from(impl_->places, place_of(gradients[i], i));
  }
  // It refuses the step; the gradients stay what they were.
  if (impl_->optimizer->is_evaluating()) return impl_->optimizer->step();
  const InOrder order(impl_->place);
  impl_->check_are_there(gradients);
  for (std::size_t i = 0; i < count; ++i) impl_->take_gradient(i, gradients[i].data());
  impl_->optimizer->step();
}

void RawOptimizer::set_stream(void* stream) {
  if (impl_->place.device.type == DeviceType::cpu) {
    fail(op, "a stream for the CPU, which has none; make the optimizer for a CUDA device");
  }
  impl_->place.stream = stream;
}

std::span<float> RawOptimizer::gradient(std::size_t index) {
  if (index >= impl_->gradients.size()) {
    fail(op, "no parameter ", index, "; indices are below ", impl_->gradients.size());
  }
  const Tensor& place = impl_->gradients[index];
  return {static_cast<float*>(memory(place)), static_cast<std::size_t>(place.numel())};
}

std::size_t RawOptimizer::parameter_count() const { return impl_->parameters.size(); }

std::size_t RawOptimizer::group_count() const { return impl_->optimizer->group_count(); }

double RawOptimizer::lr(std::size_t group) const { return impl_->optimizer->lr(group); }

void RawOptimizer::set_lr(double lr) { impl_->optimizer->set_lr(lr); }

void RawOptimizer::set_lr(double lr, std::size_t group) { impl_->optimizer->set_lr(lr, group); }

void RawOptimizer::set_epoch(int epoch, int total_epochs) {
  impl_->optimizer->set_epoch(epoch, total_epochs);
}

void RawOptimizer::train() {
  const InOrder order(impl_->place);
  impl_->optimizer->train();
}

void RawOptimizer::eval() {
  const InOrder order(impl_->place);
  impl_->optimizer->eval();
}

bool RawOptimizer::is_evaluating() const { return impl_->optimizer->is_evaluating(); }

std::vector<Diagnostic> RawOptimizer::diagnostics() const {
  const InOrder order(impl_->place);
  return impl_->optimizer->diagnostics();
}

std::vector<RawState> RawOptimizer::state() {
  std::vector<RawState> all;
  for (const NamedTensor& entry : impl_->optimizer->saved().live()) {
    void* const values = entry.tensor.numel() == 0 ? nullptr : memory(entry.tensor);
    all.push_back({entry.name, entry.tensor.dtype(), values, entry.tensor.shape()});
  }
  return all;
}

void RawOptimizer::save(const std::filesystem::path& path) const {
  const InOrder order(impl_->place);
  save_safetensors(path, impl_->optimizer->state_dict());
}

void RawOptimizer::load(const std::filesystem::path& path) {
  const InOrder order(impl_->place);
  impl_->optimizer->load_state_dict(load_safetensors(path).tensors);
}

}  // namespace plastic::optim

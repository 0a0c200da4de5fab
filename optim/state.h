#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plastic/core/state_dict.h"

namespace plastic::optim {

class Arena;

/// What an optimizer keeps from step to step, by name: flat blocks over the arena, tensors of
/// single parameters, a step count for each parameter, a learning rate for each group, and single
/// numbers.
class State {
 public:
  State(const Arena& arena, const std::vector<double>& lrs);

  // Each throws Error naming `owner` for a name that is empty or taken.

  /// A block of zeros that a parameter's part of is called "state.<i>.<name>".
  Tensor add_block(const char* owner, const std::string& name);
  /// Zeros of any shape, for one parameter.
  void add_tensor(const char* owner, const std::string& name, std::size_t parameter,
                  const Shape& shape);
  /// A number called `name`, 0 at first.
  Tensor add_number(const char* owner, const std::string& name, DType dtype);

  /// The state called so of one parameter, sharing memory; undefined where there is none.
  Tensor find(std::string_view name, std::size_t parameter) const;

  /// Those of add_number().
  std::span<const NamedTensor> numbers() const { return numbers_; }

  std::span<std::int64_t> steps();
  std::span<const std::int64_t> steps() const;
  std::span<double> lrs();
  std::span<const double> lrs() const;

  /// Every tensor of the state under its name, sharing memory.
  StateDict live() const;
  StateDict save() const;
  /// All or nothing. Throws Error naming `owner`.
  void load(const char* owner, const StateDict& state);

 private:
  struct ParameterTensor {
    std::size_t parameter = 0;
    NamedTensor named;
  };

  void check_new(const char* owner, const std::string& name, bool is_new) const;

  const Arena& arena_;
  std::vector<NamedTensor> blocks_;
  std::vector<ParameterTensor> tensors_;
  std::vector<NamedTensor> numbers_;
  /// i64 and f64, on the CPU.
  Tensor steps_;
  Tensor lrs_;
};

}  // namespace plastic::optim

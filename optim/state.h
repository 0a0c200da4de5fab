#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "plastic/core/state_dict.h"

namespace plastic::optim {

class Arena;

/// What an optimizer keeps from step to step, by name: flat blocks over the arena, a step count for
/// each parameter, a learning rate for each group, and single numbers.
class State {
 public:
  State(const Arena& arena, const std::vector<double>& lrs);

  /// A block of zeros that a parameter's part of is called "state.<i>.<name>".
  Tensor add_block(const std::string& name);
  /// An integer called `name`, 0 at first.
  Tensor add_number(const std::string& name);

  std::span<std::int64_t> steps();
  std::span<const std::int64_t> steps() const;
  std::span<double> lrs();
  std::span<const double> lrs() const;

  StateDict save() const;
  /// All or nothing. Throws Error naming `owner`.
  void load(const char* owner, const StateDict& state);

 private:
  /// Every tensor of the state under its name, sharing memory.
  StateDict live() const;

  const Arena& arena_;
  std::vector<NamedTensor> blocks_;
  std::vector<NamedTensor> numbers_;
  /// i64 and f64, on the CPU.
  Tensor steps_;
  Tensor lrs_;
};

}  // namespace plastic::optim

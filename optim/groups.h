#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "core/tensor/tensor_impl.h"
#include "optim/arena.h"
#include "optim/kernels.h"
#include "optim/state.h"

namespace plastic::optim {

// What the constructors and steps of all optimizers do with their groups.

/// The parameters, once the options of each group passed `check`: nothing may be moved before.
template <class Group, class Check>
std::vector<std::vector<Tensor>> checked_parameters(const std::vector<Group>& groups, Check check) {
  std::vector<std::vector<Tensor>> out;
  for (const Group& group : groups) {
    check(group.options);
    out.push_back(group.parameters);
  }
  return out;
}

template <class Group>
std::vector<double> lrs_of(const std::vector<Group>& groups) {
  std::vector<double> out;
  for (const Group& group : groups) out.push_back(group.options.lr);
  return out;
}

template <class Group>
auto options_of(const std::vector<Group>& groups) {
  std::vector<decltype(Group::options)> out;
  for (const Group& group : groups) out.push_back(group.options);
  return out;
}

/// The elements of a block or a parameter; null for an undefined one.
inline float* elements_of(const Tensor& block) {
  return block.defined() ? static_cast<float*>(block.impl()->data()) : nullptr;
}

inline StepTensor step_tensor(const Arena& arena, std::size_t index) {
  const Segment& segment = arena.segments()[index];
  return {segment.offset, segment.numel, elements_of(arena.parameters()[index]), segment.gradient};
}

/// Counts a step of each parameter that the current step changes, and calls f(its ParameterStep,
/// without tensors).
template <class F>
void for_stepped(const Arena& arena, State& saved, F f) {
  const auto segments = arena.segments();
  const auto steps = saved.steps();
  const auto lrs = std::as_const(saved).lrs();
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (!segments[i].is_stepped) continue;
    ParameterStep at;
    at.index = i;
    at.group = segments[i].group;
    at.step = ++steps[i];
    at.lr = lrs[at.group];
    f(at);
  }
}

}  // namespace plastic::optim

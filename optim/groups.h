#pragma once

#include <cstddef>
#include <vector>

#include "core/tensor/tensor_impl.h"
#include "optim/arena.h"
#include "optim/kernels.h"

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

/// What a step has to do: make_rule(index, segment) for each parameter that it changes.
template <class MakeRule>
auto works(const Arena& arena, MakeRule make_rule) {
  std::vector<Work<decltype(make_rule(0, Segment{}))>> out;
  const auto segments = arena.segments();
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (!segments[i].is_stepped) continue;
    out.push_back({segments[i].offset, segments[i].numel, elements_of(arena.parameters()[i]),
                   make_rule(i, segments[i])});
  }
  return out;
}

}  // namespace plastic::optim

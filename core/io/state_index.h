#pragma once

#include <string_view>
#include <unordered_map>

#include "plastic/core/state_dict.h"

namespace plastic {

/// The tensors of a state by name, each found in constant time: find() looks through all of them,
/// so that looking up every tensor of a state with it takes time that grows with the square.
class StateIndex {
 public:
  /// `state` must outlive this. Of tensors with one name the first counts, as in find().
  explicit StateIndex(const StateDict& state);
  explicit StateIndex(StateDict&&) = delete;

  /// Null when there is none.
  const Tensor* look_up(std::string_view name) const;
  /// Throws Error naming `owner` when there is none.
  const Tensor& find(std::string_view name, const char* owner) const;

 private:
  std::unordered_map<std::string_view, const Tensor*> tensors_;
  std::size_t count_;
};

}  // namespace plastic

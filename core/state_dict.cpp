#include "plastic/core/state_dict.h"

#include <algorithm>

#include "core/check.h"

namespace plastic {

const Tensor& find(const StateDict& state, std::string_view name, const char* owner) {
  const auto found = std::find_if(state.begin(), state.end(),
                                  [&](const NamedTensor& entry) { return entry.name == name; });
  if (found == state.end()) {
    fail(owner, "the state has no tensor \"", name, "\" among its ", state.size());
  }
  return found->tensor;
}

}  // namespace plastic

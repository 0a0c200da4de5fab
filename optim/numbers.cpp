#include "optim/numbers.h"

#include <cmath>
#include <span>
#include <string_view>
#include <unordered_set>

#include "core/check.h"
#include "core/io/state_index.h"

namespace plastic::optim {

NamedTensor number(const std::string& name, double value) {
  return {name, Tensor::from<double>(std::span(&value, 1), {})};
}

NamedTensor count(const std::string& name, std::int64_t value) {
  return {name, Tensor::from<std::int64_t>(std::span(&value, 1), {})};
}

void check_names(const char* owner, const StateDict& state, const std::vector<std::string>& names) {
  const StateIndex given(state);
  for (const std::string& name : names) {
    if (!given.find(name, owner).defined()) fail(owner, "state \"", name, "\" is undefined");
  }
  const std::unordered_set<std::string_view> known(names.begin(), names.end());
  for (const NamedTensor& entry : state) {
    if (!known.contains(entry.name)) {
      fail(owner, "state \"", entry.name, "\" is unknown; the state must come from the same kind");
    }
  }
  if (state.size() != names.size()) fail(owner, "the state names a tensor twice");
}

double number_of(const char* owner, const StateDict& state, const std::string& name) {
  const Tensor& tensor = find(state, name, owner);
  if (tensor.numel() != 1) {
    fail(owner, "state \"", name, "\" has shape ", to_string(tensor.shape()),
         ", expected one number");
  }
  return tensor.item();
}

std::int64_t count_of(const char* owner, const StateDict& state, const std::string& name) {
  const double value = number_of(owner, state, name);
  if (!(value >= 0 && value < 0x1p53 && std::floor(value) == value)) {
    fail(owner, "state \"", name, "\" is ", value, ", expected a whole number of 0 or more");
  }
  return static_cast<std::int64_t>(value);
}

}  // namespace plastic::optim

#include "plastic/core/state_dict.h"

#include <algorithm>

#include "core/check.h"
#include "core/io/state_index.h"

namespace plastic {
namespace {

[[noreturn]] void fail_missing(const char* owner, std::string_view name, std::size_t count) {
  fail(owner, "the state has no tensor \"", name, "\" among its ", count);
}

}  // namespace

const Tensor& find(const StateDict& state, std::string_view name, const char* owner) {
  const auto found = std::find_if(state.begin(), state.end(),
                                  [&](const NamedTensor& entry) { return entry.name == name; });
  if (found == state.end()) fail_missing(owner, name, state.size());
  return found->tensor;
}

StateIndex::StateIndex(const StateDict& state) : count_(state.size()) {
  tensors_.reserve(state.size());
  for (const NamedTensor& entry : state) tensors_.emplace(entry.name, &entry.tensor);
}

const Tensor* StateIndex::look_up(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : found->second;
}

const Tensor& StateIndex::find(std::string_view name, const char* owner) const {
  const Tensor* tensor = look_up(name);
  if (tensor == nullptr) fail_missing(owner, name, count_);
  return *tensor;
}

}  // namespace plastic

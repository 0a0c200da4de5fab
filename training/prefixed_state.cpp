#include "training/prefixed_state.h"

#include <algorithm>
#include <iterator>

#include "core/check.h"

namespace plastic {

void append(StateDict& all, const std::string& prefix, const StateDict& part) {
  for (const NamedTensor& entry : part) all.push_back({prefix + entry.name, entry.tensor});
}

StateDict part_of(const StateDict& all, const std::string& prefix) {
  StateDict part;
  for (const NamedTensor& entry : all) {
    if (entry.name.starts_with(prefix)) {
      part.push_back({entry.name.substr(prefix.size()), entry.tensor});
    }
  }
  return part;
}

StateDict rest_of(const StateDict& all, std::initializer_list<std::string> prefixes) {
  StateDict rest;
  std::ranges::copy_if(all, std::back_inserter(rest), [&](const NamedTensor& entry) {
    return std::ranges::none_of(
        prefixes, [&](const std::string& prefix) { return entry.name.starts_with(prefix); });
  });
  return rest;
}

std::vector<std::int64_t> integers(const char* owner, const StateDict& state, const char* name,
                                   std::size_t count) {
  const Tensor& tensor = find(state, name, owner);
  if (tensor.dtype() != DType::i64 || tensor.rank() != 1 ||
      tensor.numel() != static_cast<std::int64_t>(count)) {
    fail(owner, "\"", name, "\" needs ", count, " integers, has shape ", to_string(tensor.shape()),
         " and dtype ", name_of(tensor.dtype()));
  }
  return tensor.to_vector<std::int64_t>();
}

}  // namespace plastic

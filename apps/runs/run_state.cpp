#include "apps/runs/run_state.h"

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "apps/training/epoch_sums.h"

namespace plastic::apps {
namespace {

constexpr const char* generator_name = "loader.generator";
constexpr const char* position_name = "loader.position";

}  // namespace

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

Tensor to_tensor(const Generator& generator) {
  const std::array values = {std::bit_cast<std::int64_t>(generator.seed),
                             std::bit_cast<std::int64_t>(generator.stream),
                             std::bit_cast<std::int64_t>(generator.offset)};
  return Tensor::from<std::int64_t>(values, {3});
}

Generator to_generator(const StateDict& state, const char* name) {
  const std::vector<std::int64_t> values = integers(state, name, 3);
  return {.seed = std::bit_cast<std::uint64_t>(values[0]),
          .stream = std::bit_cast<std::uint64_t>(values[1]),
          .offset = std::bit_cast<std::uint64_t>(values[2])};
}

void append(StateDict& all, const data::LoaderState& loader) {
  const std::array place = {std::int64_t{loader.started}, loader.position};
  all.push_back({generator_name, to_tensor(loader.generator)});
  all.push_back({position_name, Tensor::from<std::int64_t>(place, {2})});
}

data::LoaderState loader_state(const StateDict& state) {
  const std::vector<std::int64_t> place = integers(state, position_name, 2);
  return {.generator = to_generator(state, generator_name),
          .started = place[0] != 0,
          .position = place[1]};
}

}  // namespace plastic::apps

#include "plastic/training_state.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "core/check.h"
#include "training/prefixed_state.h"

namespace plastic {
namespace {

constexpr const char* op = "training";
constexpr const char* format_key = "plastic.training";
constexpr const char* format_version = "1";

/// A part of a training, whatever it is.
struct Part {
  std::string prefix;
  std::function<StateDict()> state;
  std::function<void(const StateDict&)> load;
};

/// Throws Error unless `state` has these names alone.
void check_names(const std::string& prefix, const StateDict& state,
                 const std::vector<std::string>& names) {
  for (const NamedTensor& entry : state) {
    if (std::ranges::count(state, entry.name, &NamedTensor::name) > 1) {
      fail(op, "\"", prefix, entry.name, "\" is given twice");
    }
    if (std::ranges::find(names, entry.name) == names.end()) {
      fail(op, "\"", prefix, entry.name, "\" is in the state, but not in the training");
    }
  }
}

// The three numbers of a generator, as the bits of signed ones, which is what tensors have.
Tensor to_tensor(const Generator& generator) {
  const std::array values = {std::bit_cast<std::int64_t>(generator.seed),
                             std::bit_cast<std::int64_t>(generator.stream),
                             std::bit_cast<std::int64_t>(generator.offset)};
  return Tensor::from<std::int64_t>(values, {3});
}

Generator to_generator(const StateDict& state, const char* name) {
  const std::vector<std::int64_t> values = integers(op, state, name, 3);
  return {.seed = std::bit_cast<std::uint64_t>(values[0]),
          .stream = std::bit_cast<std::uint64_t>(values[1]),
          .offset = std::bit_cast<std::uint64_t>(values[2])};
}

StateDict to_state(const data::LoaderState& loader) {
  const std::array place = {std::int64_t{loader.started}, loader.position};
  return {{"generator", to_tensor(loader.generator)},
          {"position", Tensor::from<std::int64_t>(place, {2})}};
}

data::LoaderState to_loader_state(const StateDict& state) {
  check_names("loader.", state, {"generator", "position"});
  const std::vector<std::int64_t> place = integers(op, state, "position", 2);
  return {.generator = to_generator(state, "generator"),
          .started = place[0] != 0,
          .position = place[1]};
}

template <class Loader>
Part loader_part(Loader& loader) {
  return {"loader.", [&loader] { return to_state(loader.state()); },
          [&loader](const StateDict& state) { loader.restore(to_loader_state(state)); }};
}

template <class Owner>
void add_part(std::vector<Part>& all, const char* prefix, Owner* owner) {
  if (owner == nullptr) return;
  all.push_back({prefix, [owner] { return owner->state_dict(); },
                 [owner](const StateDict& state) { owner->load_state_dict(state); }});
}

Part generators_part(const std::map<std::string, Generator*>& generators) {
  const auto state = [&generators] {
    StateDict all;
    for (const auto& [name, generator] : generators) all.push_back({name, to_tensor(*generator)});
    return all;
  };
  const auto load = [&generators](const StateDict& given) {
    std::vector<std::string> names;
    std::vector<Generator> values;
    for (const auto& [name, generator] : generators) {
      names.push_back(name);
      values.push_back(to_generator(given, name.c_str()));
    }
    check_names("generator.", given, names);
    for (std::size_t i = 0; i < names.size(); ++i) *generators.at(names[i]) = values[i];
  };
  return {"generator.", state, load};
}

/// In the order in which they are restored: a scheduler sets its optimizer's rates.
std::vector<Part> list_of(const TrainingParts& parts) {
  std::vector<Part> all;
  add_part(all, "model.", parts.model);
  add_part(all, "optimizer.", parts.optimizer);
  add_part(all, "schedule.", parts.scheduler);
  add_part(all, "plateau.", parts.plateau);
  add_part(all, "ema.", parts.ema);
  for (const auto& [name, generator] : parts.generators) {
    if (name.empty() || generator == nullptr) {
      fail(op, "the generator \"", name, "\" has no name or is null");
    }
  }
  if (!parts.generators.empty()) all.push_back(generators_part(parts.generators));
  if (parts.loader != nullptr && parts.tensor_loader != nullptr) {
    fail(op, "there are two loaders; give one");
  }
  if (parts.loader != nullptr) all.push_back(loader_part(*parts.loader));
  if (parts.tensor_loader != nullptr) all.push_back(loader_part(*parts.tensor_loader));
  return all;
}

/// Throws Error unless each tensor is of one of the parts, and each part has some.
void check_parts(const std::vector<Part>& parts, const StateDict& state) {
  const auto is_of = [](const NamedTensor& entry, const Part& part) {
    return entry.name.starts_with(part.prefix);
  };
  for (const NamedTensor& entry : state) {
    if (std::ranges::none_of(parts, [&](const Part& part) { return is_of(entry, part); })) {
      fail(op, "\"", entry.name,
           "\" is in the state, but the training has no such part; give it one");
    }
  }
  for (const Part& part : parts) {
    const bool has_some =
        std::ranges::any_of(state, [&](const NamedTensor& entry) { return is_of(entry, part); });
    if (!has_some && !part.state().empty()) {
      fail(op, "nothing in the state begins with \"", part.prefix,
           "\"; it was saved without that part");
    }
  }
}

/// What a part can be given back after all.
StateDict copied(const StateDict& state) {
  StateDict copies;
  for (const NamedTensor& entry : state) {
    copies.push_back({entry.name, entry.tensor.detach().to(Device{}).clone()});
  }
  return copies;
}

}  // namespace

StateDict training_state(const TrainingParts& parts) {
  StateDict all;
  for (const Part& part : list_of(parts)) append(all, part.prefix, part.state());
  return all;
}

void restore_training(const TrainingParts& parts, const StateDict& state) {
  const std::vector<Part> all = list_of(parts);
  check_parts(all, state);
  // All of them first: what a scheduler keeps depends on its optimizer's rates.
  std::vector<StateDict> before;
  for (const Part& part : all) before.push_back(copied(part.state()));
  try {
    for (const Part& part : all) part.load(part_of(state, part.prefix));
  } catch (...) {
    for (std::size_t i = 0; i < before.size(); ++i) {
      try {
        all[i].load(before[i]);
      } catch (...) {  // The others go back all the same, and the caller learns what came first.
      }
    }
    throw;
  }
}

void save_training(const std::filesystem::path& path, const TrainingParts& parts,
                   const Metadata& metadata) {
  if (metadata.contains(format_key)) {
    fail(op, path.string(), ": the metadata's name ", format_key, " is taken; choose another");
  }
  Metadata marked = metadata;
  marked.emplace(format_key, format_version);
  save_safetensors(path, training_state(parts), marked);
}

Metadata load_training(const std::filesystem::path& path, const TrainingParts& parts) {
  const auto version = [&](Metadata& metadata) {
    const auto found = metadata.find(format_key);
    if (found == metadata.end()) {
      fail(op, path.string(), ": is not a file of save_training(); load_safetensors() reads it");
    }
    if (found->second != format_version) {
      fail(op, path.string(), ": has format ", found->second, "; this program reads format ",
           format_version);
    }
    metadata.erase(found);
  };
  // Before gigabytes are read.
  Metadata head = read_safetensors_info(path).metadata;
  version(head);
  Safetensors file = load_safetensors(path);
  version(file.metadata);
  try {
    restore_training(parts, file.tensors);
  } catch (const Error& error) {
    fail(op, path.string(), ": ", error.what());
  }
  return file.metadata;
}

}  // namespace plastic

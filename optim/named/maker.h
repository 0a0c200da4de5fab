#pragma once

#include <memory>
#include <span>
#include <vector>

#include "plastic/optim/optimizer_table.h"

namespace plastic::optim {

/// OptimizerEntry::make of an optimizer that is made from a vector of `Group`; `options_from` makes
/// the options of a group from its settings.
template <class Made, class Group, class OptionsFrom>
auto maker(OptionsFrom options_from) {
  return [options_from](std::span<const OptimizerGroup> groups) -> std::unique_ptr<Optimizer> {
    std::vector<Group> all;
    for (const OptimizerGroup& group : groups) {
      all.push_back({group.parameters, options_from(group.settings)});
    }
    return std::make_unique<Made>(all);
  };
}

}  // namespace plastic::optim

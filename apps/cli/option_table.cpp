#include "apps/cli/option_table.h"

#include <algorithm>

#include "apps/cli/rows/rows.h"

namespace plastic::apps {
namespace {

std::vector<Option> make_table() {
  std::vector<Option> table;
  for (const auto& part :
       {rows::data_rows(), rows::model_rows(), rows::optimizer_rows(), rows::training_rows(),
        rows::device_rows(), rows::output_rows(), rows::neuroplastic_rows()}) {
    table.insert(table.end(), part.begin(), part.end());
  }
  return table;
}

}  // namespace

const std::vector<Option>& option_table() {
  static const std::vector<Option> table = make_table();
  return table;
}

const Option* find_option(std::string_view name) {
  const auto found = std::ranges::find(option_table(), name, &Option::name);
  return found == option_table().end() ? nullptr : &*found;
}

std::vector<std::string> option_names(const std::function<bool(const Option&)>& holds) {
  std::vector<std::string> names;
  for (const Option& option : option_table()) {
    if (holds(option)) names.push_back(option.name);
  }
  return names;
}

}  // namespace plastic::apps

#include <CLI/CLI.hpp>
#include <algorithm>

#include "apps/cli/values.h"
#include "apps/commands/data_commands.h"
#include "plastic/data/catalog.h"

namespace plastic::apps {
namespace {

const RemoteSet* parse_set(const std::string& text) {
  for (const data::CatalogEntry& entry : data::catalog()) {
    if (entry.name != text || find_remote_set(text) != nullptr) continue;
    throw UsageError(text + " is not downloaded: " + entry.how_to_get);
  }
  std::vector<std::string> names;
  for (const RemoteSet& set : remote_sets()) names.push_back(set.name);
  return find_remote_set(parse_choice(text, names));
}

}  // namespace

void add_set_name(CLI::App& command, const std::shared_ptr<DataChoice>& choice) {
  std::vector<std::string> names;
  for (const RemoteSet& set : remote_sets()) names.push_back(set.name);
  command
      .add_option_function<std::string>(
          "NAME",
          [choice](const std::string& text) {
            try {
              choice->set = parse_set(text);
            } catch (const UsageError& error) {
              throw CLI::ValidationError("NAME", error.what());
            }
          },
          "The data set: " + join(names))
      ->required()
      ->type_name("");
}

}  // namespace plastic::apps

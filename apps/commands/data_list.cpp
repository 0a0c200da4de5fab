// plastic data list: the known sets, where they are found and how large they are.
#include <iostream>
#include <memory>
#include <optional>

#include "apps/cli/options.h"
#include "apps/commands/data_commands.h"
#include "apps/terminal/progress.h"
#include "core/io/utf8_path.h"
#include "plastic/data/catalog.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

constexpr int name_width = 15;

// On the disk, as they are.
std::uint64_t bytes_found(const RemoteSet& set, const fs::path& folder) {
  std::uint64_t sum = 0;
  for (const RemoteFile& file : set.files) {
    for (const ExpectedFile& expected : expected_files(file)) {
      for (const fs::path& copy : copies_in(folder, expected)) {
        std::error_code unreadable;
        const std::uintmax_t bytes = fs::file_size(copy, unreadable);
        if (!unreadable) sum += bytes;
      }
    }
  }
  return sum;
}

std::string state_of(const data::CatalogEntry& entry, const std::optional<fs::path>& data_dir) {
  if (entry.generated) return "generated in memory; needs no files";
  const RemoteSet* set = find_remote_set(entry.name);
  if (const auto folder = data::locate(entry.name, data_dir)) {
    const std::string size = set == nullptr ? "" : format_bytes(bytes_found(*set, *folder)) + " ";
    return size + "in " + folder->string();
  }
  if (set == nullptr) return entry.how_to_get;
  return "not found; '" + get_command(entry.name, data_dir) + "' downloads " +
         format_bytes(set->bytes());
}

void list(const std::optional<fs::path>& data_dir) {
  for (const data::CatalogEntry& entry : data::catalog()) {
    std::cout << pad(entry.name, name_width) << entry.description << "\n"
              << pad("", name_width) << state_of(entry, data_dir) << "\n";
  }
}

}  // namespace

void add_data_list(CLI::App& data) {
  const auto data_dir = std::make_shared<std::optional<fs::path>>();
  CLI::App& command = add_command(data, "list", "List the known sets, where they are, their sizes.",
                                  "", [data_dir] { list(*data_dir); });
  add_text_option(command, "--data-dir", "DIR", "", "Data",
                  "Look here only; without it in $PLASTIC_DATA, ~/.cache/plastic and the system's "
                  "folders",
                  [data_dir](const std::string& text) { *data_dir = path_of_utf8(text); });
}

}  // namespace plastic::apps

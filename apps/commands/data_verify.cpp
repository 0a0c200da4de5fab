// plastic data verify: compares the files of a set with their checksums.
#include <iostream>
#include <memory>

#include "apps/cli/options.h"
#include "apps/commands/data_commands.h"
#include "apps/download/verify.h"
#include "apps/terminal/terminal_text.h"
#include "core/check.h"
#include "plastic/data/catalog.h"

namespace plastic::apps {
namespace {

const char* name_of(FileState state) {
  switch (state) {
    case FileState::right:
      return "right";
    case FileState::wrong:
      return "WRONG";
    case FileState::missing:
      return "MISSING";
    case FileState::unknown:
      return "UNKNOWN";
  }
  return "";
}

void verify(const DataChoice& choice) {
  const RemoteSet& set = *choice.set;
  const auto found = data::locate(set.name, choice.data_dir);
  const std::filesystem::path folder = found ? *found : folder_to_fill(set.name, choice.data_dir);
  const std::vector<FileReport> reports = inspect(set, folder);
  int faults = 0;
  for (const FileReport& report : reports) {
    faults += report.state == FileState::right ? 0 : 1;
    std::cout << printable(report.path.string()) << ": " << name_of(report.state)
              << (report.remark.empty() ? "" : ": ") << printable(report.remark) << "\n";
  }
  std::cout.flush();
  if (faults > 0) {
    fail("data", set.name, ": ", faults, " of ", reports.size(), " files not verified; '",
         get_command(set.name, choice.data_dir), "' fetches them");
  }
}

}  // namespace

void add_data_verify(CLI::App& data) {
  const auto choice = std::make_shared<DataChoice>();
  CLI::App& command = add_command(
      data, "verify", "Compare the files of a data set with their checksums.",
      "Says of each file whether its content is right, and exits with 1 when one is not. Copies\n"
      "that were unpacked or compressed again are right when their content is. The files of CIFAR\n"
      "are compared with what 'plastic data get' recorded when it unpacked them.",
      [choice] { verify(*choice); });
  add_set_name(command, choice);
  add_text_option(command, "--data-dir", "DIR", "", "Data",
                  "Look here only; without it where train looks",
                  [choice](const std::string& text) { choice->data_dir = text; });
}

}  // namespace plastic::apps

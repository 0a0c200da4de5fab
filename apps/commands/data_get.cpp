// plastic data get: downloads a set.
#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>

#include "apps/cli/options.h"
#include "apps/cli/values.h"
#include "apps/commands/data_commands.h"
#include "apps/download/get.h"
#include "apps/terminal/progress.h"
#include "apps/terminal/terminal_text.h"
#include "core/io/utf8_path.h"

namespace plastic::apps {
namespace {

bool is_http_url(std::string_view url) {
  return url.starts_with("http://") || url.starts_with("https://");
}

class GetDisplay : public GetObserver {
 public:
  void on_present(const RemoteFile& file) override {
    std::cout << file.name << ": already there" << std::endl;
  }

  void on_start(const RemoteFile& file, std::uint64_t offset) override {
    offset_ = offset;
    progress_.emplace(static_cast<std::int64_t>(file.bytes - std::min(offset, file.bytes)));
  }

  void on_bytes(const RemoteFile& file, std::uint64_t bytes) override {
    if (!progress_->due()) return;
    progress_->update(static_cast<std::int64_t>(bytes - offset_), file.name,
                      format_bytes(bytes) + " of " + format_bytes(file.bytes));
  }

  void on_fetched(const RemoteFile& file) override {
    std::string line = file.name + ": " + format_bytes(file.bytes);
    if (offset_ > 0) line += ", the last " + format_bytes(file.bytes - offset_) + " fetched now";
    progress_.reset();
    std::cout << line << (file.is_archive() ? ", unpacked" : "") << std::endl;
    offset_ = 0;
  }

 private:
  std::optional<Progress> progress_;
  std::uint64_t offset_ = 0;
};

void get(const DataChoice& choice, const GetOptions& options) {
  const std::filesystem::path folder = folder_to_fill(choice.set->name, choice.data_dir);
  GetDisplay display;
  get_set(*choice.set, folder, options, display);
  std::cout << choice.set->name << " is complete in " << printable(folder.string()) << std::endl;
}

}  // namespace

void add_data_get(CLI::App& data) {
  const auto choice = std::make_shared<DataChoice>();
  const auto options = std::make_shared<GetOptions>();
  CLI::App& command = add_command(
      data, "get", "Download a data set and verify its checksums.",
      "A file that is present and right is not fetched again. An interrupted download continues\n"
      "where it stopped, from NAME.part; a file gets its name once its SHA-256 is right.\n"
      "\n"
      "Examples:\n"
      "  plastic data get fashion-mnist\n"
      "  plastic data get cifar-10 --data-dir /data      # into /data/cifar-10\n"
      "  plastic data get mnist --from https://mirror.example/mnist",
      [choice, options] { get(*choice, *options); });
  add_set_name(command, choice);
  add_text_option(command, "--data-dir", "DIR", "~/.cache/plastic", "Data",
                  "Put the set's folder here",
                  [choice](const std::string& text) { choice->data_dir = path_of_utf8(text); });
  add_text_option(command, "--from", "URL", "the set's home", "Data",
                  "Fetch the files from this folder of a server, http or https; they must still be "
                  "the published ones",
                  [options](const std::string& text) {
                    if (!is_http_url(text)) {
                      throw UsageError("expected http://... or https://..., got '" + text + "'");
                    }
                    options->from = text;
                  });
}

}  // namespace plastic::apps

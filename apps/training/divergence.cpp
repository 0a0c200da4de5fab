#include "apps/training/divergence.h"

#include <cstdint>
#include <system_error>

#include "apps/runs/json_parser.h"
#include "apps/runs/run_files.h"
#include "apps/runs/text_file.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::int64_t last_epoch = 1'000'000'000;

}  // namespace

fs::path divergence_path(const fs::path& folder) { return folder / "diverged.json"; }

void save_divergence(const fs::path& folder, const Divergence& divergence) {
  const ordered_json json = {{"epoch", divergence.epoch}, {"where", divergence.where}};
  write_run_file(divergence_path(folder), json.dump() + "\n");
}

std::optional<Divergence> load_divergence(const char* op, const fs::path& folder) {
  const fs::path path = divergence_path(folder);
  std::error_code error;
  if (fs::symlink_status(path, error).type() == fs::file_type::not_found) return std::nullopt;
  try {
    const ordered_json json = parse_json(read_text(op, path));
    if (json.is_object() && json.contains("epoch") && json.contains("where") &&
        json["epoch"].is_number_integer() && json["where"].is_string()) {
      const auto epoch = json["epoch"].get<std::int64_t>();
      if (epoch >= 1 && epoch <= last_epoch) {
        return Divergence{.epoch = static_cast<int>(epoch),
                          .where = json["where"].get<std::string>()};
      }
    }
  } catch (const BadJson& wrong) {
    fail(op, path.string(), ": ", wrong.what());
  }
  fail(op, path.string(), ": expected an object with \"epoch\", from 1, and \"where\", a text");
}

}  // namespace plastic::apps

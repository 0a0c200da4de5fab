#include "apps/report/comparison_reader.h"

#include <algorithm>
#include <set>

#include "apps/runs/json_parser.h"
#include "apps/runs/text_file.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t longest_text = std::size_t{4} << 20;
constexpr const char* what_to_do = "; run the comparison again, or remove the file";

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : path_(path) {}

  ListedComparison read() const {
    const std::string text = read_text("report", path_);
    if (text.size() > longest_text) {
      reject("expected at most ", longest_text, " bytes, found ", text.size());
    }
    const ordered_json json = parse(text);
    if (!json.is_object()) reject("expected an object, found ", json.type_name());
    ListedComparison comparison{.facts = facts_of(json), .rows = {}, .seeds = {}};
    if (const auto settings = json.find("settings"); settings != json.end()) {
      comparison.rows = rows_of(*settings);
      if (const auto table = json.find("optimizers"); table != json.end()) {
        name_optimizers(*table, *comparison.rows);
      }
    }
    if (const auto seeds = json.find("seeds"); seeds != json.end()) {
      comparison.seeds = seeds_of(*seeds);
    }
    return comparison;
  }

 private:
  template <class... Parts>
  [[noreturn]] void reject(const Parts&... parts) const {
    fail("report", path_.string(), ": ", parts..., what_to_do);
  }

  ordered_json parse(const std::string& text) const {
    try {
      return parse_json(text);
    } catch (const BadJson& wrong) {
      const std::size_t read = std::min(wrong.byte(), text.size());
      const auto end = text.begin() + static_cast<std::ptrdiff_t>(read);
      if (read == 0) reject(wrong.what());
      fail("report", path_.string(), ", line ", 1 + std::count(text.begin(), end, '\n'), ": ",
           wrong.what(), what_to_do);
    }
  }

  static std::string as_text(const ordered_json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (!value.is_array()) return value.dump();
    std::string text;
    for (const ordered_json& part : value) text += (text.empty() ? "" : ", ") + as_text(part);
    return text;
  }

  static bool is_plain(const ordered_json& value) {
    const auto is_scalar = [](const ordered_json& part) {
      return part.is_string() || part.is_number() || part.is_boolean();
    };
    return is_scalar(value) ||
           (value.is_array() && std::all_of(value.begin(), value.end(), is_scalar));
  }

  static std::vector<std::pair<std::string, std::string>> facts_of(const ordered_json& json) {
    std::vector<std::pair<std::string, std::string>> facts;
    for (const auto& [name, value] : json.items()) {
      if (is_plain(value)) facts.emplace_back(name, as_text(value));
    }
    return facts;
  }

  std::vector<ListedComparison::Row> rows_of(const ordered_json& settings) const {
    if (!settings.is_object()) {
      reject("expected an object for \"settings\", found ", settings.type_name());
    }
    std::vector<ListedComparison::Row> rows;
    for (const auto& [name, value] : settings.items()) {
      if (!value.is_string()) {
        reject("expected texts in \"settings\", found ", value.type_name());
      }
      rows.push_back({.name = name, .optimizer = name, .settings = value.get<std::string>()});
    }
    return rows;
  }

  // From the table, whose rows say of which optimizer they are.
  void name_optimizers(const ordered_json& table, std::vector<ListedComparison::Row>& rows) const {
    if (!table.is_array()) {
      reject("expected a list for \"optimizers\", found ", table.type_name());
    }
    for (const ordered_json& entry : table) {
      if (!entry.is_object()) {
        reject("expected objects in \"optimizers\", found ", entry.type_name());
      }
      const auto name = entry.find("name");
      const auto optimizer = entry.find("optimizer");
      if (name == entry.end() || optimizer == entry.end()) continue;
      if (!name->is_string() || !optimizer->is_string()) {
        reject("expected texts for \"name\" and \"optimizer\" in \"optimizers\"");
      }
      const auto row =
          std::ranges::find(rows, name->get<std::string>(), &ListedComparison::Row::name);
      if (row != rows.end()) row->optimizer = optimizer->get<std::string>();
    }
  }

  std::vector<std::uint64_t> seeds_of(const ordered_json& list) const {
    if (!list.is_array()) reject("expected a list for \"seeds\", found ", list.type_name());
    std::vector<std::uint64_t> seeds;
    std::set<std::uint64_t> seen;
    for (const ordered_json& value : list) {
      if (!value.is_number_unsigned()) {
        reject("expected whole numbers from 0 in \"seeds\", found ",
               value.is_structured() ? value.type_name() : value.dump());
      }
      const auto seed = value.get<std::uint64_t>();
      if (!seen.insert(seed).second) reject("the seed ", seed, " is given twice");
      seeds.push_back(seed);
    }
    return seeds;
  }

  const std::filesystem::path& path_;
};

}  // namespace

ListedComparison read_comparison(const std::filesystem::path& path) { return Reader(path).read(); }

}  // namespace plastic::apps

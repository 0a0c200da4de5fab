#include "apps/runs/json_parser.h"

#include <array>

namespace plastic::apps {
namespace {

using nlohmann::ordered_json;

// Watches the limits while a text is parsed.
class Limits {
 public:
  bool operator()(int depth, ordered_json::parse_event_t event, ordered_json&) {
    using Event = ordered_json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      if (depth >= json_depth_limit) {
        throw BadJson(
            "arrays and objects are nested deeper than " + std::to_string(json_depth_limit), 0);
      }
      names_[static_cast<std::size_t>(depth)] = 0;
    } else if (event == Event::key) {
      // A name is one level below its object.
      if (++names_[static_cast<std::size_t>(depth - 1)] > json_name_limit) {
        throw BadJson("an object has more than " + std::to_string(json_name_limit) + " names", 0);
      }
    }
    return true;
  }

 private:
  std::array<std::size_t, json_depth_limit> names_{};
};

// Without the library's own name in front.
std::string reason_of(const ordered_json::exception& error) {
  const std::string text = error.what();
  const std::size_t end = text.find("] ");
  return end == std::string::npos ? text : text.substr(end + 2);
}

}  // namespace

ordered_json parse_json(std::string_view text) {
  try {
    return ordered_json::parse(text.begin(), text.end(), Limits());
  } catch (const ordered_json::parse_error& error) {
    throw BadJson("this is not JSON: " + reason_of(error), error.byte);
  } catch (const ordered_json::exception& error) {
    // A number that no double holds.
    throw BadJson("this is not JSON: " + reason_of(error), 0);
  }
}

}  // namespace plastic::apps

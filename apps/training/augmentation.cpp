#include "apps/training/augmentation.h"

#include <algorithm>
#include <functional>

#include "apps/cli/values.h"

namespace plastic::apps {
namespace {

using data::AugmentOptions;

struct Change {
  std::string name;
  /// What the name alone stands for.
  double usual;
  std::string meaning;
  std::function<void(AugmentOptions&, const std::string& strength)> set;
};

std::int64_t parse_pixels(const std::string& text) { return parse_integer(text, 1, 1 << 15); }

double parse_strength(const std::string& text) {
  return parse_number(text, {.low = 0.0, .high = 100.0, .low_included = false});
}

const std::vector<Change>& changes() {
  static const std::vector<Change> all = {
      {"crop", 4, "moved by up to this many pixels",
       [](AugmentOptions& o, const std::string& text) { o.crop_padding = parse_pixels(text); }},
      {"flip", 0.5, "flipped left to right, with this probability",
       [](AugmentOptions& o, const std::string& text) {
         o.flip = parse_number(text, {.low = 0.0, .high = 1.0, .low_included = false});
       }},
      {"cutout", 16, "a square of this side blanked",
       [](AugmentOptions& o, const std::string& text) { o.cutout = parse_pixels(text); }},
      {"jitter", 0.2, "brightness, contrast and saturation changed by up to this share",
       [](AugmentOptions& o, const std::string& text) {
         o.brightness = o.contrast = o.saturation = parse_strength(text);
       }},
      {"brightness", 0.2, "brightness alone",
       [](AugmentOptions& o, const std::string& text) { o.brightness = parse_strength(text); }},
      {"contrast", 0.2, "contrast alone",
       [](AugmentOptions& o, const std::string& text) { o.contrast = parse_strength(text); }},
      {"saturation", 0.2, "saturation alone",
       [](AugmentOptions& o, const std::string& text) { o.saturation = parse_strength(text); }},
  };
  return all;
}

std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const Change& change : changes()) out.push_back(change.name);
  return out;
}

}  // namespace

data::AugmentOptions parse_augment(std::string_view text) {
  AugmentOptions options;
  if (text == "none") return options;
  std::vector<std::string> seen;
  for (const std::string& part : parse_list(text, true)) {
    const std::size_t sign = part.find('=');
    const std::string name = parse_choice(part.substr(0, sign), names());
    if (std::ranges::find(seen, name) != seen.end()) throw UsageError(name + " is given twice");
    seen.push_back(name);
    const Change& change = *std::ranges::find(changes(), name, &Change::name);
    change.set(options, sign == std::string::npos ? brief(change.usual) : part.substr(sign + 1));
  }
  return options;
}

std::vector<std::string> augment_parts(const data::AugmentOptions& options) {
  std::vector<std::string> parts;
  const auto add = [&](const char* name, double strength) {
    if (strength != 0) parts.push_back(std::string(name) + "=" + exact(strength));
  };
  add("crop", static_cast<double>(options.crop_padding));
  add("flip", options.flip);
  add("cutout", static_cast<double>(options.cutout));
  if (options.brightness == options.contrast && options.contrast == options.saturation) {
    add("jitter", options.brightness);
  } else {
    add("brightness", options.brightness);
    add("contrast", options.contrast);
    add("saturation", options.saturation);
  }
  return parts;
}

std::string augment_help() {
  std::vector<std::string> parts;
  for (const Change& change : changes()) {
    parts.push_back(change.name + "=" + brief(change.usual) + " (" + change.meaning + ")");
  }
  return join(parts);
}

}  // namespace plastic::apps

#include "apps/tuning/search_spaces.h"

#include <algorithm>
#include <vector>

#include "apps/cli/option_value.h"
#include "apps/cli/values.h"
#include "apps/study/study_file.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

struct Row {
  const char* optimizer;
  std::vector<const char*> dimensions;
};

// Rates reach to a hundred times the usual one, for with decay of the rate, large batches or few
// epochs the best is often above it. A coupled weight decay acts through the rate, so its range
// lies lower than that of a decoupled one.
const std::vector<Row>& table() {
  static const std::vector<Row> rows = {
      {"neuroplastic", {"lr=log:1e-2:1", "np.plasticity-scale=uniform:0:3"}},
      {"grad-only", {"lr=log:1e-2:1"}},
      {"sgd", {"lr=log:1e-3:1", "weight-decay=log:1e-6:1e-2"}},
      {"adam", {"lr=log:1e-4:1e-1"}},
      {"adamw", {"lr=log:1e-4:1e-1", "weight-decay=log:1e-4:1"}},
      {"lion", {"lr=log:1e-5:1e-2", "weight-decay=log:1e-4:1"}},
      {"nadam", {"lr=log:1e-4:1e-1"}},
      {"radam", {"lr=log:1e-4:1e-1"}},
      {"rmsprop", {"lr=log:1e-4:1e-1"}},
      {"schedule-free-sgd", {"lr=log:1e-2:10"}},
      {"schedule-free-adamw", {"lr=log:1e-4:1e-1", "weight-decay=log:1e-4:1"}},
      {"muon", {"lr=log:1e-3:1e-1", "weight-decay=log:1e-4:1"}},
      {"lamb", {"lr=log:1e-4:1e-1", "weight-decay=log:1e-4:1"}},
      {"adafactor", {"lr=log:1e-4:1e-1"}},
      // Prodigy finds its rate itself; this is a factor of what it finds.
      {"prodigy", {"d-coef=log:0.1:10"}},
      {"soap", {"lr=log:1e-4:1e-1", "weight-decay=log:1e-4:1"}},
  };
  return rows;
}

// The parts between colons.
std::vector<std::string> parts_of(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ':') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::string joined_values(const SearchDimension& dimension, const std::string& separator) {
  if (dimension.kind == SearchDimension::Kind::choices) {
    std::vector<std::string> values;
    for (const std::string& choice : dimension.choices) {
      values.push_back(separator == ":" ? choice : toml_value(choice));
    }
    return join(values, separator);
  }
  return exact(dimension.low) + separator + exact(dimension.high);
}

const std::string& kind_name(const SearchDimension& dimension) {
  return search_kind_names()[static_cast<std::size_t>(dimension.kind)];
}

}  // namespace

SearchSpace default_search_space(const std::string& optimizer) {
  const auto row = std::ranges::find(table(), optimizer, &Row::optimizer);
  if (row == table().end()) fail("tune", "no search space for ", optimizer);
  SearchSpace space;
  for (const char* text : row->dimensions) space.push_back(parse_search_dimension(text));
  return space;
}

SearchDimension parse_search_dimension(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const std::vector<std::string> parts =
      equals == std::string::npos ? std::vector<std::string>() : parts_of(text.substr(equals + 1));
  const std::vector<std::string>& kinds = search_kind_names();
  if (parts.size() < 2 || std::ranges::find(kinds, parts.front()) == kinds.end()) {
    throw UsageError("expected OPTION=KIND:LOW:HIGH, such as lr=log:1e-4:1e-1, or " +
                     ("OPTION=choices:VALUE:VALUE, KIND being one of " + join(kinds)) + "; got '" +
                     text + "'");
  }
  if (find_option(name) == nullptr) {
    const std::string similar = nearest(
        name, option_names([](const Option& one) { return one.effect == Effect::setting; }));
    throw UsageError("unknown option '" + name +
                     (similar.empty() ? "'" : "'; did you mean " + similar + "?"));
  }
  std::vector<std::string> values;
  for (std::size_t i = 1; i < parts.size(); ++i) values.push_back(toml_value(parts[i]));
  // A study's reader knows what may be searched and what bounds are.
  const std::string before = ": search.sgd.";
  try {
    const StudyFile file = parse_study_file(
        "",
        "optimizers = [\"sgd\"]\nseeds = [1]\n[tuning]\ntrials = 1\nseeds = [2]\n[search.sgd]\n" +
            name + " = { " + parts.front() + " = [" + join(values) + "] }\n");
    return file.searches.front().space.front();
  } catch (const UsageError& error) {
    const std::string what = error.what();
    const std::size_t at = what.find(before);
    throw UsageError(at == std::string::npos ? what : what.substr(at + before.size()));
  }
}

std::string toml_value(const std::string& text) {
  const OptionValue value = value_of_text(text);
  return plain_text(value) == text ? toml_text(value) : toml_text(OptionValue(text));
}

std::string to_text(const SearchDimension& dimension) {
  return dimension.option->name + "=" + kind_name(dimension) + ":" + joined_values(dimension, ":");
}

std::string toml_line(const SearchDimension& dimension) {
  return dimension.option->name + " = { " + kind_name(dimension) + " = [" +
         joined_values(dimension, ", ") + "] }";
}

}  // namespace plastic::apps

#include "apps/runs/metrics_object.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <unordered_set>

namespace plastic::apps {
namespace {

using Kind = MetricsMember::Kind;

/// What nlohmann's parser calls at each piece of the text.
class Handler : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Handler(MetricsObject& object) : object_(object) {}

  bool null() override { return value({.name = {}, .kind = Kind::null}); }
  bool boolean(bool) override { return value({.name = {}, .kind = Kind::boolean}); }
  bool number_integer(number_integer_t number) override {
    return value({.name = {},
                  .kind = Kind::integer,
                  .number = static_cast<double>(number),
                  .integer = number});
  }
  bool number_unsigned(number_unsigned_t number) override {
    constexpr auto most = static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max());
    return value({.name = {},
                  .kind = Kind::integer,
                  .number = static_cast<double>(number),
                  .integer = static_cast<std::int64_t>(std::min(number, most))});
  }
  bool number_float(number_float_t number, const string_t&) override {
    return value({.name = {}, .kind = Kind::number, .number = number});
  }
  bool string(string_t&) override { return value({.name = {}, .kind = Kind::text}); }
  bool binary(binary_t&) override { return value({.name = {}, .kind = Kind::text}); }

  bool start_object(std::size_t) override {
    // The line itself, or its diagnostics; what lies in others is passed over.
    const bool enters = depth_ == 0 || (depth_ == 1 && name_ == "diagnostics");
    value({.name = {}, .kind = Kind::object});
    ++depth_;
    if (enters) inside_ = depth_;
    return true;
  }
  bool end_object() override {
    if (inside_ == depth_) --inside_;
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override {
    value({.name = {}, .kind = Kind::array});
    ++depth_;
    return true;
  }
  bool end_array() override {
    --depth_;
    return true;
  }

  bool key(string_t& name) override {
    if (depth_ != inside_) return true;
    if (!names_[depth_ - 1].insert(name).second) {
      throw std::runtime_error("\"" + name + "\" is given twice");
    }
    name_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception& error) override {
    const std::string reason = error.what();
    throw std::runtime_error("this is not JSON: " + reason.substr(reason.find("] ") + 2));
  }

  /// What the whole text is.
  Kind whole() const { return whole_; }

 private:
  bool value(MetricsMember member) {
    if (depth_ == 0) whole_ = member.kind;
    if (depth_ == 0 || depth_ != inside_) return true;
    member.name = std::move(name_);
    name_.clear();
    (depth_ == 1 ? object_.members : object_.diagnostics).push_back(std::move(member));
    return true;
  }

  MetricsObject& object_;
  Kind whole_ = Kind::null;
  std::size_t depth_ = 0;
  /// How deep the innermost object lies whose members are kept: the line's or its diagnostics'.
  std::size_t inside_ = 0;
  std::string name_;
  std::unordered_set<std::string> names_[2];
};

}  // namespace

const char* MetricsMember::kind_name() const {
  switch (kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "boolean";
    case Kind::integer:
    case Kind::number:
      return "number";
    case Kind::text:
      return "string";
    case Kind::array:
      return "array";
    case Kind::object:
      return "object";
  }
  return "";
}

const MetricsMember* MetricsObject::find(std::string_view name) const {
  const auto found = std::ranges::find(members, name, &MetricsMember::name);
  return found == members.end() ? nullptr : &*found;
}

MetricsObject parse_metrics_object(const std::string& text) {
  MetricsObject object;
  Handler handler(object);
  nlohmann::json::sax_parse(text, &handler);
  if (handler.whole() != Kind::object) {
    throw std::runtime_error(std::string("expected an object, found ") +
                             MetricsMember{.name = {}, .kind = handler.whole()}.kind_name());
  }
  return object;
}

}  // namespace plastic::apps

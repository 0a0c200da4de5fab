#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "apps/microscope/probe_line.h"

namespace plastic::apps {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t max_step = std::int64_t{1} << 48;

[[noreturn]] void reject(const std::string& reason) { throw std::runtime_error(reason); }

std::string in_quotes(const std::string& name) { return "\"" + name + "\""; }

/// Where numbers go: `width` of them for each of the tensors, in a list of their own unless that is
/// a single number.
struct Target {
  std::vector<double>* values = nullptr;
  std::size_t width = 1;
  bool is_nested = false;
};

/// What nlohmann's parser calls at each piece of a line, which goes straight to where it belongs: a
/// document of all the numbers would take ten times the memory and time.
class StepHandler : public nlohmann::json_sax<nlohmann::json> {
 public:
  StepHandler(const ProbeHeader& header, ProbeRecord& record) : header_(header), record_(record) {}

  bool null() override { return number(missing); }
  bool boolean(bool) override { return other(); }
  bool number_integer(number_integer_t value) override {
    if (place_ == Place::line && is_whole()) return whole(value);
    return number(static_cast<double>(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (place_ == Place::line && is_whole()) {
      return whole(static_cast<std::int64_t>(
          std::min(value, static_cast<number_unsigned_t>(std::numeric_limits<int64_t>::max()))));
    }
    return number(static_cast<double>(value));
  }
  bool number_float(number_float_t value, const string_t&) override { return number(value); }
  bool string(string_t&) override { return other(); }
  bool binary(binary_t&) override { return other(); }

  bool start_object(std::size_t) override {
    if (passed_ > 0 || place_ == Place::list || place_ == Place::inner) return pass_over();
    switch (place_) {
      case Place::start:
        place_ = Place::line;
        return true;
      case Place::line:
        if (key_ == "numbers") place_ = Place::numbers;
        if (key_ == "signals") place_ = Place::signals;
        return place_ == Place::line ? pass_over() : true;
      case Place::signals:
        return enter_signal();
      default:
        return pass_over();
    }
  }
  bool end_object() override {
    if (passed_ > 0) return pass_back();
    place_ = place_ == Place::signal ? Place::signals : Place::line;
    return true;
  }
  bool start_array(std::size_t) override {
    if (passed_ > 0) return pass_over();
    if (place_ == Place::list) return enter_inner();
    if (place_ == Place::start || place_ == Place::inner || place_ == Place::signals)
      return other();
    target_ = target();
    if (target_.values == nullptr) return pass_over();
    if (!target_.values->empty()) reject(in_quotes(key_) + " is given twice");
    outside_ = place_;
    place_ = Place::list;
    elements_ = 0;
    return true;
  }
  bool end_array() override {
    if (passed_ > 0) return pass_back();
    if (place_ == Place::inner) {
      if (target_.values->size() != inner_end_) reject(wrong_length(target_.width));
      place_ = Place::list;
      return true;
    }
    if (elements_ != header_.tensors.size()) reject(wrong_length(header_.tensors.size()));
    place_ = outside_;
    return true;
  }
  bool key(string_t& name) override {
    if (passed_ == 0) key_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception& error) override {
    const std::string reason = error.what();
    reject("this is not JSON: " + reason.substr(reason.find("] ") + 2));
  }

 private:
  enum class Place { start, line, numbers, signals, signal, list, inner };

  bool pass_over() {
    if (place_ == Place::start) return other();
    if (place_ == Place::list || place_ == Place::inner)
      reject("expected numbers in " + in_quotes(key_));
    ++passed_;
    return true;
  }
  bool pass_back() {
    --passed_;
    return true;
  }

  bool is_whole() const { return passed_ == 0 && (key_ == "step" || key_ == "epoch"); }
  bool whole(std::int64_t value) {
    if (value < 0 || value > max_step) reject("expected a count for " + in_quotes(key_));
    (key_ == "step" ? record_.step : record_.epoch) = value;
    return true;
  }

  bool number(double value) {
    if (passed_ > 0) return true;
    switch (place_) {
      case Place::start:
        return other();
      case Place::line:
        if (is_whole()) reject("expected a whole number for " + in_quotes(key_));
        if (key_ == "loss") record_.loss = value;
        if (key_ == "lr") record_.learning_rate = value;
        return true;
      case Place::list:
        return add_to_list(value);
      case Place::inner:
        if (target_.values->size() == inner_end_) reject(wrong_length(target_.width));
        target_.values->push_back(value);
        return true;
      default:
        return true;
    }
  }
  void count_element() {
    if (elements_ == header_.tensors.size()) reject(wrong_length(header_.tensors.size()));
    ++elements_;
  }
  bool add_to_list(double value) {
    count_element();
    if (target_.is_nested && value == value) reject("expected lists in " + in_quotes(key_));
    target_.values->insert(target_.values->end(), target_.width, value);
    return true;
  }
  bool enter_inner() {
    if (!target_.is_nested) reject("expected numbers in " + in_quotes(key_));
    count_element();
    inner_end_ = target_.values->size() + target_.width;
    place_ = Place::inner;
    return true;
  }

  bool other() {
    if (passed_ > 0) return true;
    if (place_ == Place::start) reject("expected an object");
    if (place_ == Place::list || place_ == Place::inner) {
      reject("expected numbers in " + in_quotes(key_));
    }
    return true;
  }

  bool enter_signal() {
    const auto found = std::ranges::find(header_.signals, key_, &ProbedSignal::name);
    if (found == header_.signals.end()) return pass_over();
    signal_ = &record_.signals[static_cast<std::size_t>(found - header_.signals.begin())];
    place_ = Place::signal;
    return true;
  }

  Target target() {
    if (place_ == Place::line) {
      if (key_ == "weight_norm") return {&record_.weight_norm};
      if (key_ == "gradient_norm") return {&record_.gradient_norm};
      if (key_ == "update_norm") return {&record_.update_norm};
      if (key_ == "cosine") return {&record_.cosine};
    } else if (place_ == Place::numbers) {
      return {&numbers()};
    } else if (place_ == Place::signal) {
      if (key_ == "mean") return {&signal_->mean};
      if (key_ == "deviation") return {&signal_->deviation};
      if (key_ == "at_low") return {&signal_->at_low};
      if (key_ == "at_high") return {&signal_->at_high};
      if (key_ == "quantiles") return {&signal_->quantiles, header_.quantiles.size(), true};
      if (key_ == "histogram") return {&signal_->histogram, header_.bins, true};
    }
    return {};
  }
  std::vector<double>& numbers() {
    for (auto& [name, values] : record_.numbers) {
      if (name == key_) return values;
    }
    if (record_.numbers.size() == max_probe_numbers) {
      reject("more than " + std::to_string(max_probe_numbers) + " names in \"numbers\"");
    }
    return record_.numbers.emplace_back(key_, std::vector<double>()).second;
  }

  std::string wrong_length(std::size_t expected) const {
    return "expected " + std::to_string(expected) + " elements in " + in_quotes(key_);
  }

  const ProbeHeader& header_;
  ProbeRecord& record_;
  Place place_ = Place::start;
  /// What a list is a member of.
  Place outside_ = Place::line;
  /// How many lists and objects are open that nobody reads.
  std::size_t passed_ = 0;
  std::string key_;
  SignalRecord* signal_ = nullptr;
  /// Where the numbers of the list being read go, and how many elements it has so far.
  Target target_;
  std::size_t elements_ = 0;
  /// How long the target is once the inner list is complete.
  std::size_t inner_end_ = 0;
};

void clear(SignalRecord& signal) {
  for (auto* values : {&signal.mean, &signal.deviation, &signal.at_low, &signal.at_high,
                       &signal.quantiles, &signal.histogram}) {
    values->clear();
  }
}

void clear(ProbeRecord& record) {
  record.step = record.epoch = -1;
  record.loss = record.learning_rate = missing;
  for (auto* values :
       {&record.weight_norm, &record.gradient_norm, &record.update_norm, &record.cosine}) {
    values->clear();
  }
  record.numbers.clear();
  for (SignalRecord& signal : record.signals) clear(signal);
}

// What the line does not have.
void fill(ProbeRecord& record, const ProbeHeader& header) {
  const std::size_t tensors = header.tensors.size();
  for (auto* values :
       {&record.weight_norm, &record.gradient_norm, &record.update_norm, &record.cosine}) {
    values->resize(tensors, missing);
  }
  for (SignalRecord& signal : record.signals) {
    for (auto* values : {&signal.mean, &signal.deviation, &signal.at_low, &signal.at_high}) {
      values->resize(tensors, missing);
    }
    signal.quantiles.resize(tensors * header.quantiles.size(), missing);
    signal.histogram.resize(tensors * header.bins, missing);
  }
}

void check(const ProbeRecord& record) {
  if (record.step < 0) reject("no \"step\"");
  if (record.epoch < 0) reject("no \"epoch\"");
  for (const SignalRecord& signal : record.signals) {
    // Written so that a missing count passes.
    if (std::ranges::any_of(signal.histogram, [](double count) { return count < 0; })) {
      reject("a count of a histogram is negative");
    }
  }
}

}  // namespace

void parse_probe_step(std::string_view line, const ProbeHeader& header, ProbeRecord& record) {
  record.signals.resize(header.signals.size());
  clear(record);
  StepHandler handler(header, record);
  nlohmann::json::sax_parse(line, &handler);
  fill(record, header);
  check(record);
}

}  // namespace plastic::apps

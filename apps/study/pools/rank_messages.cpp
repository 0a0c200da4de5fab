#include "apps/study/pools/rank_messages.h"

#include <charconv>
#include <concepts>
#include <cstdint>
#include <utility>

#include "core/check.h"
#include "core/text.h"

namespace plastic::apps {
namespace {

// A message is a letter, numbers with a space before each, and for what is more than numbers a
// line's end and a text.
constexpr char start_letter = 's';
constexpr char end_letter = 'e';
constexpr char progress_letter = 'p';
constexpr char result_letter = 'r';
constexpr char failure_letter = 'f';
constexpr char interrupted_letter = 'i';

[[noreturn]] void refuse(std::string_view message) {
  constexpr std::size_t shown = 60;
  fail("study", "a message between ranks is not understood: '", message.substr(0, shown), "'");
}

/// Takes the letter and the numbers off; what is left is the text.
class MessageReader {
 public:
  explicit MessageReader(std::string_view message) : message_(message), left_(message) {
    if (left_.empty()) refuse(message_);
    left_.remove_prefix(1);
  }

  char letter() const { return message_.front(); }
  bool is_at_end() const { return left_.empty(); }

  template <std::integral T>
  T number() {
    T value = 0;
    if (!left_.starts_with(' ')) refuse(message_);
    const char* const last = left_.data() + left_.size();
    const auto [end, error] = std::from_chars(left_.data() + 1, last, value);
    if (error != std::errc()) refuse(message_);
    left_ = {end, last};
    return value;
  }

  std::string text() {
    if (!left_.starts_with('\n')) refuse(message_);
    return std::string(left_.substr(1));
  }

 private:
  std::string_view message_;
  std::string_view left_;
};

}  // namespace

std::string message_of(const RankOrder& order) {
  if (!order.is_start) return {end_letter};
  std::string message = text_of(start_letter, " ", order.run);
  if (order.trial) message += text_of(" ", *order.trial);
  return message;
}

std::string message_of(const RankReport& report) {
  if (report.kind == RankReport::Kind::interrupted) return {interrupted_letter};
  if (report.kind == RankReport::Kind::ended) return {end_letter};
  const WorkerEvent& event = report.event;
  if (!event.has_ended) {
    const WorkerProgress& now = event.progress;
    return text_of(progress_letter, " ", event.id, " ", now.epoch, " ", now.step, " ", now.steps);
  }
  const bool has_failed = !event.failure.empty();
  return text_of(has_failed ? failure_letter : result_letter, " ", event.id, "\n",
                 has_failed ? event.failure : event.result);
}

RankOrder read_order(std::string_view message) {
  MessageReader reader(message);
  RankOrder order{.is_start = reader.letter() == start_letter};
  if (!order.is_start && reader.letter() != end_letter) refuse(message);
  if (!order.is_start) return order;
  order.run = reader.number<std::size_t>();
  if (!reader.is_at_end()) order.trial = reader.number<int>();
  return order;
}

RankReport read_report(std::string_view message) {
  MessageReader reader(message);
  switch (reader.letter()) {
    case interrupted_letter:
      return {.kind = RankReport::Kind::interrupted};
    case end_letter:
      return {.kind = RankReport::Kind::ended};
    case progress_letter:
    case result_letter:
    case failure_letter:
      break;
    default:
      refuse(message);
  }
  WorkerEvent event{.id = reader.number<std::size_t>(),
                    .has_ended = reader.letter() != progress_letter};
  if (!event.has_ended) {
    event.progress.epoch = reader.number<int>();
    event.progress.step = reader.number<std::int64_t>();
    event.progress.steps = reader.number<std::int64_t>();
  } else if (reader.letter() == result_letter) {
    event.result = reader.text();
  } else {
    event.failure = reader.text();
  }
  return {.event = std::move(event)};
}

}  // namespace plastic::apps

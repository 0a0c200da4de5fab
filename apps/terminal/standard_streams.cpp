#include "apps/terminal/standard_streams.h"

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <string_view>

#include "apps/terminal/system_terminal.h"
#include "core/text.h"

namespace plastic::apps {
namespace {

int readers_that_may_leave = 0;
bool (*is_in_vain)() = nullptr;
// What a pipe with room takes without waiting, by POSIX.
constexpr std::size_t sure_room = 512;

}  // namespace

DescriptorBuffer::DescriptorBuffer(int descriptor)
    : descriptor_(descriptor), is_terminal_(is_terminal(descriptor)) {
  setp(text_.data(), text_.data() + text_.size());
}

bool DescriptorBuffer::flush() {
  const char* at = pbase();
  while (error_ == 0 && at < pptr()) {
    auto size = static_cast<std::size_t>(pptr() - at);
    if (is_in_vain != nullptr) {
      if (!wait_for_room(descriptor_, is_in_vain)) break;
      size = std::min(size, sure_room);
    }
    const std::ptrdiff_t count = write_some(descriptor_, at, size);
    if (count >= 0) {
      at += count;
      continue;
    }
    error_ = errno;
    if (error_ == EPIPE && readers_that_may_leave == 0) end_by_broken_pipe();
  }
  setp(text_.data(), text_.data() + text_.size());
  return error_ == 0;
}

int DescriptorBuffer::sync() { return flush() ? 0 : -1; }

DescriptorBuffer::int_type DescriptorBuffer::overflow(int_type symbol) {
  if (pptr() == epptr() && !flush()) return traits_type::eof();
  if (traits_type::eq_int_type(symbol, traits_type::eof())) return traits_type::not_eof(symbol);
  const char c = traits_type::to_char_type(symbol);
  return xsputn(&c, 1) == 1 ? symbol : traits_type::eof();
}

std::streamsize DescriptorBuffer::xsputn(const char* text, std::streamsize count) {
  std::streamsize done = 0;
  while (done < count) {
    if (pptr() == epptr() && !flush()) return done;
    const std::streamsize room = std::min<std::streamsize>(epptr() - pptr(), count - done);
    std::copy_n(text + done, room, pptr());
    pbump(static_cast<int>(room));
    done += room;
  }
  const std::string_view all(text, static_cast<std::size_t>(count));
  if (is_terminal_ && all.find('\n') != std::string_view::npos) flush();
  return error_ == 0 ? count : 0;
}

StandardStreams::StandardStreams()
    : out_((prepare_standard_streams(), standard_output)),
      err_(standard_error),
      out_before_(std::cout.rdbuf(&out_)),
      err_before_(std::cerr.rdbuf(&err_)) {}

StandardStreams::~StandardStreams() {
  std::cout.rdbuf(out_before_);
  std::cerr.rdbuf(err_before_);
}

int StandardStreams::finish(int code) {
  std::cout.flush();
  const auto failed = [](int error) { return error != 0 && error != EPIPE; };
  if (failed(out_.error())) {
    std::cerr << "plastic: [output] cannot write to standard output: " << system_text(out_.error())
              << "\n";
  }
  std::cerr.flush();
  // Whoever closed standard error wants no messages.
  const bool has_failed = failed(out_.error()) || (failed(err_.error()) && err_.error() != EBADF);
  return code == 0 && has_failed ? 1 : code;
}

void drop_output_where(bool (*now_in_vain)()) { is_in_vain = now_in_vain; }

ReaderMayLeave::ReaderMayLeave() { ++readers_that_may_leave; }

ReaderMayLeave::~ReaderMayLeave() { --readers_that_may_leave; }

}  // namespace plastic::apps

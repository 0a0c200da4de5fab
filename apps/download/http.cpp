#include "apps/download/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <exception>
#include <memory>
#include <string_view>

#include "core/check.h"
#include "core/text.h"

namespace plastic::apps {
namespace {

constexpr long connect_seconds = 30;
constexpr long max_redirections = 10;
constexpr long whole_content = 200;
constexpr long partial_content = 206;
constexpr long range_not_satisfiable = 416;

struct EasyDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

bool starts_with_no_case(std::string_view text, std::string_view start) {
  const auto same = [](char a, char b) { return ascii_lower(a) == ascii_lower(b); };
  return text.size() >= start.size() && std::equal(start.begin(), start.end(), text.begin(), same);
}

void allow_protocols(CURL* handle, bool only_https) {
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, only_https ? "https" : "http,https");
#else
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS,
                   only_https ? CURLPROTO_HTTPS : CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
}

// One request. libcurl calls back from C: an exception waits here until it has returned.
class Transfer {
 public:
  Transfer(const std::string& url, std::uint64_t offset, HttpBody& body)
      : url_(url), offset_(offset), body_(body), handle_(curl_easy_init()) {
    if (!handle_) throw std::bad_alloc();
  }

  void run(int patience_seconds) {
    CURL* handle = handle_.get();
    const bool is_https = starts_with_no_case(url_, "https://");
    if (!is_https && !starts_with_no_case(url_, "http://")) {
      fail("data", url_, ": only http:// and https:// addresses are fetched");
    }
    allow_protocols(handle, is_https);
    const std::string range = std::to_string(offset_) + "-";
    curl_easy_setopt(handle, CURLOPT_URL, url_.c_str());
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, reason_.data());
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(handle, CURLOPT_MAXREDIRS, max_redirections);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, connect_seconds);
    // libcurl's own limit on slowness looks at means over several seconds.
    patience_ = std::chrono::seconds(patience_seconds);
    window_start_ = Clock::now();
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &Transfer::on_tick);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, this);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "plastic");
    if (offset_ > 0) curl_easy_setopt(handle, CURLOPT_RANGE, range.c_str());
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
    const CURLcode code = curl_easy_perform(handle);
    if (thrown_) std::rethrow_exception(thrown_);
    if (code != CURLE_OK) fail_for(code);
    if (!started_) start();
  }

 private:
  long status() const {
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    return status;
  }

  [[noreturn]] void fail_for(CURLcode code) const {
    if (code == CURLE_HTTP_RETURNED_ERROR) {
      const long answer = status();
      if (answer == range_not_satisfiable && offset_ > 0) {
        fail("data", url_, ": the server's file has no more than the ", offset_,
             " bytes already fetched (status 416): it is another file; try another place with "
             "--from URL");
      }
      fail("data", url_, ": the server answers ", answer,
           answer == 404   ? " (no such file)"
           : answer == 403 ? " (forbidden)"
                           : "",
           "; try another place with --from URL");
    }
    if (code == CURLE_ABORTED_BY_CALLBACK) {
      if (window_bytes_ == 0) fail("data", url_, ": nothing arrived for ", patience_.count(), " s");
      fail("data", url_, ": only ", window_bytes_, " bytes arrived in ", patience_.count(), " s");
    }
    if (code == CURLE_UNSUPPORTED_PROTOCOL) {
      fail("data", url_, " redirects (", reason_.data(), "); only http and https are followed, ",
           "and from https only https; give another place with --from URL");
    }
    fail("data", url_, ": ", reason_.front() == '\0' ? curl_easy_strerror(code) : reason_.data());
  }

  void start() {
    started_ = true;
    if (status() == whole_content) {
      body_.start(0, content_length());
    } else if (status() != partial_content) {
      fail("data", url_, ": the server answers ", status(),
           ", which is not the file; try another place with --from URL");
    } else if (range_start_ == offset_) {
      body_.start(offset_, content_length());
    } else {
      fail("data", url_, ": the server sends another part of the file than was requested");
    }
  }

  std::optional<std::uint64_t> content_length() const {
    curl_off_t length = -1;
    curl_easy_getinfo(handle_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length < 0) return std::nullopt;
    return static_cast<std::uint64_t>(length);
  }

  // The headers of each answer, those of redirections too: the last one counts.
  void note_header(std::string_view line) {
    if (line.starts_with("HTTP/")) range_start_ = 0;
    constexpr std::string_view name = "content-range:";
    if (!starts_with_no_case(line, name)) return;
    line.remove_prefix(std::min(line.find_first_of("0123456789"), line.size()));
    std::from_chars(line.data(), line.data() + line.size(), range_start_);
  }

  // Runs `action`, noting what it throws; whether it threw nothing.
  template <class Action>
  bool guarded(const Action& action) {
    try {
      action();
      return true;
    } catch (...) {
      thrown_ = std::current_exception();
      return false;
    }
  }

  // Called at least once a second; other than 0 ends the transfer. What counts is how much came in
  // each stretch of time: a server could send a byte now and then for ever.
  static int on_tick(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    auto& transfer = *static_cast<Transfer*>(self);
    const Clock::time_point now = Clock::now();
    if (now - transfer.window_start_ <= transfer.patience_) return 0;
    const auto seconds = static_cast<std::uint64_t>(transfer.patience_.count());
    if (transfer.window_bytes_ < min_bytes_per_second * seconds) return 1;
    transfer.window_start_ = now;
    transfer.window_bytes_ = 0;
    return 0;
  }

  static std::size_t on_header(char* bytes, std::size_t, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    return transfer.guarded([&] { transfer.note_header({bytes, count}); }) ? count : 0;
  }

  static std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    transfer.window_bytes_ += count;
    const bool went_well = transfer.guarded([&] {
      if (!transfer.started_) transfer.start();
      transfer.body_.write({reinterpret_cast<const std::uint8_t*>(bytes), count});
    });
    return went_well ? count : 0;
  }

  using Clock = std::chrono::steady_clock;

  const std::string& url_;
  std::uint64_t offset_;
  HttpBody& body_;
  std::unique_ptr<CURL, EasyDeleter> handle_;
  std::array<char, CURL_ERROR_SIZE> reason_ = {};
  std::uint64_t range_start_ = 0;
  bool started_ = false;
  std::exception_ptr thrown_;
  std::chrono::seconds patience_{0};
  Clock::time_point window_start_;
  std::uint64_t window_bytes_ = 0;
};

}  // namespace

void http_get(const std::string& url, std::uint64_t offset, int patience_seconds, HttpBody& body) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready != CURLE_OK) fail("data", "libcurl: ", curl_easy_strerror(ready));
  Transfer(url, offset, body).run(patience_seconds);
}

}  // namespace plastic::apps

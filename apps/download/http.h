#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace plastic::apps {

/// Takes what a server sends.
class HttpBody {
 public:
  virtual ~HttpBody() = default;
  /// Before the first bytes: their place in the whole file, and how many the server says will come.
  virtual void start(std::uint64_t offset, std::optional<std::uint64_t> count) = 0;
  virtual void write(std::span<const std::uint8_t> bytes) = 0;
};

/// Fetches a file from byte `offset` on over http or https, following redirections, though never
/// from https down to http; a server that knows no ranges sends it from its start, as body.start()
/// says. Throws Error naming `url` for another protocol, an answer that is not the file (only those
/// of status 200 and 206 are), a connection that fails, is cut, or brings fewer than
/// `min_bytes_per_second` on average for `patience_seconds`; and what `body` throws.
void http_get(const std::string& url, std::uint64_t offset, int patience_seconds, HttpBody& body);

/// Far below the slowest line, far above what a server sends that only keeps a connection open.
constexpr std::uint64_t min_bytes_per_second = 500;

}  // namespace plastic::apps

#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace plastic::apps {

/// Takes what a server sends.
class HttpBody {
 public:
  virtual ~HttpBody() = default;
  /// Before the first bytes: their place in the whole file.
  virtual void start(std::uint64_t offset) = 0;
  virtual void write(std::span<const std::uint8_t> bytes) = 0;
};

enum class HttpEnd {
  /// The server sent all that it has.
  complete,
  /// The server has nothing from the offset on.
  beyond_end,
};

/// Fetches a file from byte `offset` on, following redirections; a server that knows no ranges
/// sends it from its start, as body.start() says. Throws Error naming `url` for an answer that is
/// not the file, a connection that fails, is cut, or brings nothing for `patience_seconds`; and
/// what `body` throws.
HttpEnd http_get(const std::string& url, std::uint64_t offset, int patience_seconds,
                 HttpBody& body);

}  // namespace plastic::apps

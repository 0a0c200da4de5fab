#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace plastic::test {

/// How a server treats a request for a file that it has.
struct ServerManners {
  /// Knows ranges; otherwise it sends the whole file whatever is asked for.
  bool knows_ranges = true;
  /// Closes the connection after so many bytes of the body.
  std::optional<std::size_t> cut_after = {};
  /// Then says nothing more, but keeps the connection.
  bool stalls = false;
  /// Answers a range with another one.
  bool sends_wrong_range = false;
  /// Answers every request so, without the file, such as "204 No Content".
  std::string status = {};
  /// Sends the body a byte at a time, twenty per second.
  bool drips = false;
};

/// A web server on 127.0.0.1 that offers files from memory.
class FileServer {
 public:
  FileServer();
  ~FileServer();
  FileServer(const FileServer&) = delete;
  FileServer& operator=(const FileServer&) = delete;

  /// http://127.0.0.1:PORT
  std::string url() const;
  /// `path` begins with a slash.
  void offer(const std::string& path, const std::string& content);
  void redirect(const std::string& path, const std::string& location);
  void behave(const ServerManners& manners);
  /// Since the last call: "/path" or "/path bytes=FIRST-" for each request.
  std::vector<std::string> take_requests();

 private:
  struct Answer {
    std::string head;
    std::string body;
    bool stalls = false;
    bool drips = false;
  };

  void serve();
  void serve_one(int connection);
  Answer answer(const std::string& request);

  int listener_;
  int port_ = 0;
  std::mutex mutex_;
  std::map<std::string, std::string> files_;
  std::map<std::string, std::string> redirections_;
  ServerManners manners_;
  std::vector<std::string> requests_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace plastic::test

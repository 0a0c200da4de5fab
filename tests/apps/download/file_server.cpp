#include "tests/apps/download/file_server.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace plastic::test {
namespace {

constexpr int tick_milliseconds = 20;

bool readable(int descriptor, int milliseconds = tick_milliseconds) {
  pollfd wait{.fd = descriptor, .events = POLLIN, .revents = 0};
  return poll(&wait, 1, milliseconds) > 0;
}

void send_all(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// What stands between `start` and the next of `ends`; empty without `start`.
std::string between(const std::string& text, const std::string& start, const char* ends) {
  const std::size_t at = text.find(start);
  if (at == std::string::npos) return "";
  const std::size_t from = at + start.size();
  return text.substr(from, text.find_first_of(ends, from) - from);
}

std::string head(const std::string& status, std::size_t length, const std::string& more = "") {
  return "HTTP/1.1 " + status +
         "\r\nConnection: close\r\nContent-Length: " + std::to_string(length) + "\r\n" + more +
         "\r\n";
}

}  // namespace

FileServer::FileServer() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  REQUIRE(bind(listener_, any, size) == 0);
  REQUIRE(listen(listener_, 8) == 0);
  REQUIRE(getsockname(listener_, any, &size) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

FileServer::~FileServer() {
  stopping_ = true;
  thread_.join();
  close(listener_);
}

std::string FileServer::url() const { return "http://127.0.0.1:" + std::to_string(port_); }

void FileServer::offer(const std::string& path, const std::string& content) {
  const std::lock_guard lock(mutex_);
  files_[path] = content;
}

void FileServer::redirect(const std::string& path, const std::string& location) {
  const std::lock_guard lock(mutex_);
  redirections_[path] = location;
}

void FileServer::behave(const ServerManners& manners) {
  const std::lock_guard lock(mutex_);
  manners_ = manners;
}

std::vector<std::string> FileServer::take_requests() {
  const std::lock_guard lock(mutex_);
  return std::exchange(requests_, {});
}

void FileServer::serve() {
  while (!stopping_) {
    if (!readable(listener_)) continue;
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    serve_one(connection);
    close(connection);
  }
}

void FileServer::serve_one(int connection) {
  std::string request;
  while (request.find("\r\n\r\n") == std::string::npos) {
    if (stopping_) return;
    if (!readable(connection)) continue;
    char bytes[1024];
    const ssize_t count = recv(connection, bytes, sizeof bytes, 0);
    if (count <= 0) return;
    request.append(bytes, static_cast<std::size_t>(count));
  }
  const Answer reply = answer(request);
  send_all(connection, reply.head);
  if (reply.drips) {
    for (const char byte : reply.body) {
      // Closed by the other side.
      if (stopping_ || readable(connection, 50)) return;
      send_all(connection, {&byte, 1});
    }
  } else {
    send_all(connection, reply.body);
  }
  // Until the other side has enough of it.
  while (reply.stalls && !stopping_ && !readable(connection)) {
  }
}

FileServer::Answer FileServer::answer(const std::string& request) {
  const std::lock_guard lock(mutex_);
  const std::string path = between(request, "GET ", " ");
  const std::string range = between(request, "\r\nRange: ", "\r");
  requests_.push_back(path + (range.empty() ? "" : " " + range));
  if (const auto found = redirections_.find(path); found != redirections_.end()) {
    const std::string body = "moved";
    return {head("302 Found", body.size(), "Location: " + found->second + "\r\n"), body};
  }
  const auto file = files_.find(path);
  if (file == files_.end()) {
    const std::string body = "<html>no such page</html>";
    return {head("404 Not Found", body.size()), body};
  }
  if (!manners_.status.empty()) return {head(manners_.status, 0), ""};
  std::string body = file->second;
  std::string status = "200 OK";
  std::string more;
  if (!range.empty() && manners_.knows_ranges) {
    const std::string whole = std::to_string(body.size());
    std::size_t first = std::stoul(between(range, "bytes=", "-"));
    if (first >= body.size()) {
      return {head("416 Range Not Satisfiable", 0, "Content-Range: bytes */" + whole + "\r\n"), ""};
    }
    if (manners_.sends_wrong_range) --first;
    body.erase(0, first);
    status = "206 Partial Content";
    more = "Content-Range: bytes " + std::to_string(first) + "-" +
           std::to_string(file->second.size() - 1) + "/" + whole + "\r\n";
  }
  const std::string start = head(status, body.size(), more);
  if (manners_.cut_after) body.resize(std::min(body.size(), *manners_.cut_after));
  return {start, body, manners_.stalls, manners_.drips};
}

}  // namespace plastic::test

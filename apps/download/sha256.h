#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace plastic::apps {

/// The SHA-256 checksum (FIPS 180-4) of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::span<const std::uint8_t> bytes);
  /// 64 hexadecimal digits. May be called once, after the last add().
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The checksum of a file as it is. Throws Error naming the path when it cannot be read.
std::string file_sha256(const std::filesystem::path& path);

}  // namespace plastic::apps

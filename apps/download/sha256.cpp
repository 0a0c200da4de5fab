#include "apps/download/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <vector>

#include "core/check.h"
#include "core/text.h"

namespace plastic::apps {
namespace {

void require(int result) {
  if (result != 1) fail("data", "OpenSSL refuses to compute SHA-256 checksums");
}

}  // namespace

struct Sha256::State {
  ~State() { EVP_MD_CTX_free(context); }
  EVP_MD_CTX* context = EVP_MD_CTX_new();
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  if (state_->context == nullptr) throw std::bad_alloc();
  require(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr));
}

Sha256::~Sha256() = default;

void Sha256::add(std::span<const std::uint8_t> bytes) {
  require(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()));
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  require(EVP_DigestFinal_ex(state_->context, digest.data(), &size));
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : std::span(digest).first(size)) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string file_sha256(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  Sha256 sum;
  std::vector<char> piece(1 << 18);
  // A folder opens, and fails when read.
  while (file.read(piece.data(), std::ssize(piece)) || file.gcount() > 0) {
    sum.add({reinterpret_cast<const std::uint8_t*>(piece.data()),
             static_cast<std::size_t>(file.gcount())});
  }
  if (!file.eof()) {
    fail("data", path.string(), ": cannot read: ", system_text(errno));
  }
  return sum.hex();
}

}  // namespace plastic::apps

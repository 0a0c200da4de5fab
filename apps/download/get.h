#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "apps/download/remote_sets.h"

namespace plastic::apps {

struct GetOptions {
  /// Where the files are instead of at the set's home; empty: there.
  std::string from = {};
  /// Give up when nothing comes for so long.
  int patience_seconds = 60;
};

/// Follows a download; does nothing unless overridden.
class GetObserver {
 public:
  virtual ~GetObserver() = default;
  /// The file is already present and right.
  virtual void on_present(const RemoteFile&) {}
  /// The first bytes arrive: from `offset` on, which is above 0 when a download continues.
  virtual void on_start(const RemoteFile&, std::uint64_t /*offset*/) {}
  /// This many bytes have arrived.
  virtual void on_bytes(const RemoteFile&, std::uint64_t /*bytes*/) {}
  virtual void on_fetched(const RemoteFile&) {}
};

/// Downloads what `folder` lacks of a set, and what is wrong there. A file arrives under its name
/// with .part added, and gets its name once its checksum is right; what is left of a failed
/// download stays as .part, and the next one continues from there. The members of an archive are
/// kept, not the archive itself. Throws Error: for what http_get() refuses, another size or
/// checksum (nothing is kept then), a folder or disk that cannot be written to, a wrong file of
/// another name that would be read in place of the right one, and a build that cannot download.
void get_set(const RemoteSet& set, const std::filesystem::path& folder, const GetOptions& options,
             GetObserver& observer);

}  // namespace plastic::apps

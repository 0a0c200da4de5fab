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
  /// A file that is there already and right.
  virtual void on_present(const RemoteFile&) {}
  /// The first bytes come: from `offset` on, above 0 when a download goes on.
  virtual void on_start(const RemoteFile&, std::uint64_t /*offset*/) {}
  /// So many bytes are there.
  virtual void on_bytes(const RemoteFile&, std::uint64_t /*bytes*/) {}
  virtual void on_fetched(const RemoteFile&) {}
};

/// Downloads what `folder` lacks of a set, and what is wrong there. A file arrives under its name
/// with .part added, and takes its name once its checksum is right; what is left of a download that
/// failed stays as .part, and the next one goes on from there. Of an archive the members are kept,
/// not the archive. Throws Error: for what http_get() refuses, another size or checksum (nothing is
/// kept then), a folder or disk that cannot be written to, a wrong file of another name that would
/// be read in place of the right one, and a build that cannot download.
void get_set(const RemoteSet& set, const std::filesystem::path& folder, const GetOptions& options,
             GetObserver& observer);

}  // namespace plastic::apps

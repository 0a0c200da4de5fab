#include "apps/download/get.h"

#include <algorithm>
#include <optional>
#include <span>
#include <system_error>
#include <vector>

#include "apps/download/extract.h"
#include "apps/download/http.h"
#include "apps/download/part_file.h"
#include "apps/download/sha256.h"
#include "apps/download/verify.h"
#include "core/check.h"
#include "core/text.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

// Puts what comes into the file, never more than the file is to have.
class PartBody : public HttpBody {
 public:
  PartBody(PartFile& part, const RemoteFile& file, GetObserver& observer)
      : part_(part), file_(file), observer_(observer) {}

  void start(std::uint64_t offset, std::optional<std::uint64_t> count) override {
    if (offset != part_.size()) {
      // A log-in page would take the place of what is there.
      if (count != file_.bytes) {
        fail("data", file_.name, ": the server sends ",
             count ? std::to_string(*count) : std::string("an unknown number of"),
             " bytes from its start, but the file has ", file_.bytes,
             ": it may be another file; try another place with --from URL, or remove ",
             part_.path().string());
      }
      part_.clear();
    }
    is_fresh_ = offset == 0;
    observer_.on_start(file_, offset);
  }

  void write(std::span<const std::uint8_t> bytes) override {
    if (part_.size() + bytes.size() > file_.bytes) {
      part_.clear();
      fail("data", file_.name, ": the server sends more than the ", file_.bytes,
           " bytes that the file has: it is another file");
    }
    part_.write(bytes);
    observer_.on_bytes(file_, part_.size());
  }

  /// Whether all of the file is from this answer.
  bool is_fresh() const { return is_fresh_; }

 private:
  PartFile& part_;
  const RemoteFile& file_;
  GetObserver& observer_;
  bool is_fresh_ = false;
};

// What is wrong with a file that came; empty when nothing is.
std::string fault(const PartFile& part, const RemoteFile& file) {
  if (part.size() != file.bytes) {
    return "came with " + std::to_string(part.size()) + " bytes, expected " +
           std::to_string(file.bytes);
  }
  const std::string sum = file_sha256(part.path());
  return sum == file.sha256 ? "" : "came with SHA-256 " + sum + ", expected " + file.sha256;
}

class Download {
 public:
  Download(const RemoteSet& set, const fs::path& folder, const GetOptions& options,
           GetObserver& observer)
      : set_(set),
        folder_(folder),
        base_(options.from.empty() ? set.home : options.from),
        patience_seconds_(options.patience_seconds),
        observer_(observer) {
    while (base_.ends_with('/')) base_.pop_back();
  }

  void run() const {
    std::error_code error;
    fs::create_directories(folder_, error);
    if (error || !fs::is_directory(folder_, error)) {
      fail("data", folder_.string(), ": cannot create this folder: ",
           error ? system_text(error.value()) : "a file is in the way",
           "; choose another --data-dir");
    }
    std::vector<const RemoteFile*> to_fetch;
    for (const RemoteFile& file : set_.files) {
      if (is_present(file)) {
        observer_.on_present(file);
      } else {
        to_fetch.push_back(&file);
      }
    }
    for (const RemoteFile* file : to_fetch) {
      fetch(*file);
      if (file->is_archive()) unpack(*file);
      observer_.on_fetched(*file);
    }
  }

 private:
  bool is_present(const RemoteFile& file) const {
    const std::vector<FileReport> reports = inspect(set_, file, folder_);
    for (const FileReport& report : reports) {
      if (report.state == FileState::wrong && !is_replaced(file, report.path)) {
        fail("data", report.path.string(), ": ", report.remark,
             "; it may be read in place of the right file: remove it");
      }
    }
    return std::ranges::all_of(
        reports, [](const FileReport& report) { return report.state == FileState::right; });
  }

  // Whether what is fetched takes this name.
  bool is_replaced(const RemoteFile& file, const fs::path& path) const {
    const std::string name = path.filename().string();
    const auto is_it = [&](const ArchiveMember& member) { return member.name() == name; };
    return file.is_archive() ? std::ranges::any_of(file.members, is_it) : file.name == name;
  }

  void fetch(const RemoteFile& file) const {
    const fs::path target = folder_ / file.name;
    std::error_code unreadable;
    // An archive may have been fetched before, but not unpacked.
    if (fs::is_regular_file(target, unreadable) && file_sha256(target) == file.sha256) return;
    PartFile part(target);
    if (part.size() > file.bytes) part.clear();
    for (;;) {
      const bool is_fresh = fill(part, file);
      const std::string wrong = fault(part, file);
      if (wrong.empty()) break;
      part.clear();
      // What was there before may have been of another file.
      if (is_fresh) {
        fail("data", url_of(file), ": ", wrong,
             "; it is not kept. Try again, or another place: ", "--from URL");
      }
    }
    part.finish();
  }

  // Fetches what is missing; whether all of it came now.
  bool fill(PartFile& part, const RemoteFile& file) const {
    if (part.size() == file.bytes) return false;
    PartBody body(part, file, observer_);
    try {
      http_get(url_of(file), part.size(), patience_seconds_, body);
      return body.is_fresh();
    } catch (const Error& error) {
      if (part.size() == 0) throw;
      throw Error(std::string(error.what()) + "\nThe first " + std::to_string(part.size()) +
                  " of its " + std::to_string(file.bytes) +
                  " bytes are kept: the same command continues from there");
    }
  }

  void unpack(const RemoteFile& file) const {
    const fs::path archive = folder_ / file.name;
    record_members(set_, folder_, extract_members(archive, file.members, folder_));
    std::error_code ignored;
    fs::remove(archive, ignored);
  }

  std::string url_of(const RemoteFile& file) const { return base_ + "/" + file.name; }

  const RemoteSet& set_;
  const fs::path& folder_;
  std::string base_;
  int patience_seconds_;
  GetObserver& observer_;
};

}  // namespace

void get_set(const RemoteSet& set, const fs::path& folder, const GetOptions& options,
             GetObserver& observer) {
  Download(set, folder, options, observer).run();
}

}  // namespace plastic::apps

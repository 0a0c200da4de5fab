#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/io/system_file.h"

/// TensorBoard's event files: records in TensorFlow's framing (tensorflow/core/lib/io/
/// record_writer.h), each an Event (tensorflow/core/util/event.proto) in the wire format of
/// protocol buffers.
namespace plastic::apps {

/// CRC-32C (Castagnoli's polynomial, RFC 3720, B.4).
std::uint32_t crc32c(std::string_view bytes);

/// `data` as a record: its length, the length's checksum, the bytes, and their checksum.
std::string event_record(std::string_view data);

/// A number by its name: "loss/train".
using EventScalar = std::pair<std::string, double>;

/// An event file that is being written. Every record is handed to the system as a whole when it is
/// added, so that a kill at any moment costs at most the record under way, which readers leave out.
class EventFile {
 public:
  /// Makes the next one in `folder`, events.out.tfevents.NUMBER.plastic; readers take a folder's
  /// files by name. Nothing is written through a link. Throws Error, here and below, naming the
  /// file and the system's reason.
  explicit EventFile(const std::filesystem::path& folder);

  /// Tells readers to forget what earlier files of the folder say of `step` and of later steps.
  void restart(std::int64_t step);
  /// An infinite or undefined number is written as such.
  void add_scalars(std::int64_t step, std::span<const EventScalar> scalars);
  /// Shown as Markdown.
  void add_text(std::int64_t step, const std::string& tag, const std::string& text);
  /// What TensorBoard's HPARAMS page compares runs by; `settings` are names with values, of which
  /// "true", "false" and numbers are written as such.
  void add_settings(std::span<const std::pair<std::string, std::string>> settings);

  /// Flushes it to the disk.
  void flush();

  const std::filesystem::path& path() const { return path_; }

 private:
  void add_event(std::int64_t step, const std::string& content);
  [[noreturn]] void fail_to(const char* what, int error) const;

  std::filesystem::path path_;
  SystemFile file_;
};

/// Removes the event files that Plastic wrote into `folder`; a link of such a name is removed
/// itself.
void remove_event_files(const std::filesystem::path& folder);

}  // namespace plastic::apps

#include "apps/runs/event_file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "apps/cli/option_value.h"
#include "core/check.h"
#include "core/io/little_endian.h"
#include "core/io/protobuf.h"
#include "core/text.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;
using namespace protobuf;

constexpr std::string_view name_beginning = "events.out.tfevents.";
constexpr std::string_view name_ending = ".plastic";
constexpr std::size_t name_digits = 10;

// The polynomial with its bits reversed.
constexpr std::uint32_t castagnoli = 0x82f63b78;

constexpr std::array<std::uint32_t, 256> crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? castagnoli : 0U);
    table[byte] = crc;
  }
  return table;
}();

// A checksum of data that hold checksums says little, so stored ones are changed.
std::uint32_t masked(std::uint32_t crc) { return std::rotr(crc, 15) + 0xa282ead8; }

// The numbers of fields, by message. SummaryMetadata and the messages in it are in summary.proto,
// TensorProto in tensor.proto, SessionStartInfo in TensorBoard's plugins/hparams/plugin_data.proto,
// Value in protobuf's struct.proto.
namespace event {
constexpr std::uint64_t wall_time = 1, step = 2, file_version = 3, summary = 5, session_log = 7;
}
namespace session_log {
constexpr std::uint64_t status = 1;
constexpr std::int64_t start = 1;
}  // namespace session_log
namespace summary {
constexpr std::uint64_t value = 1;
}
namespace value {
constexpr std::uint64_t tag = 1, simple_value = 2, tensor = 8, metadata = 9;
}
namespace metadata {
constexpr std::uint64_t plugin_data = 1;
}
namespace plugin_data {
constexpr std::uint64_t plugin_name = 1, content = 2;
}
namespace tensor {
constexpr std::uint64_t dtype = 1, shape = 2, string_val = 8;
constexpr std::int64_t dt_string = 7;
}  // namespace tensor
namespace hparams {
constexpr std::uint64_t session_start_info = 3;
}
namespace session_start_info {
constexpr std::uint64_t hparams = 1, start_time_secs = 5;
}
namespace map_entry {
constexpr std::uint64_t name = 1, value = 2;
}
namespace struct_value {
constexpr std::uint64_t number = 2, text = 3, boolean = 4;
}

std::string plugin(const std::string& name, const std::string& content) {
  const std::string data = bytes_field(plugin_data::plugin_name, name) +
                           (content.empty() ? "" : bytes_field(plugin_data::content, content));
  return bytes_field(value::metadata, bytes_field(metadata::plugin_data, data));
}

std::string summary_of(const std::string& values) { return bytes_field(event::summary, values); }

std::string setting_value(const std::string& text) {
  const OptionValue read = value_of_text(text);
  if (const bool* on = std::get_if<bool>(&read)) {
    return integer_field(struct_value::boolean, *on ? 1 : 0);
  }
  if (const double* number = std::get_if<double>(&read)) {
    return double_field(struct_value::number, *number);
  }
  return bytes_field(struct_value::text, text);
}

double now() {
  const std::chrono::duration<double> since = std::chrono::system_clock::now().time_since_epoch();
  return since.count();
}

// The number in the name of one of Plastic's event files; 0 for another file.
std::uint64_t number_of(const fs::path& path) {
  const std::string name = path.filename().string();
  if (!name.starts_with(name_beginning) || !name.ends_with(name_ending)) return 0;
  if (name.size() != name_beginning.size() + name_digits + name_ending.size()) return 0;
  std::uint64_t number = 0;
  for (const char c : name.substr(name_beginning.size(), name_digits)) {
    if (!is_ascii_digit(c)) return 0;
    number = 10 * number + static_cast<std::uint64_t>(c - '0');
  }
  return number;
}

std::vector<fs::path> event_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (number_of(entry->path()) != 0) files.push_back(entry->path());
  }
  if (error) {
    fail("tensorboard", folder.string(), ": cannot read this folder: ", system_text(error.value()));
  }
  return files;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0U;
  for (const char c : bytes) {
    crc = (crc >> 8U) ^ crc_table[(crc ^ static_cast<unsigned char>(c)) & 0xffU];
  }
  return ~crc;
}

std::string event_record(std::string_view data) {
  const std::string length = little_endian(std::uint64_t{data.size()});
  return length + little_endian(masked(crc32c(length))) + std::string(data) +
         little_endian(masked(crc32c(data)));
}

EventFile::EventFile(const fs::path& folder) {
  std::uint64_t number = 0;
  for (const fs::path& file : event_files(folder)) number = std::max(number, number_of(file));
  std::string digits = std::to_string(number + 1);
  if (digits.size() > name_digits) {
    fail("tensorboard", folder.string(), ": holds an event file of the last number; remove it");
  }
  digits.insert(0, name_digits - digits.size(), '0');
  path_ = folder / (std::string(name_beginning) + digits + std::string(name_ending));
  file_ = SystemFile(path_, SystemFile::Open::create);
  if (!file_.is_open()) fail_to("make", errno);
  add_event(0, bytes_field(event::file_version, "brain.Event:2"));
  flush_folder(folder);
}

void EventFile::restart(std::int64_t step) {
  add_event(step, bytes_field(event::session_log,
                              integer_field(session_log::status, session_log::start)));
}

void EventFile::add_scalars(std::int64_t step, std::span<const EventScalar> scalars) {
  std::string values;
  for (const auto& [tag, number] : scalars) {
    values += bytes_field(summary::value,
                          bytes_field(value::tag, tag) +
                              float_field(value::simple_value, static_cast<float>(number)));
  }
  add_event(step, summary_of(values));
}

void EventFile::add_text(std::int64_t step, const std::string& tag, const std::string& text) {
  // A tensor without dimensions.
  const std::string content = integer_field(tensor::dtype, tensor::dt_string) +
                              bytes_field(tensor::shape, "") +
                              bytes_field(tensor::string_val, text);
  add_event(step, summary_of(bytes_field(summary::value, bytes_field(value::tag, tag) +
                                                             plugin("text", "") +
                                                             bytes_field(value::tensor, content))));
}

void EventFile::add_settings(std::span<const std::pair<std::string, std::string>> settings) {
  std::string info;
  for (const auto& [name, text] : settings) {
    info += bytes_field(
        session_start_info::hparams,
        bytes_field(map_entry::name, name) + bytes_field(map_entry::value, setting_value(text)));
  }
  info += double_field(session_start_info::start_time_secs, now());
  const std::string content = bytes_field(hparams::session_start_info, info);
  add_event(0, summary_of(bytes_field(summary::value,
                                      bytes_field(value::tag, "_hparams_/session_start_info") +
                                          plugin("hparams", content))));
}

void EventFile::flush() {
  if (!file_.flush()) fail_to("write", errno);
}

void EventFile::add_event(std::int64_t step, const std::string& content) {
  const std::string record = event_record(double_field(event::wall_time, now()) +
                                          integer_field(event::step, step) + content);
  if (!file_.write(record)) fail_to("write", errno);
}

void EventFile::fail_to(const char* what, int error) const {
  fail("tensorboard", path_.string(), ": cannot ", what, ": ", system_text(error));
}

void remove_event_files(const fs::path& folder) {
  for (const fs::path& file : event_files(folder)) {
    if (!remove_file(file) && errno != ENOENT) {
      fail("out", file.string(), ": cannot remove: ", system_text(errno));
    }
  }
}

}  // namespace plastic::apps

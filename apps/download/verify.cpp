#include "apps/download/verify.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <sstream>

#include "apps/download/sha256.h"
#include "core/io/atomic_file.h"
#include "core/io/regular_file.h"
#include "data/formats/byte_source.h"
#include "plastic/core/error.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t hex_digits = 64;
/// Bytes of a record, which has a line of less than 100 for each of a few files.
constexpr std::uint64_t max_recorded = 10'000;

fs::path record_path(const RemoteSet& set, const fs::path& folder) {
  return folder / (set.name + ".sha256");
}

// Lines of 64 digits, two blanks and a name; others are passed over.
std::map<std::string, std::string> read_record(const fs::path& path) {
  std::map<std::string, std::string> sums;
  RegularFile file(path);
  std::string record(std::min<std::uint64_t>(file.size(), max_recorded), '\0');
  if (file.problem().empty()) record.resize(file.read(0, record));
  std::istringstream lines(record);
  for (std::string text; std::getline(lines, text);) {
    if (text.size() <= hex_digits + 2) continue;
    if (text.find_first_not_of("0123456789abcdef") != hex_digits) continue;
    sums[text.substr(hex_digits + 2)] = text.substr(0, hex_digits);
  }
  return sums;
}

// What is wrong with the content; empty when nothing is.
std::string fault(const fs::path& path, const ExpectedFile& expected) {
  const std::unique_ptr<data::ByteSource> source = data::open_bytes("data", path);
  Sha256 sum;
  std::uint64_t bytes = 0;
  std::vector<std::uint8_t> piece(1 << 18);
  for (std::size_t count = piece.size(); count == piece.size();) {
    count = source->read(piece);
    bytes += count;
    if (bytes > expected.bytes) {
      return "holds more than the " + std::to_string(expected.bytes) + " bytes expected";
    }
    sum.add(std::span(piece).first(count));
  }
  if (bytes < expected.bytes) {
    return "holds " + std::to_string(bytes) + " bytes, expected " + std::to_string(expected.bytes);
  }
  if (expected.sha256.empty()) return "";
  const std::string found = sum.hex();
  return found == expected.sha256 ? ""
                                  : "its SHA-256 is " + found + ", expected " + expected.sha256;
}

FileReport report_on(const fs::path& path, const ExpectedFile& expected) {
  try {
    const std::string wrong = fault(path, expected);
    if (!wrong.empty()) return {path, FileState::wrong, wrong};
  } catch (const Error& error) {
    return {path, FileState::wrong, error.what()};
  }
  if (!expected.sha256.empty()) return {path, FileState::right, ""};
  return {path, FileState::unknown,
          "of the right size, but not put there by 'plastic data get', so its checksum is not "
          "known"};
}

}  // namespace

std::vector<FileReport> inspect(const RemoteSet& set, const RemoteFile& file,
                                const fs::path& folder) {
  std::map<std::string, std::string> recorded;
  if (file.is_archive()) recorded = read_record(record_path(set, folder));
  std::vector<FileReport> reports;
  for (ExpectedFile& expected : expected_files(file)) {
    const std::string& name = expected.names.front();
    if (const auto sum = recorded.find(name); sum != recorded.end()) expected.sha256 = sum->second;
    const std::vector<fs::path> copies = copies_in(folder, expected);
    for (const fs::path& copy : copies) reports.push_back(report_on(copy, expected));
    if (copies.empty()) reports.push_back({folder / name, FileState::missing, "is missing"});
  }
  return reports;
}

std::vector<FileReport> inspect(const RemoteSet& set, const fs::path& folder) {
  std::vector<FileReport> all;
  for (const RemoteFile& file : set.files) {
    for (FileReport& report : inspect(set, file, folder)) all.push_back(std::move(report));
  }
  return all;
}

void record_members(const RemoteSet& set, const fs::path& folder,
                    const std::vector<std::pair<std::string, std::string>>& sums) {
  std::string text;
  for (const auto& [name, sum] : sums) text.append(sum).append("  ").append(name).append("\n");
  // A link there is not ours: what is known to be right says nothing of where it leads.
  write_file_atomically(record_path(set, folder), text, Links::replace);
}

}  // namespace plastic::apps

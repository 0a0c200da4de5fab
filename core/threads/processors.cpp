#include "core/threads/processors.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#ifdef __linux__
#include <sched.h>
#elif defined(_WIN32)
#include <windows.h>

#include <bit>
#endif

namespace plastic {
namespace {

namespace fs = std::filesystem;

/// 0 where it cannot be determined.
int processors_of_affinity() {
#ifdef __linux__
  // The kernel refuses masks that are shorter than its own.
  for (std::size_t processors = 1024; processors <= (std::size_t{1} << 20); processors *= 4) {
    cpu_set_t* set = CPU_ALLOC(processors);
    if (set == nullptr) return 0;
    const std::size_t bytes = CPU_ALLOC_SIZE(processors);
    const bool is_known = sched_getaffinity(0, bytes, set) == 0;
    const int count = is_known ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (is_known) return count;
  }
#elif defined(_WIN32)
  // Zeros where the process spans groups of processors.
  DWORD_PTR process = 0;
  DWORD_PTR system = 0;
  if (GetProcessAffinityMask(GetCurrentProcess(), &process, &system) != 0) {
    return std::popcount(process);
  }
#endif
  return 0;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool contains(const std::vector<std::string_view>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

/// The words of a short file; empty where it cannot be read.
std::vector<std::string> words_of(const fs::path& path) {
  std::ifstream file(path);
  std::vector<std::string> words;
  for (std::string word; words.size() < 2 && file >> word;) words.push_back(word);
  return words;
}

std::optional<double> number_in(const std::string& text) {
  long long value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return {};
  return static_cast<double>(value);
}

/// Processors that a group may use; empty for any number.
std::optional<double> quota_of_group(const fs::path& group, bool is_version2) {
  std::vector<std::string> words;
  if (is_version2) {
    words = words_of(group / "cpu.max");
  } else {
    words = words_of(group / "cpu.cfs_quota_us");
    for (const std::string& period : words_of(group / "cpu.cfs_period_us")) words.push_back(period);
  }
  if (words.size() != 2) return {};
  // "max" and -1 stand for no limit.
  const std::optional<double> quota = number_in(words[0]);
  const std::optional<double> period = number_in(words[1]);
  if (!quota || !period || *quota <= 0 || *period <= 0) return {};
  return *quota / *period;
}

struct Mount {
  /// The group that is found at `point`.
  fs::path group;
  fs::path point;
  bool is_version2 = false;
};

/// In mountinfo a space is written \040, and so on.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int code = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '\\' && i + 3 < text.size() &&
        std::from_chars(digits, digits + 3, code, 8).ptr == digits + 3) {
      out += static_cast<char>(code);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// Where groups that limit processors are mounted; see proc(5) for the format.
std::vector<Mount> mounts(const fs::path& root) {
  std::vector<Mount> found;
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    const auto before = split(std::string_view(line).substr(0, dash), ' ');
    const auto after = split(std::string_view(line).substr(dash + 3), ' ');
    if (before.size() < 5 || after.size() < 3) continue;
    const bool is_version2 = after[0] == "cgroup2";
    if (!is_version2 && !(after[0] == "cgroup" && contains(split(after[2], ','), "cpu"))) continue;
    found.push_back({unescaped(before[3]), unescaped(before[4]), is_version2});
  }
  return found;
}

/// The group of this process in the hierarchy that `mount` shows; empty when it is in none.
std::optional<fs::path> group_of_process(const fs::path& root, const Mount& mount) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view controllers =
        std::string_view(line).substr(first + 1, second - first - 1);
    const bool matches = mount.is_version2 ? line.starts_with("0:") && controllers.empty()
                                           : contains(split(controllers, ','), "cpu");
    if (matches) return fs::path(line.substr(second + 1));
  }
  return {};
}

}  // namespace

int quota_of_processors(const fs::path& root) {
  double least = 0;
  for (const Mount& mount : mounts(root)) {
    const std::optional<fs::path> group = group_of_process(root, mount);
    if (!group) continue;
    // What lies outside of the mounted part cannot be seen, and a container may see its own group
    // there under a path of the host's.
    fs::path inside = group->lexically_relative(mount.group);
    if (inside.empty() || *inside.begin() == "..") inside = ".";
    const fs::path top = root / mount.point.relative_path();
    for (fs::path at = (top / inside).lexically_normal();; at = at.parent_path()) {
      const std::optional<double> quota = quota_of_group(at, mount.is_version2);
      if (quota && (least == 0 || *quota < least)) least = *quota;
      if (at.native().size() <= top.lexically_normal().native().size()) break;
    }
  }
  const double rounded = least > 1 << 20 ? 1 << 20 : least;
  const int whole = static_cast<int>(rounded);
  return whole + (rounded > whole ? 1 : 0);
}

int usable_processors() {
  int count = processors_of_affinity();
  if (count == 0) count = static_cast<int>(std::thread::hardware_concurrency());
  const int quota = quota_of_processors();
  if (quota > 0) count = std::min(count, quota);
  return std::max(count, 1);
}

}  // namespace plastic

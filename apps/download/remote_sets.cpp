#include "apps/download/remote_sets.h"

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "apps/terminal/progress.h"
#include "core/check.h"
#include "core/io/system_file.h"
#include "core/shell_text.h"

namespace plastic::apps {
namespace {

constexpr std::uint64_t cifar10_batch = 10000ULL * (1 + 3072);
constexpr std::uint64_t cifar100_image = 2 + 3072;

}  // namespace

std::uint64_t RemoteSet::bytes() const {
  std::uint64_t sum = 0;
  for (const RemoteFile& file : files) sum += file.bytes;
  return sum;
}

// The authors publish MD5 sums: those of CIFAR's archives are c32a1d4ab5d03f1284b67883e8d87530 and
// 03b5dce01913d631647c71ecec9e9cb8. SHA-256 of the same files guards against forgery too.
const std::vector<RemoteSet>& remote_sets() {
  static const std::vector<RemoteSet> sets = {
      {.name = "mnist",
       .home = "https://ossci-datasets.s3.amazonaws.com/mnist",
       .files = {{"train-images-idx3-ubyte.gz", 9912422,
                  "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", 47040016,
                  "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
                 {"train-labels-idx1-ubyte.gz", 28881,
                  "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c", 60008,
                  "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
                 {"t10k-images-idx3-ubyte.gz", 1648877,
                  "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", 7840016,
                  "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
                 {"t10k-labels-idx1-ubyte.gz", 4542,
                  "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6", 10008,
                  "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"}}},
      {.name = "fashion-mnist",
       .home = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
       .files = {{"train-images-idx3-ubyte.gz", 26421880,
                  "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84", 47040016,
                  "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"},
                 {"train-labels-idx1-ubyte.gz", 29515,
                  "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845", 60008,
                  "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
                 {"t10k-images-idx3-ubyte.gz", 4422102,
                  "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073", 7840016,
                  "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"},
                 {"t10k-labels-idx1-ubyte.gz", 5148,
                  "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5", 10008,
                  "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"}}},
      {.name = "cifar-10",
       .home = "https://www.cs.toronto.edu/~kriz",
       .files = {{.name = "cifar-10-binary.tar.gz",
                  .bytes = 170052171,
                  .sha256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                  .members = {{"cifar-10-batches-bin/data_batch_1.bin", cifar10_batch},
                              {"cifar-10-batches-bin/data_batch_2.bin", cifar10_batch},
                              {"cifar-10-batches-bin/data_batch_3.bin", cifar10_batch},
                              {"cifar-10-batches-bin/data_batch_4.bin", cifar10_batch},
                              {"cifar-10-batches-bin/data_batch_5.bin", cifar10_batch},
                              {"cifar-10-batches-bin/test_batch.bin", cifar10_batch}}}}},
      {.name = "cifar-100",
       .home = "https://www.cs.toronto.edu/~kriz",
       .files = {{.name = "cifar-100-binary.tar.gz",
                  .bytes = 168513733,
                  .sha256 = "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
                  .members = {{"cifar-100-binary/train.bin", 50000 * cifar100_image},
                              {"cifar-100-binary/test.bin", 10000 * cifar100_image}}}}},
  };
  return sets;
}

const RemoteSet* find_remote_set(const std::string& name) {
  const auto found = std::ranges::find(remote_sets(), name, &RemoteSet::name);
  return found == remote_sets().end() ? nullptr : &*found;
}

std::string get_command(const std::string& name,
                        const std::optional<std::filesystem::path>& data_dir) {
  const std::string command = "plastic data get " + name;
  return data_dir ? command + " --data-dir " + shell_quoted(data_dir->string()) : command;
}

std::filesystem::path folder_to_fill(const std::string& name,
                                     const std::optional<std::filesystem::path>& data_dir) {
  if (data_dir) return *data_dir / name;
  const auto cache = user_cache_folder();
  if (!cache) {
    fail("data", "$HOME is not set, so there is no ~/.cache/plastic; choose a folder with ",
         "--data-dir");
  }
  return *cache / "plastic" / name;
}

std::vector<ExpectedFile> expected_files(const RemoteFile& file) {
  std::vector<ExpectedFile> expected;
  for (const ArchiveMember& member : file.members) {
    expected.push_back({{member.name()}, member.bytes, ""});
  }
  if (file.is_archive()) return expected;
  const std::string plain = std::filesystem::path(file.name).stem().string();
  ExpectedFile only{{plain}, file.content_bytes, file.content_sha256};
  // Some copies of MNIST are called train-images.idx3-ubyte.
  if (const std::size_t at = plain.rfind("-idx"); at != std::string::npos) {
    only.names.push_back(std::string(plain).replace(at, 1, "."));
  }
  return {only};
}

std::vector<std::filesystem::path> copies_in(const std::filesystem::path& folder,
                                             const ExpectedFile& expected) {
  std::vector<std::filesystem::path> copies;
  for (const std::string& name : expected.names) {
    for (const char* suffix : {"", ".gz", ".xz"}) {
      std::filesystem::path path = folder / (name + suffix);
      std::error_code unreadable;
      if (std::filesystem::exists(path, unreadable)) copies.push_back(std::move(path));
    }
  }
  return copies;
}

std::string format_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 4> units = {"B", "kB", "MB", "GB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 999.5 && unit + 1 < units.size(); ++unit) value /= 1000;
  return format_fixed(value, unit == 0 || value >= 99.95 ? 0 : 1) + " " + units[unit];
}

}  // namespace plastic::apps

#include "plastic/data/image_folder.h"

#include <algorithm>
#include <new>
#include <string>
#include <system_error>
#include <vector>

#include "core/check.h"
#include "core/parallel.h"
#include "core/text.h"
#include "plastic/data/image.h"

namespace plastic::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* op = "image_folder";

struct Example {
  fs::path path;
  std::int64_t label;
};

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

bool is_image_name(const fs::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(), ascii_lower);
  constexpr const char* known[] = {".png", ".jpg", ".jpeg"};
  return std::ranges::any_of(known, [&](const char* name) { return extension == name; });
}

/// What is in a folder, hidden names left out, in order.
std::vector<fs::path> contents(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> out;
  fs::directory_iterator entry(folder, error);
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
    if (!is_hidden(entry->path())) out.push_back(entry->path());
  }
  if (error) fail(op, folder.string(), ": cannot be read: ", system_text(error.value()));
  std::ranges::sort(out, {}, [](const fs::path& path) { return path.string(); });
  return out;
}

bool is_folder(const fs::path& path) {
  std::error_code unreadable;
  return fs::is_directory(path, unreadable);
}

/// Far deeper than anyone files images, and an end to links that lead in circles.
constexpr int deepest = 16;

void collect(const fs::path& folder, std::int64_t label, int depth, std::vector<Example>& out) {
  if (depth > deepest) {
    fail(op, folder.string(), ": folders lie more than ", deepest, " deep; does a link lead back?");
  }
  for (const fs::path& path : contents(folder)) {
    if (is_folder(path)) {
      collect(path, label, depth + 1, out);
    } else if (is_image_name(path)) {
      out.push_back({path, label});
    }
  }
}

ImageDataset decode(const std::vector<Example>& examples, const ImageFolderOptions& options) {
  const std::int64_t count = std::ssize(examples);
  ImageDataset out;
  out.images =
      Tensor::empty({count, options.channels, options.height, options.width}, {.dtype = DType::u8});
  out.labels = Tensor::empty({count}, {.dtype = DType::i64});
  const std::int64_t pixels = out.images.numel() / count;
  auto* bytes = out.images.mutable_data<std::uint8_t>();
  auto* labels = out.labels.mutable_data<std::int64_t>();
  parallel_for(0, count, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const auto& [path, label] = examples[static_cast<std::size_t>(i)];
      const Tensor image =
          resize_image(read_image(path, options.channels), options.height, options.width);
      std::copy_n(image.data<std::uint8_t>(), pixels, bytes + i * pixels);
      labels[i] = label;
    }
  });
  return out;
}

void check_options(const ImageFolderOptions& options) {
  constexpr std::int64_t longest = 32768;
  const auto fits = [](std::int64_t side) { return side >= 1 && side <= longest; };
  if (!fits(options.height) || !fits(options.width)) {
    fail(op, "height and width must be 1 to ", longest, ", got ", options.height, "x",
         options.width);
  }
  if (options.channels != 1 && options.channels != 3) {
    fail(op, "channels must be 1 or 3, got ", options.channels);
  }
}

}  // namespace

ImageDataset read_image_folder(const fs::path& root, const ImageFolderOptions& options) {
  check_options(options);
  std::vector<std::string> classes;
  std::vector<Example> examples;
  for (const fs::path& folder : contents(root)) {
    if (!is_folder(folder)) continue;
    const std::size_t before = examples.size();
    collect(folder, std::ssize(classes), 0, examples);
    if (examples.size() == before) {
      fail(op, folder.string(),
           ": holds no .png, .jpg or .jpeg; add images of the class or "
           "take the folder away");
    }
    classes.push_back(folder.filename().string());
  }
  if (classes.empty()) {
    fail(op, root.string(), ": holds no folders; put each class's images in a folder of its name");
  }
  const std::int64_t pixels = options.channels * options.height * options.width;
  try {
    ImageDataset out = decode(examples, options);
    out.class_names = std::move(classes);
    if (options.channels == 3) {
      out.mean = {0.485F, 0.456F, 0.406F};
      out.deviation = {0.229F, 0.224F, 0.225F};
    } else {
      out.mean = {0.449F};
      out.deviation = {0.226F};
    }
    return out;
  } catch (const std::bad_alloc&) {
    fail(op, root.string(), ": ", examples.size(), " images of ", pixels,
         " bytes need more memory than there is; make them smaller");
  }
}

DatasetPair read_image_folders(const fs::path& root, const ImageFolderOptions& options) {
  const fs::path train = root / "train";
  const fs::path test =
      is_folder(root / "test") || !is_folder(root / "val") ? root / "test" : root / "val";
  for (const fs::path& part : {train, test}) {
    if (!is_folder(part)) {
      fail(op, part.string(), ": no such folder; images are read from ", root.string(),
           "/train/CLASS and ", root.string(), "/test/CLASS");
    }
  }
  DatasetPair out = {.name = "folder",
                     .source = root.string(),
                     .train = read_image_folder(train, options),
                     .test = read_image_folder(test, options)};
  const auto only_in = [](const ImageDataset& one, const ImageDataset& other) {
    for (const std::string& name : one.class_names) {
      if (std::ranges::find(other.class_names, name) == other.class_names.end()) return name;
    }
    return std::string();
  };
  const std::string untested = only_in(out.train, out.test);
  const std::string untrained = only_in(out.test, out.train);
  if (!untested.empty() || !untrained.empty()) {
    const bool lacks = !untested.empty();
    fail(op, (lacks ? train : test).string(), " has a class '", lacks ? untested : untrained,
         "' that ", (lacks ? test : train).string(), " lacks; give both the same classes");
  }
  return out;
}

}  // namespace plastic::data

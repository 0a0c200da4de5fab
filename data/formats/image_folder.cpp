#include "plastic/data/image_folder.h"

#include <algorithm>
#include <iterator>
#include <new>
#include <string>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/check.h"
#include "core/text.h"
#include "core/threads/parallel.h"
#include "data/formats/image_decoder.h"

namespace plastic::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* op = "image_folder";

struct Example {
  fs::path path;
  std::int64_t label;
};

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

std::string small_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(), ascii_lower);
  return extension;
}

bool is_image_name(const std::string& extension) {
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

/// What is in a folder, hidden names left out, in order.
std::vector<fs::path> contents(const fs::path& folder, ImageFolderReport& report) {
  std::error_code error;
  std::vector<fs::path> out;
  fs::directory_iterator entry(folder, error);
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
    if (is_hidden(entry->path())) {
      ++report.hidden;
    } else {
      out.push_back(entry->path());
    }
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

void collect(const fs::path& folder, std::int64_t label, int depth, std::vector<Example>& out,
             ImageFolderReport& report) {
  if (depth > deepest) {
    fail(op, folder.string(), ": folders are nested more than ", deepest,
         " deep; does a link lead back?");
  }
  for (const fs::path& path : contents(folder, report)) {
    if (is_folder(path)) {
      collect(path, label, depth + 1, out, report);
      continue;
    }
    const std::string extension = small_extension(path);
    if (is_image_name(extension)) {
      out.push_back({path, label});
    } else {
      ++report.other_files[extension];
    }
  }
}

/// What became of an image.
struct Outcome {
  std::string error;
  std::string warning;
};

/// Fills row i of `images` from example i, where it can be read.
std::vector<Outcome> decode(const std::vector<Example>& examples, const ImageFolderOptions& options,
                            Tensor& images) {
  const std::int64_t count = std::ssize(examples);
  std::vector<Outcome> outcomes(examples.size());
  const std::int64_t pixels = images.numel() / count;
  auto* bytes = images.mutable_data<std::uint8_t>();
  parallel_for(0, count, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const fs::path& path = examples[static_cast<std::size_t>(i)].path;
      Outcome& outcome = outcomes[static_cast<std::size_t>(i)];
      try {
        const DecodedImage decoded = read_decoded(path, options.channels, options.orientation);
        const Tensor image = resize_image(decoded.pixels, options.height, options.width);
        std::copy_n(image.data<std::uint8_t>(), pixels, bytes + i * pixels);
        if (!decoded.warning.empty()) outcome.warning = path.string() + ": " + decoded.warning;
      } catch (const Error& error) {
        if (!options.skip_bad_images) throw;
        outcome.error = error.what();
      }
    }
  });
  return outcomes;
}

/// The images that were read and their labels, the others left out.
ImageDataset keep_readable(const std::vector<Example>& examples,
                           const std::vector<Outcome>& outcomes, Tensor images) {
  const std::int64_t pixels = images.numel() / std::ssize(examples);
  auto* bytes = images.mutable_data<std::uint8_t>();
  std::vector<std::int64_t> labels;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    if (!outcomes[i].error.empty()) continue;
    const std::int64_t from = static_cast<std::int64_t>(i) * pixels;
    const std::int64_t to = std::ssize(labels) * pixels;
    if (from != to) std::copy_n(bytes + from, pixels, bytes + to);
    labels.push_back(examples[i].label);
  }
  const std::int64_t count = std::ssize(labels);
  ImageDataset out;
  out.images = count == images.size(0) ? images : images.slice(0, 0, count).clone();
  out.labels = Tensor::from<std::int64_t>(labels, {count});
  return out;
}

/// Throws for a class of which nothing could be read, naming the first of its reasons.
void check_classes(const std::vector<Example>& examples, const std::vector<Outcome>& outcomes,
                   const std::vector<fs::path>& folders) {
  std::vector<std::int64_t> readable(folders.size());
  for (std::size_t i = 0; i < examples.size(); ++i) {
    if (outcomes[i].error.empty()) ++readable[static_cast<std::size_t>(examples[i].label)];
  }
  const auto none = std::ranges::find(readable, 0);
  if (none == readable.end()) return;
  const std::int64_t label = none - readable.begin();
  const auto first = std::ranges::find(examples, label, &Example::label) - examples.begin();
  fail(op, folders[static_cast<std::size_t>(label)].string(),
       ": none of its images can be read: ", outcomes[static_cast<std::size_t>(first)].error);
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

void add(ImageFolderReport& part, ImageFolderReport& whole) {
  for (const auto& [extension, count] : part.other_files) whole.other_files[extension] += count;
  whole.loose_files += part.loose_files;
  whole.hidden += part.hidden;
  std::ranges::move(part.bad_images, std::back_inserter(whole.bad_images));
  std::ranges::move(part.damaged_images, std::back_inserter(whole.damaged_images));
}

}  // namespace

ImageDataset read_image_folder(const fs::path& root, const ImageFolderOptions& options,
                               ImageFolderReport* report) {
  check_options(options);
  ImageFolderReport found;
  std::vector<fs::path> folders;
  std::vector<Example> examples;
  for (const fs::path& folder : contents(root, found)) {
    if (!is_folder(folder)) {
      ++found.loose_files;
      continue;
    }
    const std::size_t before = examples.size();
    collect(folder, std::ssize(folders), 0, examples, found);
    if (examples.size() == before) {
      fail(op, folder.string(),
           ": holds no .png, .jpg or .jpeg; add images of the class or "
           "remove the folder");
    }
    folders.push_back(folder);
  }
  if (folders.empty()) {
    fail(op, root.string(), ": holds no folders; put each class's images in a folder of its name");
  }
  const std::int64_t pixels = options.channels * options.height * options.width;
  try {
    Tensor images =
        Tensor::empty({std::ssize(examples), options.channels, options.height, options.width},
                      {.dtype = DType::u8});
    std::vector<Outcome> outcomes = decode(examples, options, images);
    check_classes(examples, outcomes, folders);
    ImageDataset out = keep_readable(examples, outcomes, images);
    for (const fs::path& folder : folders) out.class_names.push_back(folder.filename().string());
    if (options.channels == 3) {
      out.mean = {0.485F, 0.456F, 0.406F};
      out.deviation = {0.229F, 0.224F, 0.225F};
    } else {
      out.mean = {0.449F};
      out.deviation = {0.226F};
    }
    for (Outcome& outcome : outcomes) {
      if (!outcome.error.empty()) found.bad_images.push_back(std::move(outcome.error));
      if (!outcome.warning.empty()) found.damaged_images.push_back(std::move(outcome.warning));
    }
    if (report != nullptr) add(found, *report);
    return out;
  } catch (const std::bad_alloc&) {
    fail(op, root.string(), ": ", examples.size(), " images of ", pixels,
         " bytes need more memory than is available; make them smaller");
  }
}

DatasetPair read_image_folders(const fs::path& root, const ImageFolderOptions& options,
                               ImageFolderReport* report) {
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
                     .train = read_image_folder(train, options, report),
                     .test = read_image_folder(test, options, report)};
  const auto only_in = [](const ImageDataset& one, const ImageDataset& other) {
    const std::unordered_set<std::string> known(other.class_names.begin(), other.class_names.end());
    for (const std::string& name : one.class_names) {
      if (!known.contains(name)) return name;
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

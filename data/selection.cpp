#include "data/selection.h"

#include <cmath>

#include "core/check.h"
#include "data/check_dataset.h"
#include "data/rows.h"

namespace plastic::data {
namespace {

void check_labels(const char* op, const char* name, const std::vector<std::int64_t>& labels,
                  std::int64_t classes) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= classes) {
      fail(op, name, " ", i, " is ", labels[i], ", and class_names names ", classes,
           " classes; name every class");
    }
  }
}

}  // namespace

std::vector<std::int64_t> sample(std::int64_t size, std::int64_t count, Generator& generator) {
  std::vector<std::int64_t> chosen;
  chosen.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; std::ssize(chosen) < count; ++i) {
    const auto still_needed = static_cast<std::uint64_t>(count - std::ssize(chosen));
    if (generator.next_below(static_cast<std::uint64_t>(size - i)) < still_needed) {
      chosen.push_back(i);
    }
  }
  return chosen;
}

std::vector<std::vector<std::int64_t>> members_of_classes(const std::vector<std::int64_t>& labels,
                                                          std::size_t classes) {
  std::vector<std::vector<std::int64_t>> members(classes);
  for (std::int64_t i = 0; i < std::ssize(labels); ++i) {
    members[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])].push_back(i);
  }
  return members;
}

ImageDataset select(const ImageDataset& dataset, std::span<const std::int64_t> indices) {
  ImageDataset out = dataset;
  out.images = Rows(dataset.images).at(indices);
  out.labels = Rows(dataset.labels).at(indices);
  return out;
}

TensorDataset select(const TensorDataset& dataset, std::span<const std::int64_t> indices) {
  TensorDataset out = dataset;
  out.features = Rows(dataset.features).at(indices);
  out.targets = Rows(dataset.targets).at(indices);
  return out;
}

std::int64_t checked_count(const char* op, std::int64_t size, double fraction) {
  if (!(fraction > 0 && fraction <= 1)) {
    fail(op, "fraction must be above 0 and at most 1, got ", fraction);
  }
  const auto count = static_cast<std::int64_t>(std::llround(fraction * static_cast<double>(size)));
  if (count == 0) {
    fail(op, "fraction ", fraction, " of ", size, " examples leaves none; give a larger one");
  }
  return count;
}

std::vector<std::int64_t> checked_labels(const char* op, const ImageDataset& dataset) {
  check_dataset(op, dataset);
  std::vector<std::int64_t> labels = dataset.labels.to_vector<std::int64_t>();
  check_labels(op, "label", labels, std::ssize(dataset.class_names));
  return labels;
}

std::vector<std::int64_t> checked_labels(const char* op, const TensorDataset& dataset) {
  check_on_host(op, dataset);
  if (dataset.targets.dtype() != DType::i64 || dataset.targets.rank() != 1) {
    fail(op, "targets must be classes, i64 of rank 1, got ", name_of(dataset.targets.dtype()), " ",
         to_string(dataset.targets.shape()), "; random_split() is for numbers");
  }
  std::vector<std::int64_t> labels = dataset.targets.to_vector<std::int64_t>();
  if (!dataset.class_names.empty()) {
    check_labels(op, "target", labels, std::ssize(dataset.class_names));
  }
  return labels;
}

}  // namespace plastic::data

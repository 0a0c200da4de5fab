#include "plastic/data/split.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "core/check.h"
#include "data/check_dataset.h"
#include "data/selection.h"

namespace plastic::data {
namespace {

/// `total` divided over parts of these sizes, each fraction * size rounded down or up: the largest
/// remainders are rounded up, the earlier of equal ones first.
std::vector<std::int64_t> quotas(const std::vector<std::int64_t>& sizes, double fraction,
                                 std::int64_t total) {
  std::vector<std::int64_t> counts;
  std::vector<double> remainders;
  for (const std::int64_t size : sizes) {
    const double exact = fraction * static_cast<double>(size);
    counts.push_back(static_cast<std::int64_t>(exact));
    remainders.push_back(exact - std::floor(exact));
  }
  std::vector<std::size_t> by_remainder(sizes.size());
  std::iota(by_remainder.begin(), by_remainder.end(), std::size_t{0});
  std::ranges::stable_sort(by_remainder, std::ranges::greater{},
                           [&](std::size_t i) { return remainders[i]; });
  std::int64_t left = total - std::reduce(counts.begin(), counts.end());
  for (const std::size_t i : by_remainder) {
    if (left-- <= 0) break;
    ++counts[i];
  }
  return counts;
}

/// The number of `size` examples to set aside. Throws Error unless both parts have some.
std::int64_t validation_count(const char* op, std::int64_t size, double fraction) {
  if (!(fraction > 0 && fraction < 1)) {
    fail(op, "fraction must be above 0 and below 1, got ", fraction);
  }
  const auto total = static_cast<std::int64_t>(std::llround(fraction * static_cast<double>(size)));
  if (total == 0 || total == size) {
    fail(op, "fraction ", fraction, " of ", size, " examples leaves none for ",
         total == 0 ? "validation" : "training", "; give another");
  }
  return total;
}

/// The parts of a data set that are chosen for validation, and that are not.
template <class Parts, class Dataset>
Parts parts_of(const Dataset& dataset, const std::vector<bool>& chosen) {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> validation;
  for (std::int64_t i = 0; i < std::ssize(chosen); ++i) {
    (chosen[static_cast<std::size_t>(i)] ? validation : train).push_back(i);
  }
  return {select(dataset, train), select(dataset, validation)};
}

/// Which examples are drawn for validation, from each class its share.
std::vector<bool> stratified_choice(const char* op, const std::vector<std::int64_t>& labels,
                                    std::size_t classes, double fraction, Generator& generator) {
  const std::int64_t total = validation_count(op, std::ssize(labels), fraction);
  const std::vector<std::vector<std::int64_t>> members = members_of_classes(labels, classes);
  std::vector<std::int64_t> sizes;
  for (const auto& indices : members) sizes.push_back(std::ssize(indices));
  const std::vector<std::int64_t> counts = quotas(sizes, fraction, total);

  std::vector<bool> chosen(labels.size());
  for (std::size_t c = 0; c < members.size(); ++c) {
    for (const std::int64_t i : sample(sizes[c], counts[c], generator)) {
      chosen[static_cast<std::size_t>(members[c][static_cast<std::size_t>(i)])] = true;
    }
  }
  return chosen;
}

}  // namespace

Split stratified_split(const ImageDataset& dataset, double fraction, Generator& generator) {
  constexpr const char* op = "stratified_split";
  const std::vector<std::int64_t> labels = checked_labels(op, dataset);
  return parts_of<Split>(
      dataset, stratified_choice(op, labels, dataset.class_names.size(), fraction, generator));
}

TensorSplit stratified_split(const TensorDataset& dataset, double fraction, Generator& generator) {
  constexpr const char* op = "stratified_split";
  std::vector<std::int64_t> labels = checked_labels(op, dataset);
  std::vector<std::int64_t> classes = labels;
  std::ranges::sort(classes);
  classes.erase(std::ranges::unique(classes).begin(), classes.end());
  for (std::int64_t& label : labels) {
    label = std::ranges::lower_bound(classes, label) - classes.begin();
  }
  return parts_of<TensorSplit>(dataset,
                               stratified_choice(op, labels, classes.size(), fraction, generator));
}

TensorSplit random_split(const TensorDataset& dataset, double fraction, Generator& generator) {
  constexpr const char* op = "random_split";
  check_on_host(op, dataset);
  const std::int64_t size = dataset.size();
  std::vector<bool> chosen(static_cast<std::size_t>(size));
  for (const std::int64_t i : sample(size, validation_count(op, size, fraction), generator)) {
    chosen[static_cast<std::size_t>(i)] = true;
  }
  return parts_of<TensorSplit>(dataset, chosen);
}

}  // namespace plastic::data

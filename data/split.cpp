#include "plastic/data/split.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "core/check.h"
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

}  // namespace

Split stratified_split(const ImageDataset& dataset, double fraction, Generator& generator) {
  constexpr const char* op = "stratified_split";
  const std::vector<std::int64_t> labels = checked_labels(op, dataset);
  if (!(fraction > 0 && fraction < 1)) {
    fail(op, "fraction must be above 0 and below 1, got ", fraction);
  }
  const std::int64_t size = dataset.size();
  const auto total = static_cast<std::int64_t>(std::llround(fraction * static_cast<double>(size)));
  if (total == 0 || total == size) {
    fail(op, "fraction ", fraction, " of ", size, " examples leaves none for ",
         total == 0 ? "validation" : "training", "; give another");
  }

  std::vector<std::vector<std::int64_t>> members(dataset.class_names.size());
  for (std::int64_t i = 0; i < size; ++i) {
    members[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])].push_back(i);
  }
  std::vector<std::int64_t> sizes;
  for (const auto& indices : members) sizes.push_back(std::ssize(indices));
  const std::vector<std::int64_t> counts = quotas(sizes, fraction, total);

  std::vector<bool> chosen(labels.size());
  for (std::size_t c = 0; c < members.size(); ++c) {
    for (const std::int64_t i : sample(sizes[c], counts[c], generator)) {
      chosen[static_cast<std::size_t>(members[c][static_cast<std::size_t>(i)])] = true;
    }
  }
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> validation;
  for (std::int64_t i = 0; i < size; ++i) {
    (chosen[static_cast<std::size_t>(i)] ? validation : train).push_back(i);
  }
  return {select(dataset, train), select(dataset, validation)};
}

}  // namespace plastic::data

#pragma once

#include <string>
#include <vector>

#include "apps/microscope/probe_record.h"

namespace plastic::apps {

/// A probe as CSV, a line for each step and tensor, as data frames are made of. Numbers are given
/// in full; those that the file does not have are empty.
class ProbeCsv {
 public:
  /// The optimizer's own numbers are those of `first`.
  ProbeCsv(const ProbeHeader& header, const ProbeRecord& first);

  /// The names of the columns.
  std::string head() const;
  /// A step's lines.
  std::string lines(const ProbeRecord& record) const;

 private:
  ProbeHeader header_;
  std::vector<std::string> numbers_;
};

}  // namespace plastic::apps

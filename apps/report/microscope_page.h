#pragma once

#include <cstddef>
#include <string>

#include "apps/report/report_data.h"

namespace plastic::apps {

/// How many bytes of a report are for the microscope: with the rest of the page, less than three
/// million.
inline constexpr std::size_t microscope_bytes = 2'500'000;
/// Columns of time that a run has at most, and at least where many runs share the bytes.
inline constexpr std::size_t max_microscope_columns = 160;
inline constexpr std::size_t min_microscope_columns = 20;

/// The section "Microscope" of a report: what the runs with a probe.jsonl saw in words, and the
/// numbers that microscope.js draws. Empty where no run has one. Throws Error naming the file that
/// cannot be understood.
std::string microscope_section(const ReportData& data);

}  // namespace plastic::apps

#pragma once

#include <string_view>

#include "apps/microscope/probe_record.h"

namespace plastic::apps {

// Lines of a probe.jsonl, which are not trusted. Members that these readers do not know are passed
// over. What is wrong with a line is a std::runtime_error.

/// Bounds of what is read; a step's histograms have at most max_probe_bins numbers together.
inline constexpr std::size_t max_probed_tensors = 100'000;
inline constexpr std::size_t max_probed_signals = 64;
inline constexpr std::size_t max_probe_quantiles = 64;
inline constexpr std::size_t max_probe_numbers = 64;
inline constexpr std::size_t max_histogram_bins = 4096;
inline constexpr std::size_t max_probe_bins = std::size_t{1} << 20;

ProbeHeader parse_probe_header(std::string_view line);

/// `record` is overwritten, so that its memory is used for the next line.
void parse_probe_step(std::string_view line, const ProbeHeader& header, ProbeRecord& record);

}  // namespace plastic::apps

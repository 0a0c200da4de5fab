#pragma once

#include "nn/run_file_names.h"

namespace plastic::apps {

// The files that the program writes into the folders of runs, comparisons and studies.
inline constexpr const char* config_file = "config.toml";
inline constexpr const char* metrics_file = "metrics.jsonl";
inline constexpr const char* probe_file = "probe.jsonl";
inline constexpr const char* curvature_file = "curvature.jsonl";
inline constexpr const char* divergence_file = "diverged.json";
inline constexpr const char* report_file = "report.html";
inline constexpr const char* comparison_file = "compare.json";
inline constexpr const char* study_file = "study.toml";
inline constexpr const char* results_file = "results.jsonl";
inline constexpr const char* journal_file = "journal.jsonl";
inline constexpr const char* timings_file = "timings.jsonl";
inline constexpr const char* summary_file = "summary.json";
inline constexpr const char* times_file = "times.json";
inline constexpr const char* range_file = "lr-range.json";
inline constexpr const char* range_page_file = "lr-range.html";

/// Those that a new run in the same folder replaces.
inline constexpr const char* run_file_names[] = {
    config_file,     metrics_file, nn::best_file,   nn::checkpoint_file,
    comparison_file, report_file,  divergence_file, results_file,
    study_file,      journal_file, timings_file,    summary_file,
    times_file,      probe_file,   range_file,      range_page_file};

}  // namespace plastic::apps

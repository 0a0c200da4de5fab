#pragma once

#include <filesystem>
#include <span>

#include "apps/study/analysis/analysis.h"
#include "apps/study/study_plan.h"
#include "apps/study/study_run_json.h"

namespace plastic::apps {

/// The plan of a study's file, or of the copy in a study's folder.
StudyPlan read_study_plan(const std::filesystem::path& path);

/// study.toml, the copy of a study's file in its folder.
std::filesystem::path study_copy_path(const std::filesystem::path& folder);
void write_study_copy(const StudyPlan& plan, const std::filesystem::path& folder);

/// Whether a study was begun in the folder.
bool holds_study(const std::filesystem::path& folder);

/// What the runs of a study that are done show; the reference is the first variant until the
/// study's own has runs.
StudyAnalysis analyse_study(const StudyPlan& plan, std::span<const StudyRecord> records);

/// Removes all that a study leaves in its folder.
void remove_study_files(const std::filesystem::path& folder);

/// Writes summary.json, times.json and report.html.
void write_study_results(const StudyAnalysis& analysis, const std::filesystem::path& folder);

}  // namespace plastic::apps

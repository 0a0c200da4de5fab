#pragma once

#include <string>

#include "apps/study/analysis/analysis.h"

namespace plastic::apps {

/// What the tests say of one task: the best mean, who is ahead of the reference and who is not
/// shown to be, what so many seeds could have shown, and what was lost.
std::string task_conclusion(const TaskAnalysis& task, const std::string& reference);

/// Over all tasks: in how many of them each variant is ahead of the reference, behind it, or
/// neither.
std::string study_conclusion(const StudyAnalysis& analysis);

/// "diverged in 2 of 5 seeds, failed in 1 of 5 seeds"; empty where all finished.
std::string lost_text(const VariantAnalysis& variant);

}  // namespace plastic::apps

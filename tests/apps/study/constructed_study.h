#pragma once

#include <vector>

#include "apps/study/study_run.h"

namespace plastic::test {

/// Runs of a study that nobody trained: 2 tasks, the variants sgd, adam and wild, 8 seeds from 101,
/// 4 epochs of 100 steps, 9 trials of adam's learning rate. On both tasks adam is 2 points ahead of
/// sgd in every seed, wild's difference has a mean near 0, and on the second one wild diverged in
/// seed 103, failed in seed 104, and adam's trial 8 diverged.
std::vector<apps::StudyRun> constructed_study();

}  // namespace plastic::test

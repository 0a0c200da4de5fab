#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apps/runs/run_folder.h"
#include "apps/study/study_execution.h"
#include "apps/study/study_plan.h"

namespace plastic::apps {

/// How a study is carried out.
struct StudyCall {
  std::filesystem::path folder;
  std::optional<std::filesystem::path> data_dir = {};
  std::optional<int> jobs = {};
  bool overwrite = false;
  bool retry = false;
  bool dry_run = false;
  /// Folders of other studies, whose runs are taken where they are the same.
  std::vector<std::filesystem::path> reuse = {};
  /// What continues it after an interruption.
  std::string command = {};
};

/// Locks the folder of a study, of a range test, or of both, which plastic tune leaves in one:
/// where it has been written before, what is in it is kept. Throws Error for a folder of anything
/// else, unless `overwrite`.
FolderLock open_study_folder(const std::filesystem::path& folder, bool overwrite);

/// Does what is left of a study, shows what it is and what came out, and leaves that in its folder;
/// `finish` is called when all is done. With dry_run, only says how long it takes.
void carry_out_study(const StudyPlan& plan, const StudyCall& call,
                     const std::function<void(const StudyExecution&)>& finish = {});

}  // namespace plastic::apps

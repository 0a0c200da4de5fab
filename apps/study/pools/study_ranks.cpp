#include "apps/study/pools/study_ranks.h"

#include <cstring>
#include <string>

namespace plastic::apps {

std::vector<int> join_study(const StudyPlan& plan, int jobs, distributed::Communicator& among) {
  distributed::check_same_processor(among);
  distributed::check_same("study", plan.file().text, among);
  std::vector<int> all(static_cast<std::size_t>(among.size()));
  among.all_gather(std::as_bytes(std::span(&jobs, 1)), std::as_writable_bytes(std::span(all)));
  return all;
}

void load_on_ranks(const StudyPlan& plan, std::span<const std::size_t> tasks, StudyData& data,
                   distributed::Communicator& among) {
  if (among.size() == 1) return;
  constexpr int first_rank = 0;
  const std::vector<std::byte> bytes =
      distributed::broadcast_bytes(std::as_bytes(tasks), first_rank, among);
  std::string read;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::size_t)) {
    std::size_t task = 0;
    std::memcpy(&task, bytes.data() + at, sizeof(task));
    read += plan.tasks()[task].name;
    read += ": " + data.images_of(plan.data_options(task)) + "\n";
  }
  distributed::check_same("data set", read, among);
}

}  // namespace plastic::apps

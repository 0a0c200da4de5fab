#include <algorithm>
#include <cstdlib>
#include <set>

#include "apps/report/comparison_reader.h"
#include "apps/report/run_facts.h"
#include "plastic/core/error.h"
#include "tests/fuzz/memory_file.h"

// read_comparison either gives rows and seeds that differ, or throws plastic::Error; what a report
// shows of it is no longer than what the file says.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using plastic::apps::ListedComparison;
  plastic::fuzz::MemoryFile file;
  file.append({data, size});
  try {
    const ListedComparison comparison = plastic::apps::read_comparison(file.path());
    if (comparison.rows) {
      std::set<std::string> names;
      for (const ListedComparison::Row& row : *comparison.rows) {
        if (!names.insert(row.name).second || row.settings.size() > size) std::abort();
      }
    }
    if (comparison.seeds) {
      const std::set<std::uint64_t> seeds(comparison.seeds->begin(), comparison.seeds->end());
      if (seeds.size() != comparison.seeds->size()) std::abort();
    }
    const plastic::apps::RunFacts facts = plastic::apps::facts_of_comparison(comparison);
    if (facts.epochs < 0 || facts.seed) std::abort();
    plastic::apps::data_text(facts.conditions);
    plastic::apps::conditions_text(facts.conditions);
    plastic::apps::settings_text("neuroplastic", facts.settings);
    for (const auto& [name, value] : comparison.facts) {
      if (plastic::apps::without_place(value).size() > value.size()) std::abort();
    }
  } catch (const plastic::Error&) {
  }
  return 0;
}

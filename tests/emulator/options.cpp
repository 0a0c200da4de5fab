#include "tests/emulator/options.h"

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>

namespace plastic::emulator {
namespace {

Options read(const char* text) {
  Options options;
  std::istringstream names(text == nullptr ? "" : text);
  const std::string multiprocessors = "multiprocessors=";
  for (std::string name; std::getline(names, name, ',');) {
    if (name == "shuffled") {
      options.shuffled = true;
    } else if (name == "backwards") {
      options.backwards = true;
    } else if (name == "late-reads") {
      options.late_reads = true;
    } else if (name.starts_with(multiprocessors)) {
      // Few, unless asked, so that small tests have grids that stride.
      options.multiprocessors = std::atoi(name.c_str() + multiprocessors.size());
    } else {
      std::fprintf(stderr, "emulator: PLASTIC_EMULATE has no '%s'\n", name.c_str());
      std::abort();
    }
  }
  return options;
}

}  // namespace

const Options& options() {
  static const Options only = read(std::getenv("PLASTIC_EMULATE"));
  return only;
}

}  // namespace plastic::emulator

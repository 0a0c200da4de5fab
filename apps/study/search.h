#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/cli/option_table.h"
#include "apps/training/optimizer_options.h"

namespace plastic::apps {

/// The values of one option among which a search looks.
struct SearchDimension {
  enum class Kind {
    /// Numbers between `low` and `high`: equally likely, or their logarithms are.
    uniform,
    log,
    /// The same for whole numbers.
    integer,
    integer_log,
    /// Those of `choices`.
    choices,
  };

  const Option* option = nullptr;
  Kind kind = Kind::choices;
  double low = 0.0;
  double high = 0.0;
  std::vector<std::string> choices = {};
};

/// "log", "integer-log", ...: the words of a study's file, in the order of the kinds.
const std::vector<std::string>& search_kind_names();

using SearchSpace = std::vector<SearchDimension>;

/// Coordinate `dimension` of a point of a quasi-random sequence, in [0, 1): Halton's (Numer. Math.
/// 2, 1960), in the base of the dimension's prime, shifted modulo 1 by an amount that `seed`
/// decides for each dimension (Cranley and Patterson, SIAM J. Numer. Anal. 13, 1976). Each
/// coordinate alone is spread evenly from the first points on, so that ten trials try ten rates.
/// The first points are the same however many follow, so trials may be added to a search.
double quasi_random(std::uint64_t seed, int point, int dimension);

/// What trial number `trial`, from 0, of a search gives the options, in the order of the space.
/// Numbers are rounded to four significant digits: every machine's logarithm gives the same.
Settings draw_trial(const SearchSpace& space, std::uint64_t seed, int trial);

}  // namespace plastic::apps

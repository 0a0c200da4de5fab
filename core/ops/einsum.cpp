// Einstein's summation: axes are ordered (batch, kept, summed) by their letters, and the sum of
// products is a batched matrix product.
#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/ops/mixed_precision.h"
#include "plastic/core/ops/diagonal.h"
#include "plastic/core/ops/matmul.h"
#include "plastic/core/ops/reduce.h"

namespace plastic {
namespace {

struct Equation {
  std::vector<std::string> inputs;
  std::string output;
};

bool contains(const std::string& letters, char letter) {
  return letters.find(letter) != std::string::npos;
}

/// What stands for "..." while an equation is read, and the names of the axes it stands for.
constexpr char ellipsis = '.';
constexpr std::string_view ellipsis_axes = "0123456789";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// The names of one tensor's axes, with `ellipsis` for "...". Spaces mean nothing.
std::string read_axes(std::string_view equation, std::string_view part) {
  std::string axes;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] == ' ') continue;
    const bool is_ellipsis = part.substr(i, 3) == "..." && !contains(axes, ellipsis);
    if (!is_ellipsis && !is_letter(part[i])) {
      fail("einsum", "\"", equation, "\": \"", part, "\" must be letters and at most one \"...\"");
    }
    axes += is_ellipsis ? ellipsis : part[i];
    if (is_ellipsis) i += 2;
  }
  return axes;
}

Equation parse(std::string_view equation) {
  const std::size_t arrow = equation.find("->");
  const std::string_view left = equation.substr(0, arrow);
  Equation parsed;
  std::size_t start = 0;
  for (std::size_t comma; (comma = left.find(',', start)) != std::string_view::npos;
       start = comma + 1) {
    parsed.inputs.push_back(read_axes(equation, left.substr(start, comma - start)));
  }
  parsed.inputs.push_back(read_axes(equation, left.substr(start)));
  if (arrow != std::string_view::npos) {
    parsed.output = read_axes(equation, equation.substr(arrow + 2));
    for (const char letter : parsed.output) {
      if (std::count(parsed.output.begin(), parsed.output.end(), letter) > 1) {
        fail("einsum", "\"", equation, "\": the result has axis ", letter, " twice");
      }
    }
    return parsed;
  }
  std::string all;
  for (const std::string& axes : parsed.inputs) all += axes;
  std::sort(all.begin(), all.end());
  if (contains(all, ellipsis)) parsed.output += ellipsis;
  for (const char letter : all) {
    const bool is_once = std::count(all.begin(), all.end(), letter) == 1;
    if (letter != ellipsis && is_once) parsed.output += letter;
  }
  return parsed;
}

/// Gives the axes that each "..." stands for names, the same from the last one on.
void name_ellipses(std::string_view equation, Equation& parsed, std::span<const Tensor> tensors) {
  std::size_t longest = 0;
  const auto stands_for = [&](std::size_t i) {
    const std::size_t named = parsed.inputs[i].size() - 1;
    const std::size_t rank = tensors[i].shape().rank();
    if (rank < named || rank - named > ellipsis_axes.size()) {
      fail("einsum", "\"", equation, "\": tensor ", i, " of shape ", to_string(tensors[i].shape()),
           " does not fit; \"...\" stands for 0 to ", ellipsis_axes.size(), " axes");
    }
    return rank - named;
  };
  const auto replace = [](std::string& axes, std::string_view names) {
    const std::size_t at = axes.find(ellipsis);
    if (at != std::string::npos) axes.replace(at, 1, names);
  };
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    check_defined("einsum", tensors[i]);
    if (contains(parsed.inputs[i], ellipsis)) longest = std::max(longest, stands_for(i));
  }
  const std::string_view names = ellipsis_axes.substr(0, longest);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!contains(parsed.inputs[i], ellipsis)) continue;
    replace(parsed.inputs[i], names.substr(longest - stands_for(i)));
  }
  replace(parsed.output, names);
}

void check_rank(std::string_view equation, const Tensor& x, const std::string& letters) {
  if (x.shape().rank() != letters.size()) {
    fail("einsum", "\"", equation, "\": \"", letters, "\" does not name the axes of ",
         to_string(x.shape()));
  }
}

/// x with one axis for each letter: its diagonal where one is repeated.
Tensor without_repeats(std::string_view equation, Tensor x, std::string& letters) {
  check_rank(equation, x, letters);
  for (std::size_t first = 0; first < letters.size();) {
    const char letter = letters[first];
    const std::size_t second = letters.find(letter, first + 1);
    if (second == std::string::npos) {
      ++first;
      continue;
    }
    if (x.shape()[first] != x.shape()[second]) {
      fail("einsum", "\"", equation, "\": axis ", letter, " has sizes ", x.shape()[first], " and ",
           x.shape()[second]);
    }
    x = diagonal(x, static_cast<std::int64_t>(first), static_cast<std::int64_t>(second));
    letters.erase(second, 1);
    letters.erase(first, 1);
    letters += letter;
    first = 0;
  }
  return x;
}

/// The size of every letter. Throws Error where sizes do not agree; those of 1 that "..." stands
/// for agree with any.
std::map<char, std::int64_t> letter_sizes(std::string_view equation, const Equation& parsed,
                                          std::span<const Tensor> tensors) {
  std::map<char, std::int64_t> sizes;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::string& letters = parsed.inputs[i];
    for (std::size_t axis = 0; axis < letters.size(); ++axis) {
      const std::int64_t size = tensors[i].shape()[axis];
      const auto [known, is_new] = sizes.try_emplace(letters[axis], size);
      if (is_new || known->second == size) continue;
      if (!is_letter(letters[axis]) && (known->second == 1 || size == 1)) {
        known->second *= size;
      } else {
        fail("einsum", "\"", equation, "\": axis ", letters[axis], " has sizes ", known->second,
             " and ", size);
      }
    }
  }
  for (const char letter : parsed.output) {
    if (!sizes.contains(letter)) {
      fail("einsum", "\"", equation, "\": no tensor has the result's axis ", letter);
    }
  }
  return sizes;
}

/// x with the sizes of its letters: axes of 1 that "..." stands for are repeated.
Tensor broadcast(const Tensor& x, const std::string& letters,
                 const std::map<char, std::int64_t>& sizes) {
  Shape shape;
  for (const char letter : letters) shape.push_back(sizes.at(letter));
  return x.expand(shape);
}

/// x, whose axes are named by `letters`, with the axes that `wanted` lacks summed away.
Tensor sum_away(const Tensor& x, std::string& letters, const std::string& wanted) {
  Shape axes;
  std::string left;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (contains(wanted, letters[i])) {
      left += letters[i];
    } else {
      axes.push_back(static_cast<std::int64_t>(i));
    }
  }
  letters = left;
  return axes.empty() ? x : sum(x, axes);
}

Tensor ordered(const Tensor& x, const std::string& letters, const std::string& order) {
  Shape axes;
  for (const char letter : order) axes.push_back(static_cast<std::int64_t>(letters.find(letter)));
  return x.permute(axes);
}

Tensor contract(const Tensor& a, const std::string& a_letters, const Tensor& b,
                const std::string& b_letters, const std::string& output,
                const std::map<char, std::int64_t>& sizes) {
  std::string batch;
  std::string rows;
  std::string columns;
  std::string summed;
  for (const char letter : a_letters) {
    const bool shared = contains(b_letters, letter);
    const bool kept = contains(output, letter);
    (shared ? (kept ? batch : summed) : rows) += letter;
  }
  for (const char letter : b_letters) {
    if (!contains(a_letters, letter)) columns += letter;
  }
  const auto size = [&](const std::string& letters) {
    std::int64_t product = 1;
    for (const char letter : letters) product *= sizes.at(letter);
    return product;
  };
  const Tensor left =
      ordered(a, a_letters, batch + rows + summed).reshape({size(batch), size(rows), size(summed)});
  const Tensor right = ordered(b, b_letters, batch + summed + columns)
                           .reshape({size(batch), size(summed), size(columns)});
  const std::string letters = batch + rows + columns;
  Shape shape;
  for (const char letter : letters) shape.push_back(sizes.at(letter));
  return ordered(matmul(left, right).reshape(shape), letters, output);
}

}  // namespace

Tensor einsum(std::string_view equation, std::span<const Tensor> tensors) {
  Equation parsed = parse(equation);
  if (parsed.inputs.size() != tensors.size() || tensors.empty() || tensors.size() > 2) {
    fail("einsum", "\"", equation, "\" names ", parsed.inputs.size(), " tensors, got ",
         tensors.size(), "; one or two are supported");
  }
  name_ellipses(equation, parsed, tensors);
  const bool is_product = tensors.size() == 2;
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor x = is_product ? for_product(tensors[i]) : tensors[i];
    inputs.push_back(without_repeats(equation, x, parsed.inputs[i]));
  }
  const std::map<char, std::int64_t> sizes = letter_sizes(equation, parsed, inputs);
  std::string first = parsed.inputs[0];
  if (!is_product) {
    const Tensor x = sum_away(inputs[0], first, parsed.output);
    return ordered(x, first, parsed.output);
  }
  check_same_kind("einsum", inputs[0], inputs[1]);
  check_floating("einsum", inputs[0]);
  std::string second = parsed.inputs[1];
  const Tensor left = broadcast(inputs[0], first, sizes);
  const Tensor right = broadcast(inputs[1], second, sizes);
  const Tensor a = sum_away(left, first, parsed.output + second);
  const Tensor b = sum_away(right, second, parsed.output + first);
  return contract(a, first, b, second, parsed.output, sizes);
}

}  // namespace plastic

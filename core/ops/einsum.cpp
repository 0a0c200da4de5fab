// Einstein's summation: axes are ordered (batch, kept, summed) by their letters, and the sum of
// products is a batched matrix product.
#include <algorithm>
#include <map>
#include <string>

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/ops/mixed_precision.h"
#include "plastic/core/ops/elementwise.h"
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

void check_letters(std::string_view equation, const std::string& letters) {
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const char letter = letters[i];
    const bool is_letter = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
    if (!is_letter || letters.find(letter, i + 1) != std::string::npos) {
      fail("einsum", "\"", equation, "\": \"", letters,
           "\" must be letters, each once; diagonals and \"...\" are not supported");
    }
  }
}

Equation parse(std::string_view equation) {
  std::string text(equation);
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  const std::size_t arrow = text.find("->");
  const std::string left = text.substr(0, arrow);
  Equation parsed;
  std::size_t start = 0;
  for (std::size_t comma; (comma = left.find(',', start)) != std::string::npos; start = comma + 1) {
    parsed.inputs.push_back(left.substr(start, comma - start));
  }
  parsed.inputs.push_back(left.substr(start));
  for (const std::string& letters : parsed.inputs) check_letters(equation, letters);
  if (arrow != std::string::npos) {
    parsed.output = text.substr(arrow + 2);
    check_letters(equation, parsed.output);
  } else {
    std::string all = left;
    std::sort(all.begin(), all.end());
    for (const char letter : all) {
      if (letter != ',' && std::count(all.begin(), all.end(), letter) == 1) parsed.output += letter;
    }
  }
  return parsed;
}

/// The size of every letter. Throws Error where ranks or sizes do not agree.
std::map<char, std::int64_t> letter_sizes(std::string_view equation, const Equation& parsed,
                                          std::span<const Tensor> tensors) {
  std::map<char, std::int64_t> sizes;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::string& letters = parsed.inputs[i];
    check_defined("einsum", tensors[i]);
    if (tensors[i].shape().rank() != letters.size()) {
      fail("einsum", "\"", equation, "\": \"", letters, "\" does not name the axes of ",
           to_string(tensors[i].shape()));
    }
    for (std::size_t axis = 0; axis < letters.size(); ++axis) {
      const std::int64_t size = tensors[i].shape()[axis];
      const auto [known, is_new] = sizes.try_emplace(letters[axis], size);
      if (!is_new && known->second != size) {
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
  const Equation parsed = parse(equation);
  if (parsed.inputs.size() != tensors.size() || tensors.empty() || tensors.size() > 2) {
    fail("einsum", "\"", equation, "\" names ", parsed.inputs.size(), " tensors, got ",
         tensors.size(), "; one or two are supported");
  }
  const std::map<char, std::int64_t> sizes = letter_sizes(equation, parsed, tensors);
  std::string first = parsed.inputs[0];
  if (tensors.size() == 1) {
    const Tensor x = sum_away(tensors[0], first, parsed.output);
    return ordered(x, first, parsed.output);
  }
  const Tensor left = for_product(tensors[0]);
  const Tensor right = for_product(tensors[1]);
  check_same_kind("einsum", left, right);
  check_floating("einsum", left);
  std::string second = parsed.inputs[1];
  const Tensor a = sum_away(left, first, parsed.output + second);
  const Tensor b = sum_away(right, second, parsed.output + first);
  return contract(a, first, b, second, parsed.output, sizes);
}

}  // namespace plastic

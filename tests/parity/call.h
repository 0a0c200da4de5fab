#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "plastic/plastic.h"

namespace plastic::parity {

/// What an operation is called with besides tensors: a number, a list of integers, or text.
using Attribute = std::variant<double, std::vector<std::int64_t>, std::string>;

/// One call of an operation, as the other side drew it.
struct Call {
  std::string operation;
  std::map<std::string, Attribute> attributes;
  /// The leaves, and the views of them that the operation reads; undefined where it is to be given
  /// no tensor.
  std::vector<Tensor> bases;
  std::vector<Tensor> tensors;
  /// Of the results; none where nothing is to go backward.
  std::vector<Tensor> gradients;

  const Tensor& operator[](std::size_t i) const;
  bool has(const std::string& name) const { return attributes.contains(name); }
  double number(const std::string& name) const;
  /// A number that takes the dtype of a tensor, given as a number or as an integer.
  Number scalar(const std::string& name) const;
  const std::vector<std::int64_t>& integers(const std::string& name) const;
  std::int64_t integer(const std::string& name) const;
  bool flag(const std::string& name) const { return integer(name) != 0; }
  Shape shape(const std::string& name) const { return Shape(integers(name)); }
  /// Rows, then columns.
  std::array<std::int64_t, 2> pair(const std::string& name) const;
  const std::string& text(const std::string& name) const;
  DType dtype(const std::string& name) const;
};

using Results = std::vector<Tensor>;

struct Operation {
  std::string name;
  /// The declaration that it calls, as headers.py writes it: "add(Tensor, double)". Several where
  /// one call shows several of them; empty for what no header of an operation declares.
  std::vector<std::string> declarations;
  std::function<Results(Call&)> run;
};

using Table = std::vector<Operation>;

/// Enters an operation of one result.
void enter(Table& table, const std::string& name, const std::vector<std::string>& declarations,
           std::function<Tensor(Call&)> run);
/// Enters an operation of any number of results.
void enter_all(Table& table, const std::string& name, const std::vector<std::string>& declarations,
               std::function<Results(Call&)> run);

// What each family of operations adds.
void add_elementwise(Table& table);
void add_reductions(Table& table);
void add_products(Table& table);
void add_indexing(Table& table);
void add_images(Table& table);
void add_tensor_methods(Table& table);
void add_views(Table& table);
void add_losses(Table& table);
void add_modules(Table& table);
void add_optimizers(Table& table);
void add_schedules(Table& table);
void add_random(Table& table);

/// Text or numbers as a tensor, for results that are none.
Tensor integers_of(std::initializer_list<std::int64_t> values);
Tensor integers_of(const Shape& values);
Tensor numbers_of(const std::vector<double>& values);

// Commands of the program; see main.cpp.

/// Writes the names and declarations of the table, one operation a line.
void list_operations();
/// Reads calls from standard input and writes their results until the input ends.
void serve();
void init_model(const std::string& name, const std::string& file);
void run_model(const std::string& name, const std::string& mode, const std::string& in,
               const std::string& out);

}  // namespace plastic::parity

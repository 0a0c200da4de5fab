#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "plastic/core/tensor.h"
#include "plastic/data/tensor_dataset.h"

#pragma GCC visibility push(default)

namespace plastic::data {

/// How read_csv() reads a file.
struct CsvOptions {
  /// The first line names the columns; otherwise it is data.
  bool header = true;
  /// Any character but a quote, a space or an end of line.
  char delimiter = ',';
  /// The column of the labels, from 0; a negative one counts from the end, -1 the last.
  std::int64_t label_column = -1;
};

/// Rows of numbers, one per example, each with a class.
struct LabelledTable {
  /// (N, F) f32: all columns but the label's, in order.
  Tensor features;
  /// (N) i64, none negative.
  Tensor labels;
  /// The features' F names; empty for a file without a header.
  std::vector<std::string> feature_names;
  /// Empty for a file without a header.
  std::string label_name;
};

/// Reads comma-separated numbers (RFC 4180; plain or gzip, recognised by content), one column of
/// which holds the classes, whole numbers from 0. Empty lines, spaces around numbers, quotes and a
/// byte-order mark are accepted. The file is untrusted: throws Error naming the path and, where
/// there is one, the line when the file cannot be opened or holds no row of data, when a row is
/// longer or shorter than the first, when a field is not a finite number or not a label, when it is
/// longer than 1024 characters, or a quote is misplaced. Also throws Error for an impossible
/// delimiter or label column, and when this build does not read CSV.
LabelledTable read_csv(const std::filesystem::path& path, const CsvOptions& options = {});

/// What the column of the targets holds.
enum class CsvTarget {
  /// Any text: the name of a class.
  class_names,
  /// Real numbers.
  numbers,
};

/// How read_csv_dataset() reads a file.
struct CsvDatasetOptions {
  /// The first line names the columns; otherwise it is data.
  bool header = true;
  /// Any character but a quote, a space or an end of line.
  char delimiter = ',';
  /// The column of the targets, from 0; a negative one counts from the end, -1 the last.
  std::int64_t target_column = -1;
  /// The name of that column instead, in a file with a header; empty uses target_column.
  std::string target = {};
  /// What that column holds.
  CsvTarget kind = CsvTarget::class_names;
  /// The classes, in order: those of the training file, so that a test file's are numbered alike.
  /// Empty uses the names that occur, in the order of their bytes.
  std::vector<std::string> class_names = {};
};

/// Reads a table for TensorLoader: the columns of numbers as features, (N, F) f32, and one column
/// as targets, which become classes, (N) i64, with their names, or numbers, (N, 1) f32, the shape
/// that a network with one output gives:
///   data::TensorDataset flowers = data::read_csv_dataset("iris.csv", {.target = "species"});
/// Files and errors are those of read_csv(). A missing value is an Error that names line and
/// column, and so is a class that `class_names` lacks.
TensorDataset read_csv_dataset(const std::filesystem::path& path,
                               const CsvDatasetOptions& options = {});

}  // namespace plastic::data

#pragma GCC visibility pop

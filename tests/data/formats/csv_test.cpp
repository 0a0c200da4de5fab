#include "plastic/data/csv.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/data/files.h"
#include "tests/support/foreign_locale.h"

using plastic::Shape;
using namespace plastic::data;
using namespace plastic::test;

namespace {

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

LabelledTable read(std::string_view text, const CsvOptions& options = {}) {
  const TemporaryFolder folder;
  write_file(folder / "t.csv", bytes_of(text));
  return read_csv(folder / "t.csv", options);
}

std::string error(std::string_view text, const CsvOptions& options = {}) {
  return error_of([&] { read(text, options); });
}

TensorDataset read_dataset(std::string_view text, const CsvDatasetOptions& options = {}) {
  const TemporaryFolder folder;
  write_file(folder / "t.csv", bytes_of(text));
  return read_csv_dataset(folder / "t.csv", options);
}

std::string dataset_error(std::string_view text, const CsvDatasetOptions& options = {}) {
  return error_of([&] { read_dataset(text, options); });
}

using Floats = std::vector<float>;
using Labels = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("data.csv.reads") {
  const LabelledTable table = read("width,height,class\n1,2.5,0\n-3e2,+4,2\n");
  CHECK(table.features.shape() == Shape{2, 2});
  CHECK(table.features.to_vector<float>() == Floats{1, 2.5F, -300, 4});
  CHECK(table.labels.to_vector<std::int64_t>() == Labels{0, 2});
  CHECK(table.feature_names == std::vector<std::string>{"width", "height"});
  CHECK(table.label_name == "class");
}

TEST_CASE("data.csv.label-column") {
  for (const std::int64_t column : {0, -3}) {
    const LabelledTable table = read("y,a,b\n7,1,2\n", {.label_column = column});
    CHECK(table.labels.to_vector<std::int64_t>() == Labels{7});
    CHECK(table.features.to_vector<float>() == Floats{1, 2});
    CHECK(table.feature_names == std::vector<std::string>{"a", "b"});
    CHECK(table.label_name == "y");
  }
  for (const std::int64_t column : {3, -4}) {
    CHECK(contains(error("y,a,b\n7,1,2\n", {.label_column = column}),
                   {"line 1: label column", std::to_string(column), " of 3"}));
  }
}

TEST_CASE("data.csv.without-header") {
  const LabelledTable table = read("1,2,0\n3,4,1", {.header = false});
  CHECK(table.features.to_vector<float>() == Floats{1, 2, 3, 4});
  CHECK(table.labels.to_vector<std::int64_t>() == Labels{0, 1});
  CHECK(table.feature_names.empty());
  CHECK(contains(error("a,b\n1,2\n", {.header = false}),
                 {"line 1: column 1", "found 'a'", "does the file have a header?"}));
}

TEST_CASE("data.csv.forms") {
  const Floats features = {1, 2};
  const Labels labels = {3};
  for (const char* text : {"a,b,c\r\n1,2,3\r\n", "a,b,c\n\n1,2,3\n\n", "a,b,c\r1,2,3\r",
                           "\xEF\xBB\xBF\"a\",b,c\n 1 ,\"2\",3.0", "a,b,\"c,\"\"d\"\"\"\n1,2,3"}) {
    CAPTURE(text);
    const LabelledTable table = read(text);
    CHECK(table.features.to_vector<float>() == features);
    CHECK(table.labels.to_vector<std::int64_t>() == labels);
    CHECK(table.feature_names == std::vector<std::string>{"a", "b"});
  }
  const LabelledTable tabs = read("a\tb\tc\n1\t2\t3\n", {.delimiter = '\t'});
  CHECK(tabs.features.to_vector<float>() == features);
}

TEST_CASE("data.csv.longer-than-a-buffer") {
  std::string text = "x,y\n";
  const std::int64_t rows = 30000;
  for (std::int64_t i = 0; i < rows; ++i) {
    text += std::to_string(i) + "," + std::to_string(i % 7) + "\n";
  }
  const LabelledTable table = read(text);
  REQUIRE(table.features.shape() == Shape{rows, 1});
  const auto features = table.features.to_vector<float>();
  const auto labels = table.labels.to_vector<std::int64_t>();
  std::int64_t wrong = 0;
  for (std::size_t i = 0; i < features.size(); ++i) {
    const bool right =
        features[i] == static_cast<float>(i) && labels[i] == static_cast<std::int64_t>(i % 7);
    wrong += right ? 0 : 1;
  }
  CHECK(wrong == 0);
  CHECK(contains(error(text + "1\n"), {"line 30002: 1 field, expected 2"}));
}

TEST_CASE("data.csv.ragged") {
  CHECK(contains(error("a,b,c\n1,2,3\n\n1,2\n"),
                 {"[csv] ", "t.csv: line 4: 2 fields, expected 3 as in line 1"}));
  CHECK(contains(error("a,b\r\n1,2\r\n1,2,3\r\n"), {"line 3: 3 fields, expected 2"}));
  CHECK(contains(error("a;b\n1;2\n"), {"line 1: one column", "delimiter not ','"}));
}

TEST_CASE("data.csv.not-numbers") {
  for (const char* text : {"x", "", "1x", "nan", "inf", "1e999", "1e39", "0x10", "+-1", "--1"}) {
    CAPTURE(text);
    CHECK(
        contains(error("a,b\n1,2\n" + std::string(text) + ",2\n"),
                 {"line 3: column 1 ('a'): expected a number, found '" + std::string(text) + "'"}));
  }
  for (const char* text : {"-1", "0.5", "1e300", "cat"}) {
    CAPTURE(text);
    CHECK(contains(
        error("a,b\n1," + std::string(text) + "\n"),
        {"line 2: column 2 ('b'): expected a label", "found '" + std::string(text) + "'"}));
  }
}

TEST_CASE("data.csv.empty") {
  CHECK(contains(error(""), {"holds no rows of data"}));
  CHECK(contains(error("\n\n"), {"holds no rows of data"}));
  CHECK(contains(error("a,b\n"), {"holds no rows of data, only a header"}));
  CHECK(contains(error_of([] { read_csv("/no/such.csv"); }), {"[csv] /no/such.csv", "opened"}));
}

TEST_CASE("data.csv.hostile-length") {
  CHECK(contains(error("a,b\n" + std::string(2'000'000, '1') + ",2\n"),
                 {"line 2: a field of more than 1024 characters"}));
  CHECK(contains(error("a,b\n\"1,2\n" + std::string(5000, '\n')),
                 {"a field of more than 1024 characters", "quote left open"}));
  CHECK(contains(error("a,b\n" + std::string(1500, '1') + ",2\n"), {"more than 1024"}));
}

TEST_CASE("data.csv.quotes") {
  CHECK(contains(error("a,b\n1,\"2\n"), {"line 3: a quote"}));
  CHECK(contains(error("a,b\n1,\"2\"3\n"), {"line 2: a quote"}));
}

TEST_CASE("data.csv.delimiter-errors") {
  for (const char delimiter : {'"', '\n', '\r', ' ', '\0'}) {
    CHECK(contains(error("a,b\n1,2\n", {.delimiter = delimiter}), {"[csv] delimiter"}));
  }
}

TEST_CASE("data.csv.whatever-the-locale") {
  const ForeignLocale foreign;
  const LabelledTable table = read("a,b,c\n0.5,1e3,0\n-1234.25,2,1\n");
  CHECK(table.features.to_vector<float>() == Floats{0.5F, 1000, -1234.25F, 2});
  CHECK(contains(error("a,c\n\"1,5\",0\n"), {"1,5"}));
}

TEST_CASE("data.csv.classes_by_name") {
  const std::string text = "width,kind,height\n1,rose,2\n3,aster,4\n5,\"rose\",6\n";
  for (const CsvDatasetOptions& options :
       {CsvDatasetOptions{.target = "kind"}, CsvDatasetOptions{.target_column = 1},
        CsvDatasetOptions{.target_column = -2}}) {
    const TensorDataset table = read_dataset(text, options);
    CHECK(table.class_names == std::vector<std::string>{"aster", "rose"});
    CHECK(table.targets.to_vector<std::int64_t>() == Labels{1, 0, 1});
    CHECK(table.features.shape() == Shape{3, 2});
    CHECK(table.features.to_vector<float>() == Floats{1, 2, 3, 4, 5, 6});
    CHECK(table.feature_names == std::vector<std::string>{"width", "height"});
  }
  // A test file is numbered as its training file, whatever occurs in it.
  const TensorDataset test =
      read_dataset("a,kind\n1,rose\n", {.class_names = {"aster", "rose", "tulip"}});
  CHECK(test.targets.to_vector<std::int64_t>() == Labels{1});
  CHECK(test.class_names.size() == 3);
  CHECK(contains(dataset_error("a,kind\n1,rose\n1,lily\n", {.class_names = {"aster", "rose"}}),
                 {"t.csv: line 3: column 2 ('kind'): 'lily' is not one of the 2 classes"}));
  CHECK(contains(dataset_error("a,kind\n1,rose\n", {.class_names = {"b", "b"}}), {"'b' twice"}));
  // Numbers are names, too.
  CHECK(read_dataset("a,b\n1,10\n1,9\n").class_names == std::vector<std::string>{"10", "9"});
}

TEST_CASE("data.csv.targets_that_are_numbers") {
  const TensorDataset table =
      read_dataset("price,rooms\n1.5,3\n-2e1,4\n", {.target = "price", .kind = CsvTarget::numbers});
  CHECK(table.targets.shape() == Shape{2, 1});
  CHECK(table.targets.to_vector<float>() == Floats{1.5F, -20});
  CHECK(table.features.to_vector<float>() == Floats{3, 4});
  CHECK(table.class_names.empty());
  CHECK(contains(dataset_error("a,b\n1,x\n", {.kind = CsvTarget::numbers}),
                 {"line 2: column 2 ('b'): expected a number, found 'x'"}));
  CHECK(contains(dataset_error("a,b\n1,2\n", {.kind = CsvTarget::numbers, .class_names = {"x"}}),
                 {"class_names are given, but targets are numbers"}));
}

TEST_CASE("data.csv.missing_values") {
  CHECK(contains(dataset_error("a,b,c\n1,2,x\n1,,x\n"),
                 {"line 3: column 2 ('b'): ", "the value is missing"}));
  CHECK(contains(dataset_error("a,b,c\n1,2,x\n1,2,\n"),
                 {"line 3: column 3 ('c'): ", "the value is missing"}));
  CHECK(contains(dataset_error("1,,0\n", {.header = false}),
                 {"line 1: column 2: ", "the value is missing"}));
  CHECK(contains(dataset_error("a,b,c\n1,2,NA\n1,NA,x\n"), {"line 3: column 2", "found 'NA'"}));
}

TEST_CASE("data.csv.target_by_name_errors") {
  CHECK(contains(dataset_error("a,b\n1,2\n", {.target = "c"}),
                 {"line 1: no column is called 'c'", "the first is 'a'"}));
  CHECK(contains(dataset_error("1,2\n", {.header = false, .target = "c"}),
                 {"without a header", "'c'", "give its number"}));
  CHECK(contains(dataset_error("a,b\n1,2\n", {.target_column = 2}), {"target column 2 of 2"}));
}

TEST_CASE("data.csv.real_numbers_are_not_names_of_classes") {
  const std::string text = "x,y\n1,0.5\n2,0.25\n3,1.5\n";
  CHECK(contains(dataset_error(text),
                 {"[csv]", "the targets are real numbers, such as '0.25'", "CsvTarget::numbers"}));
  CHECK(read_dataset(text, {.kind = CsvTarget::numbers}).targets.to_vector<float>() ==
        Floats{0.5F, 0.25F, 1.5F});
  // Names that somebody gives, and whole numbers, are classes.
  CHECK(read_dataset(text, {.class_names = {"0.5", "0.25", "1.5"}})
            .targets.to_vector<std::int64_t>() == Labels{0, 1, 2});
  CHECK(read_dataset("x,y\n1,3\n2,7\n").class_names == std::vector<std::string>{"3", "7"});
}

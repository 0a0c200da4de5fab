#include "plastic/data/csv.h"

#include <csv.h>

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/check.h"
#include "data/formats/byte_source.h"
#include "data/formats/csv_table.h"

namespace plastic::data {
namespace {

/// No number is longer; what a field may hold is bounded by it before memory is taken.
constexpr std::size_t longest_field = 1024;

constexpr std::array<std::uint8_t, 3> byte_order_mark = {0xEF, 0xBB, 0xBF};

bool starts_with_mark(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= byte_order_mark.size() &&
         std::ranges::equal(bytes.first(byte_order_mark.size()), byte_order_mark);
}

/// Drives libcsv, a C library, whose callbacks must not throw.
class CsvReader {
 public:
  CsvReader(const std::filesystem::path& path, const CsvForm& form)
      : path_(path.string()), source_(open_bytes("csv", path)), table_(path_, form) {
    if (csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI) != 0) {
      fail("csv", path_, ": the parser cannot be set up; is memory short?");
    }
    csv_set_delim(&parser_, static_cast<unsigned char>(form.delimiter));
  }
  ~CsvReader() { csv_free(&parser_); }
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  CsvContents read() {
    // Parsed in pieces no longer than a field may be, and no longer than a line, to know where
    // we are.
    std::array<std::uint8_t, 65536> buffer = {};
    bool first = true;
    std::size_t count = 0;
    do {
      count = source_->read(buffer);
      std::span<const std::uint8_t> rest = std::span(buffer).first(count);
      // libcsv would take a quote behind the mark for one inside a field.
      if (std::exchange(first, false) && starts_with_mark(rest)) {
        rest = rest.subspan(byte_order_mark.size());
      }
      while (!rest.empty()) {
        const auto reach = rest.first(std::min(rest.size(), longest_field));
        const auto end = std::ranges::find_if(reach, is_line_end);
        const std::size_t length =
            static_cast<std::size_t>(end - reach.begin()) + (end == reach.end() ? 0 : 1);
        parse(rest.first(length));
        rest = rest.subspan(length);
      }
    } while (count == buffer.size());
    if (csv_fini(&parser_, on_field, on_row, this) != 0) fail_parse();
    if (error_) std::rethrow_exception(error_);
    return table_.finish();
  }

 private:
  static bool is_line_end(std::uint8_t byte) { return byte == '\n' || byte == '\r'; }

  void parse(std::span<const std::uint8_t> piece) {
    const std::size_t done =
        csv_parse(&parser_, piece.data(), piece.size(), on_field, on_row, this);
    if (error_) std::rethrow_exception(error_);
    if (done != piece.size()) fail_parse();
    if (parser_.entry_pos > longest_field) fail_long();
    // The two characters of a Windows line end count once.
    const std::uint8_t last = piece.back();
    if (last == '\r' || (last == '\n' && before_ != '\r')) ++line_;
    before_ = last;
  }

  [[noreturn]] void fail_long() const {
    fail("csv", path_, ": line ", line_, ": a field of more than ", longest_field,
         " characters; is a quote left open, or is this not a CSV file?");
  }

  [[noreturn]] void fail_parse() {
    const int code = csv_error(&parser_);
    if (code == CSV_ENOMEM || code == CSV_ETOOBIG) throw std::bad_alloc();
    fail("csv", path_, ": line ", line_, ": a quote inside a field, or one that is not closed");
  }

  static void on_field(void* text, std::size_t length, void* self) {
    auto& reader = *static_cast<CsvReader*>(self);
    reader.guarded([&] {
      if (length > longest_field) reader.fail_long();
      // The line end that closes a field has not been counted yet.
      reader.table_.add_field({static_cast<const char*>(text), length}, reader.line_);
    });
  }

  static void on_row(int, void* self) {
    auto& reader = *static_cast<CsvReader*>(self);
    reader.guarded([&] { reader.table_.end_row(reader.line_); });
  }

  template <class Action>
  void guarded(const Action& action) noexcept {
    if (error_) return;
    try {
      action();
    } catch (...) {
      error_ = std::current_exception();
    }
  }

  std::string path_;
  std::unique_ptr<ByteSource> source_;
  CsvTable table_;
  csv_parser parser_ = {};
  std::int64_t line_ = 1;
  std::uint8_t before_ = 0;
  std::exception_ptr error_;
};

CsvContents read(const std::filesystem::path& path, const CsvForm& form) {
  constexpr std::string_view no_delimiters = "\"\r\n ";
  if (form.delimiter == '\0' || no_delimiters.find(form.delimiter) != std::string_view::npos) {
    fail("csv", "delimiter ", static_cast<int>(form.delimiter),
         " cannot be distinguished from a quote, a space or an end of line; give another");
  }
  try {
    return CsvReader(path, form).read();
  } catch (const std::bad_alloc&) {
    fail("csv", path.string(), ": needs more memory than is available; split the file");
  }
}

Tensor features_of(const CsvContents& contents) {
  return Tensor::from(std::span<const float>(contents.features),
                      {contents.rows, contents.feature_count});
}

Tensor classes_of(const CsvContents& contents) {
  return Tensor::from(std::span<const std::int64_t>(contents.classes), {contents.rows});
}

}  // namespace

LabelledTable read_csv(const std::filesystem::path& path, const CsvOptions& options) {
  CsvContents contents = read(path, {.header = options.header,
                                     .delimiter = options.delimiter,
                                     .target_column = options.label_column});
  return {.features = features_of(contents),
          .labels = classes_of(contents),
          .feature_names = std::move(contents.feature_names),
          .label_name = std::move(contents.target_name)};
}

TensorDataset read_csv_dataset(const std::filesystem::path& path,
                               const CsvDatasetOptions& options) {
  const bool is_classes = options.kind == CsvTarget::class_names;
  if (!is_classes && !options.class_names.empty()) {
    fail("csv", path.string(), ": class_names are given, but targets are numbers; leave them out");
  }
  CsvContents contents =
      read(path, {.header = options.header,
                  .delimiter = options.delimiter,
                  .target_column = options.target_column,
                  .target = options.target,
                  .kind = is_classes ? CsvColumn::class_names : CsvColumn::numbers,
                  .class_names = options.class_names});
  return {.features = features_of(contents),
          .targets = is_classes ? classes_of(contents)
                                : Tensor::from(std::span<const float>(contents.numbers),
                                               {contents.rows, 1}),
          .class_names = std::move(contents.class_names),
          .feature_names = std::move(contents.feature_names)};
}

}  // namespace plastic::data

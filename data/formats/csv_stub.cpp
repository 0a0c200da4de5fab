#include "core/check.h"
#include "plastic/data/csv.h"

namespace plastic::data {
namespace {

[[noreturn]] void fail_not_built(const std::filesystem::path& path) {
  fail("csv", path.string(),
       ": this build does not read CSV; install libcsv (Debian: libcsv-dev) and rebuild with "
       "-DPLASTIC_CSV=ON");
}

}  // namespace

LabelledTable read_csv(const std::filesystem::path& path, const CsvOptions&) {
  fail_not_built(path);
}

TensorDataset read_csv_dataset(const std::filesystem::path& path, const CsvDatasetOptions&) {
  fail_not_built(path);
}

}  // namespace plastic::data

#pragma once

#include <string>

#include "apps/report/report_data.h"

namespace plastic::apps {

/// The comparison as an HTML table, a group a row: test accuracy after the last epoch of the runs
/// that finished, paired difference to the first group over the seeds that both have, seeds won,
/// seconds per run, and what did not finish.
std::string table_html(const ReportTable& table);

/// What the table shows, in words; empty where the groups have not all the same seeds, or there is
/// one only.
std::string conclusion_text(const ReportTable& table);

}  // namespace plastic::apps

#pragma once

#include <string>

#include "apps/report/report_data.h"

namespace plastic::apps {

/// The whole report.html: one file that loads nothing else. `data` has a group at least.
std::string report_page(const ReportData& data);

}  // namespace plastic::apps

#pragma once

#include <string_view>

namespace plastic::apps {

// Texts compiled into the program (apps/report/CMakeLists.txt).

/// report.html, with {{name}} where report_page() puts what it makes.
std::string_view page_template();
/// report.css.
std::string_view page_style();
/// charts.js, before either of the two below.
std::string_view chart_script();
/// report.js.
std::string_view page_script();
/// microscope_drawing.js and microscope_charts.js, in this order before the next.
std::string_view microscope_drawing_script();
std::string_view microscope_charts_script();
/// microscope.js.
std::string_view microscope_script();
/// study.js.
std::string_view study_script();
/// Chart.js, minified, from the system's package.
std::string_view chart_library();

}  // namespace plastic::apps

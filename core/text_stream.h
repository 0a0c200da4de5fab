#pragma once

#include <locale>
#include <sstream>

namespace plastic {

/// Text that is put together piece by piece, with manipulators. Numbers are written as text_of()
/// writes them, in the "C" locale whatever locale the process has chosen; but a NaN keeps its sign.
class TextStream : public std::ostringstream {
 public:
  TextStream() { imbue(std::locale::classic()); }
};

}  // namespace plastic

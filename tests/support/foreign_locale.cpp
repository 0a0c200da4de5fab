#include "tests/support/foreign_locale.h"

#include <doctest/doctest.h>

#include <clocale>
#include <cstdlib>
#include <fstream>

#include "tests/data/files.h"

namespace plastic::test {
namespace {

struct Grouped : std::numpunct<char> {
  char do_thousands_sep() const override { return '.'; }
  char do_decimal_point() const override { return ','; }
  std::string do_grouping() const override { return "\3"; }
};

constexpr const char* locale_source = R"(LC_IDENTIFICATION
title "comma"
source ""
address ""
contact ""
email ""
tel ""
fax ""
language ""
territory ""
revision "1"
date "2000-01-01"
category "i18n:2012";LC_NUMERIC
END LC_IDENTIFICATION
LC_NUMERIC
decimal_point ","
thousands_sep "."
grouping 3;3
END LC_NUMERIC
LC_CTYPE
copy "POSIX"
END LC_CTYPE
LC_COLLATE
copy "POSIX"
END LC_COLLATE
)";

// Systems for containers have no locale but "C": this one is compiled here.
bool set_c_locale() {
  const TemporaryFolder folder;
  std::ofstream(folder / "source") << locale_source;
  const std::string command = "localedef -c -i '" + folder / "source" + "' -f ANSI_X3.4-1968 '" +
                              folder / "comma" + "' >/dev/null 2>&1";
  // With -c it exits with 1 for what is left out.
  if (std::system(command.c_str()) == -1) return false;
  const ScopedEnv place("LOCPATH", folder.path().string().c_str());
  return std::setlocale(LC_NUMERIC, "comma") != nullptr;
}

}  // namespace

ForeignLocale::ForeignLocale()
    : before_(std::locale::global(std::locale(std::locale::classic(), new Grouped))),
      c_before_(std::setlocale(LC_NUMERIC, nullptr)) {
  if (!set_c_locale()) MESSAGE("localedef is missing: only the C++ locale is a foreign one");
}

ForeignLocale::~ForeignLocale() {
  std::locale::global(before_);
  std::setlocale(LC_NUMERIC, c_before_.c_str());
}

}  // namespace plastic::test

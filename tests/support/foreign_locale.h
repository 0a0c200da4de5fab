#pragma once

#include <locale>
#include <string>

namespace plastic::test {

/// While this lives, the process writes numbers as Germany does, in C++ and in C: 1.234,5. Where
/// the system cannot make such a locale for C, the test says so and has the C++ one only.
class ForeignLocale {
 public:
  ForeignLocale();
  ~ForeignLocale();
  ForeignLocale(const ForeignLocale&) = delete;
  ForeignLocale& operator=(const ForeignLocale&) = delete;

 private:
  std::locale before_;
  std::string c_before_;
};

}  // namespace plastic::test

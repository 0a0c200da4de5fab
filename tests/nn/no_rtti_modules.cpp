#include "tests/nn/no_rtti_modules.h"

#define DERIVED_MODULES no_rtti
#include "tests/nn/derived_modules.h"

namespace plastic::test {

std::vector<std::vector<nn::ModulePtr>> no_rtti_lists_for_rows(Generator& generator) {
  return no_rtti::lists_for_rows(generator);
}

std::vector<std::vector<nn::ModulePtr>> no_rtti_lists_for_images(Generator& generator) {
  return no_rtti::lists_for_images(generator);
}

}  // namespace plastic::test

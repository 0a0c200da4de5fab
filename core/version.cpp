#include "plastic/core/version.h"

#include "plastic/core/link_check.h"

extern "C" {
void PLASTIC_SAME_VERSION() {}
void PLASTIC_SAME_STANDARD_LIBRARY() {}
void PLASTIC_SAME_CONTAINERS() {}
}

namespace plastic {

const char* version() { return PLASTIC_VERSION; }

}  // namespace plastic

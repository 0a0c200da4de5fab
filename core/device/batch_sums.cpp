#include "core/device/batch_sums.h"

namespace plastic {
namespace {

thread_local BatchSums* current = nullptr;

}  // namespace

BatchSums* batch_sums() { return current; }

BatchPart::BatchPart(BatchSums& sums) : before_(current) { current = &sums; }

BatchPart::~BatchPart() { current = before_; }

}  // namespace plastic

#pragma once

#include "plastic/core/ops/activation.h"
#include "plastic/core/ops/batch_norm.h"
#include "plastic/core/ops/compare.h"
#include "plastic/core/ops/conv2d.h"
#include "plastic/core/ops/cross_entropy.h"
#include "plastic/core/ops/dropout.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/index.h"
#include "plastic/core/ops/join.h"
#include "plastic/core/ops/matmul.h"
#include "plastic/core/ops/reduce.h"
#include "plastic/core/ops/softmax.h"

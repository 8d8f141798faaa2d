//===- Reduce.h - Reduction in a fixed order -------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_COMM_REDUCE_H
#define TPRT_COMM_REDUCE_H

#include "tprt/abi.h"

#include <cstdint>

namespace tprt {

// out[i] = inputs[0][i] op inputs[1][i] op ..., in this order, for i below
// `count`. `out` may be one of the inputs. f16 and bf16 accumulate in f32. Throws
// Error(TPRT_UNSUPPORTED) for an element type or reduction it does not know.
void reduceInOrder(const void *const *inputs, int numInputs, void *out, int64_t count, int32_t dtype,
                   int32_t reduction);

} // namespace tprt

#endif // TPRT_COMM_REDUCE_H

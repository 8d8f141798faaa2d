//===- RunVariants.h - Run the program of variants.mlir ---------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_TEST_VARIANTS_RUNVARIANTS_H
#define TPOPT_TEST_VARIANTS_RUNVARIANTS_H

#include <string>

/// Runs `artifact` for sizes of all its functions. Returns what is wrong, empty
/// if nothing is.
std::string runVariants(const std::string &artifact);

#endif // TPOPT_TEST_VARIANTS_RUNVARIANTS_H

//===- NoOneDnn.cpp - Builds without oneDNN -------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "cpu/OneDnn.h"

using namespace tprt;

std::unique_ptr<OneDnn> OneDnn::create() { return nullptr; }

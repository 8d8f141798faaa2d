//===- Main.cpp - tprt-cuda-check -------------------------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compares every operation of the CUDA backend with the CPU's on this machine's
// GPU. Prints each failure and 'N passed, N failed'; exits 1 on any.
//
//===----------------------------------------------------------------------===//

#include "check/OpCases.h"
#include <cstdio>
#include <cstring>

extern "C" tprt::Backend *tprt_backend_create();

int main(int argc, char **argv) {
  bool verbose = argc > 1 && !std::strcmp(argv[1], "-v");
  int passed = 0, failed = 0;
  try {
    auto cuda = [] {
      return std::unique_ptr<tprt::Backend>(tprt_backend_create());
    };
    for (const tprt::check::Result &result :
         tprt::check::checkOperations(cuda, tprt::createCpuBackend)) {
      ++(result.problem.empty() ? passed : failed);
      if (!result.problem.empty())
        std::printf("FAIL %s: %s\n", result.name.c_str(),
                    result.problem.c_str());
      else if (verbose)
        std::printf("ok   %s\n", result.name.c_str());
    }
  } catch (const std::exception &error) {
    std::printf("FAIL %s\n", error.what());
    ++failed;
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed ? 1 : 0;
}

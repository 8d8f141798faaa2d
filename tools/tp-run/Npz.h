//===- Npz.h - NumPy archives ----------------------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_RUN_NPZ_H
#define TP_RUN_NPZ_H

#include "tprt/abi.h"

#include <string>
#include <vector>

// Arrays in NumPy's .npz (a zip archive of .npy files).
struct NpzArray {
  std::string name;
  tprt_view view{}; // data points into `bytes`
  std::vector<char> bytes;
};

// Reads all arrays of the archive, compressed or not. Throws std::runtime_error naming file and array.
std::vector<NpzArray> readNpz(const std::string &path);

// The element type that an array of `stored` stands for where the model wants
// `wanted`. Types that NumPy lacks are the bit patterns of an unsigned integer,
// one element per byte where they have less than 8 bits (bf16: uint16, floats of
// 8 bits or less: uint8); int4 and int2 are int8, uint4 and uint2 uint8.
// Anything else stays what it is.
int32_t storedAs(int32_t stored, int32_t wanted);

// Writes contiguous arrays. The file appears complete or not at all. Types that
// NumPy lacks are written as `storedAs` reads them.
struct NpzOutput {
  std::string name;
  tprt_view view;
};
void writeNpz(const std::string &path, const std::vector<NpzOutput> &arrays);

// Throws when `path` cannot become a file, before any work is done for it.
void checkWritable(const std::string &path);

#endif // TP_RUN_NPZ_H

//===- RunProgram.h - Run an artifact on arrays in memory -------*- C++ -*-===//

#ifndef TPOPT_TEST_RULES_RUNPROGRAM_H
#define TPOPT_TEST_RULES_RUNPROGRAM_H

#include <cstdint>
#include <string>
#include <vector>

/// A dense row-major array; the program knows its element type.
struct HostArray {
  std::vector<int64_t> shape;
  std::string bytes;
};

/// Runs `artifact` once on all its ranks. Returns an error, empty if there is
/// none.
std::string runProgram(const std::string &artifact, std::vector<HostArray> &inputs, std::vector<HostArray> &outputs);

#endif // TPOPT_TEST_RULES_RUNPROGRAM_H

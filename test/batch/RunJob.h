//===- RunJob.h - Run a compiled model once --------------------*- C++ -*--===//

#ifndef TEST_BATCH_RUNJOB_H
#define TEST_BATCH_RUNJOB_H

#include <string>

/// Runs `artifact` on the arrays of `inputs` (.npz, by name; names that the
/// model does not have are ignored) and writes `outputs`. Returns an empty
/// string, or what went wrong.
std::string runJob(const std::string &artifact, const std::string &inputs, const std::string &outputs);

#endif // TEST_BATCH_RUNJOB_H

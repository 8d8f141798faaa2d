//===- Files.h - Files of an artifact --------------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CORE_FILES_H
#define TPRT_CORE_FILES_H

#include "core/Manifest.h"

#include <string>

namespace tprt {

// A whole file mapped read-only. Nothing is read before it is touched.
class MappedFile {
public:
  // Throws Error(TPRT_IO_ERROR) when it is no readable regular file.
  explicit MappedFile(const std::string &path);
  ~MappedFile();
  MappedFile(MappedFile &&other) noexcept;
  MappedFile(const MappedFile &) = delete;

  const char *data() const { return begin; }
  int64_t bytes() const { return length; }

private:
  const char *begin = nullptr;
  int64_t length = 0;
};

// The content of a (small) file.
std::string readFile(const std::string &path, int64_t limit);

// Maps the file that `spec` describes for the artifact in `directory`. Throws
// TPRT_CHANGED_MODEL when its size or fingerprint is not the recorded one, and
// TPRT_BAD_ARTIFACT when a packed file's path leads out of the artifact.
MappedFile openWeightFile(const FileSpec &spec, const std::string &directory);

} // namespace tprt

#endif // TPRT_CORE_FILES_H

//===- Files.cpp - Files of an artifact -----------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Files.h"

#include "tprt/error.h"
#include "tprt/fingerprint.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace tprt;
namespace fs = std::filesystem;

namespace {

// An open regular file, closed at the end of the scope.
struct OpenFile {
  explicit OpenFile(const std::string &path) : descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor < 0)
      fail(TPRT_IO_ERROR, path, ": ", strerror(errno));
    struct stat info;
    bool known = fstat(descriptor, &info) == 0;
    if (!known || !S_ISREG(info.st_mode)) {
      close(descriptor);
      fail(TPRT_IO_ERROR, path, ": not a regular file");
    }
    bytes = info.st_size;
  }
  ~OpenFile() { close(descriptor); }
  OpenFile(const OpenFile &) = delete;

  int descriptor;
  int64_t bytes = 0;
};

} // namespace

MappedFile::MappedFile(const std::string &path) {
  OpenFile file(path);
  length = file.bytes;
  if (length == 0)
    return;
  void *address = mmap(nullptr, length, PROT_READ, MAP_PRIVATE, file.descriptor, 0);
  if (address == MAP_FAILED)
    fail(TPRT_IO_ERROR, path, ": cannot be mapped: ", strerror(errno));
  begin = static_cast<const char *>(address);
}

MappedFile::MappedFile(MappedFile &&other) noexcept : begin(other.begin), length(other.length) {
  other.begin = nullptr;
  other.length = 0;
}

MappedFile::~MappedFile() {
  if (begin)
    munmap(const_cast<char *>(begin), length);
}

std::string tprt::readFile(const std::string &path, int64_t limit) {
  OpenFile file(path);
  if (file.bytes > limit)
    fail(TPRT_BAD_ARTIFACT, path, ": ", file.bytes, " bytes are too many; the limit is ", limit);
  std::string content(file.bytes, '\0');
  size_t done = 0;
  while (done < content.size()) {
    ssize_t count = read(file.descriptor, &content[done], content.size() - done);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      fail(TPRT_IO_ERROR, path, ": ", count < 0 ? strerror(errno) : "shorter than expected");
    done += count;
  }
  return content;
}

namespace {

// A packed weight file: must lie inside the artifact, links resolved.
std::string packedPath(const FileSpec &spec, const std::string &directory) {
  for (const fs::path &step : fs::path(spec.path))
    if (step == "..")
      fail(TPRT_BAD_ARTIFACT, directory, "/manifest.json: file '", spec.path, "' leads out of the artifact");
  std::error_code error;
  fs::path base = fs::canonical(directory, error);
  fs::path target = error ? fs::path() : fs::canonical(base / spec.path, error);
  if (error)
    fail(TPRT_IO_ERROR, directory, "/", spec.path, ": ", error.message());
  auto [baseEnd, unused] = std::mismatch(base.begin(), base.end(), target.begin(), target.end());
  if (baseEnd != base.end())
    fail(TPRT_BAD_ARTIFACT, directory, "/manifest.json: file '", spec.path, "' leads out of the artifact");
  return target.string();
}

// A file by reference: where it was, or where it is now relative to the
// artifact when both were moved together.
std::string referencedPath(const FileSpec &spec, const std::string &directory) {
  std::error_code error;
  if (fs::is_regular_file(spec.path, error))
    return spec.path;
  if (!spec.relative.empty()) {
    fs::path moved = fs::path(directory) / spec.relative;
    if (fs::is_regular_file(moved, error))
      return moved.string();
    fail(TPRT_IO_ERROR, "the model's weights are not there any more: neither ", spec.path, " nor ", moved.string(),
         " is a file");
  }
  fail(TPRT_IO_ERROR, "the model's weights are not there any more: ", spec.path, " is not a file");
}

} // namespace

MappedFile tprt::openWeightFile(const FileSpec &spec, const std::string &directory) {
  std::string path = fs::path(spec.path).is_absolute() ? referencedPath(spec, directory) : packedPath(spec, directory);
  MappedFile file(path);
  if (file.bytes() != spec.bytes)
    fail(TPRT_CHANGED_MODEL, path, ": has ", file.bytes(), " bytes, had ", spec.bytes,
         " when the artifact was made: compile the model again");
  if (!spec.fingerprint.empty()) {
    char text[17];
    tprt_fingerprint(file.data(), file.bytes(), text);
    if (spec.fingerprint != text)
      fail(TPRT_CHANGED_MODEL, path, ": its content has changed since the artifact was made: compile the model again");
  }
  return file;
}

//===- NpzTarget.cpp - libFuzzer: the arrays that tp-run reads ------------===//
//
// The bytes are an archive, and the one array of an archive: behind checksums
// damage seldom gets to the arrays.
//
//===----------------------------------------------------------------------===//

#include "Npz.h"

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <sys/mman.h>
#include <unistd.h>
#include <zip.h>

namespace {

void readArchive(const void *data, size_t size) {
  int descriptor = memfd_create("arrays", 0);
  if (descriptor < 0 || write(descriptor, data, size) != static_cast<ssize_t>(size))
    std::abort();
  try {
    readNpz("/proc/self/fd/" + std::to_string(descriptor));
  } catch (const std::exception &) {
    // A message: what a damaged archive is answered with.
  }
  close(descriptor);
}

std::string makeArchive(const uint8_t *data, size_t size) {
  zip_source_t *memory = zip_source_buffer_create(nullptr, 0, 0, nullptr);
  zip_t *archive = zip_open_from_source(memory, ZIP_TRUNCATE, nullptr);
  zip_source_keep(memory);
  zip_int64_t index = zip_file_add(archive, "a.npy", zip_source_buffer(archive, data, size, 0), 0);
  zip_set_file_compression(archive, index, ZIP_CM_STORE, 0);
  if (zip_close(archive) != 0 || zip_source_open(memory) != 0)
    std::abort();
  zip_source_seek(memory, 0, SEEK_END);
  std::string bytes(zip_source_tell(memory), '\0');
  zip_source_seek(memory, 0, SEEK_SET);
  zip_source_read(memory, bytes.data(), bytes.size());
  zip_source_close(memory);
  zip_source_free(memory);
  return bytes;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  readArchive(data, size);
  std::string archive = makeArchive(data, size);
  readArchive(archive.data(), archive.size());
  return 0;
}

//===- NpzTarget.cpp - libFuzzer: the arrays that tp-run reads ------------===//

#include "Npz.h"

#include <cstdint>
#include <exception>
#include <sys/mman.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  int descriptor = memfd_create("arrays", 0);
  if (descriptor < 0 || write(descriptor, data, size) != static_cast<ssize_t>(size))
    return -1;
  try {
    readNpz("/proc/self/fd/" + std::to_string(descriptor));
  } catch (const std::exception &) {
    // A message: what a damaged archive is answered with.
  }
  close(descriptor);
  return 0;
}

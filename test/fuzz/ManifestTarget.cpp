//===- ManifestTarget.cpp - libFuzzer: an artifact's manifest -------------===//

#include "core/Manifest.h"

#include <cstdint>
#include <exception>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  try {
    tprt::Manifest::parse(std::string(reinterpret_cast<const char *>(data), size), "manifest.json");
  } catch (const std::exception &) {
    // A message: what a damaged manifest is answered with.
  }
  return 0;
}

//===- ImportTarget.cpp - libFuzzer: the compiler's front ends ------------===//
//
// The bytes are an .onnx file. Mutations keep to models (ModelMutator) as long
// as the bytes parse as one.
//
//===----------------------------------------------------------------------===//

#include "CheckModel.h"
#include "ModelMutator.h"

#include "tp-opt/Pipeline/Compiler.h"

#include "mlir/IR/MLIRContext.h"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace tpo;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  int descriptor = memfd_create("model", 0);
  if (descriptor < 0 || write(descriptor, data, size) != static_cast<ssize_t>(size))
    return -1;
  mlir::DialectRegistry registry;
  registerAllTpOptDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  fuzz::Outcome outcome = fuzz::compileForCheck("/proc/self/fd/" + std::to_string(descriptor), "", context);
  close(descriptor);
  if (!outcome.accepted && outcome.message.empty())
    __builtin_trap();
  return 0;
}

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize, unsigned seed) {
  ::onnx::ModelProto model;
  if (seed % 4 == 0 || !model.ParseFromArray(data, static_cast<int>(size)))
    return LLVMFuzzerMutate(data, size, maxSize);
  std::string bytes = fuzz::ModelMutator(seed).mutate(model);
  if (bytes.size() > maxSize)
    return LLVMFuzzerMutate(data, size, maxSize);
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}

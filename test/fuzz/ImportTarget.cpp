//===- ImportTarget.cpp - libFuzzer: the compiler's front ends ------------===//
//
// The bytes are an .onnx file. Mutations keep to models (ModelMutator) as long
// as the bytes parse as one. External data in weights.bin is there: zeros.
//
//===----------------------------------------------------------------------===//

#include "CheckModel.h"
#include "ModelMutator.h"

#include "tp-opt/Pipeline/Compiler.h"

#include "mlir/IR/MLIRContext.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <unistd.h>

using namespace tpo;

namespace {

constexpr uintmax_t weightBytes = uintmax_t(16) << 20;

/// Where the model lies, and the weights of those whose weights are not in it.
struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "fuzz-import-XXXXXX").string();
    if (!mkdtemp(name.data()))
      std::abort();
    path = name;
    std::ofstream(path / "weights.bin", std::ios::binary).put(0);
    std::filesystem::resize_file(path / "weights.bin", weightBytes);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path path;
};

/// A context for many models, since making one takes longer than most of them; not for all, since it keeps every
/// attribute.
mlir::MLIRContext &getContext() {
  constexpr unsigned numModels = 500;
  static std::unique_ptr<mlir::MLIRContext> context;
  static unsigned count = 0;
  if (count++ % numModels == 0) {
    mlir::DialectRegistry registry;
    registerAllTpOptDialects(registry);
    context = std::make_unique<mlir::MLIRContext>(registry, mlir::MLIRContext::Threading::DISABLED);
  }
  return *context;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const Folder folder;
  std::string path = (folder.path / "model.onnx").string();
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char *>(data), size);
  fuzz::Outcome outcome = fuzz::compileForCheck(path, "", getContext());
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

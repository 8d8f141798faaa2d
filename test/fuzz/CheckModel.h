//===- CheckModel.h - One untrusted model through the compiler -*- C++ -*-===//

#ifndef TEST_FUZZ_CHECKMODEL_H
#define TEST_FUZZ_CHECKMODEL_H

#include <string>

namespace mlir {
class MLIRContext;
} // namespace mlir

namespace tpo::fuzz {

struct Outcome {
  bool accepted = false;
  bool warned = false;
  std::string message; ///< The first error.
};

/// Compiles the model at `path` for two ranks: up to the program of one rank,
/// or, where `artifact` is not empty, to an artifact there.
Outcome compileForCheck(const std::string &path, const std::string &artifact, mlir::MLIRContext &context);

/// What ONNX's own checker, shape inference included, has against the model;
/// empty if nothing.
std::string askChecker(const std::string &path);

} // namespace tpo::fuzz

#endif // TEST_FUZZ_CHECKMODEL_H

//===- TemporaryDirectory.h - Files for other programs ----------*- C++ -*-===//

#ifndef TPOPT_LIB_LOWERING_TEMPORARYDIRECTORY_H
#define TPOPT_LIB_LOWERING_TEMPORARYDIRECTORY_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/SmallString.h"

#include <string>

namespace tpo {

/// A directory that goes away with everything in it.
class TemporaryDirectory {
public:
  TemporaryDirectory() = default;
  TemporaryDirectory(const TemporaryDirectory &) = delete;
  TemporaryDirectory &operator=(const TemporaryDirectory &) = delete;
  ~TemporaryDirectory();

  /// Errors are emitted at `loc`.
  mlir::LogicalResult create(mlir::Location loc);
  /// The path of the file `name` in it.
  std::string file(llvm::StringRef name) const;
  mlir::LogicalResult write(mlir::Location loc, llvm::StringRef name, llvm::StringRef content) const;
  mlir::FailureOr<std::string> read(mlir::Location loc, llvm::StringRef name) const;

private:
  llvm::SmallString<128> path;
};

} // namespace tpo

#endif // TPOPT_LIB_LOWERING_TEMPORARYDIRECTORY_H

//===- Link.h - Links program.so --------------------------------*- C++ -*-===//

#ifndef TPOPT_LIB_LOWERING_LINK_H
#define TPOPT_LIB_LOWERING_LINK_H

#include "mlir/IR/Diagnostics.h"

#include <string>

namespace tpo {

/// Links object files into a shared object with lld, in this process. The
/// runtime's functions stay undefined: loading resolves them. The result needs
/// libm; `emptyObject` is an object file without symbols, of which a stand-in
/// for libm is made (nothing of the build machine ends up in the program).
mlir::FailureOr<std::string> linkSharedObject(mlir::Location loc, llvm::ArrayRef<llvm::StringRef> objects,
                                               llvm::StringRef emptyObject);

} // namespace tpo

#endif // TPOPT_LIB_LOWERING_LINK_H

//===- SelectedProgram.h - The function that runs for some sizes *- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_LIB_PIPELINE_SELECTEDPROGRAM_H
#define TP_OPT_LIB_PIPELINE_SELECTEDPROGRAM_H

#include "tp-opt/Planning/Variants.h"

#include "mlir/IR/OwningOpRef.h"

namespace tpo {

/// Of a program with variants a copy with the one function that runs for these
/// values of the symbols; else the module itself.
class SelectedProgram {
public:
  SelectedProgram(mlir::ModuleOp module, llvm::ArrayRef<int64_t> symbols) : selected(module) {
    if (llvm::none_of(module.getOps<mlir::func::FuncOp>(), tp::isVariant))
      return;
    copy = module.clone();
    selected = *copy;
    mlir::func::FuncOp chosen = selectFunction(module, symbols);
    for (auto function : llvm::make_early_inc_range(selected.getOps<mlir::func::FuncOp>()))
      if (function.getName() != chosen.getName())
        function.erase();
  }
  mlir::ModuleOp get() const { return selected; }

private:
  mlir::ModuleOp selected;
  mlir::OwningOpRef<mlir::ModuleOp> copy;
};

} // namespace tpo

#endif // TP_OPT_LIB_PIPELINE_SELECTEDPROGRAM_H

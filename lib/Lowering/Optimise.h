//===- Optimise.h - LLVM's optimiser ----------------------------*- C++ -*-===//

#ifndef TPOPT_LIB_LOWERING_OPTIMISE_H
#define TPOPT_LIB_LOWERING_OPTIMISE_H

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace tpo {

/// LLVM's -O3 on a module.
void optimise(llvm::Module &module, llvm::TargetMachine &machine);

} // namespace tpo

#endif // TPOPT_LIB_LOWERING_OPTIMISE_H

//===- Program.h - An operator and its placements, as a program -*- C++ -*-===//

#ifndef TPOPT_TEST_RULES_PROGRAM_H
#define TPOPT_TEST_RULES_PROGRAM_H

#include "Cases.h"
#include "Data.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace tpo::test {

/// A function that computes an operator once on every device and once for
/// each placement. Results of the operator come first; then, placement by
/// placement, the same once per device in a new leading dimension.
struct PlacedProgram {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<HostArray> inputs;
  /// Types of the operator's results, without those that are absent.
  llvm::SmallVector<mlir::RankedTensorType> results;
};

PlacedProgram buildProgram(mlir::func::FuncOp function, const tp::Mesh &mesh, llvm::ArrayRef<Placement> placements);

/// Makes it the program of one rank.
mlir::LogicalResult partition(PlacedProgram &program);

/// Compiles and runs a partitioned program and adds what is wrong to
/// `mistakes`, by index of the placement. Fails with diagnostics where it does
/// not compile or run. `artifact` is a free path.
mlir::LogicalResult execute(PlacedProgram &program, llvm::StringRef artifact,
                            std::vector<std::pair<unsigned, std::string>> &mistakes);

} // namespace tpo::test

#endif // TPOPT_TEST_RULES_PROGRAM_H

//===- Fold.h - What is known without running the model --------*- C++ -*-===//

#ifndef TPOPT_LIB_IMPORT_FOLD_H
#define TPOPT_LIB_IMPORT_FOLD_H

#include "Node.h"

namespace tpo::importer {

/// Elements of results that follow from the operands' known elements and
/// sizes: exporters compute shapes with ordinary operators. Called after shape
/// inference, with `results` as long as node.resultTypes.
void foldData(Node &node, llvm::MutableArrayRef<ImportedValue> results);

/// The arithmetic part of it; a null expression where a value is not known.
mlir::AffineExpr foldUnary(Symbols &symbols, llvm::StringRef op,
                           mlir::AffineExpr value, bool isFloat);
mlir::AffineExpr foldBinary(Symbols &symbols, llvm::StringRef op,
                            mlir::AffineExpr lhs, mlir::AffineExpr rhs,
                            bool isFloat);
std::optional<double> foldFloat(llvm::StringRef op,
                                llvm::ArrayRef<double> operands);

/// `value` as an element of the float type `elem` represents it.
double roundTo(double value, mlir::FloatType elem);

/// Results that are views of a weight operand: transposed, reshaped, sliced,
/// split, converted.
void foldWeight(Node &node, llvm::MutableArrayRef<ImportedValue> results);

/// The operand that result 0 equals, if the node does nothing.
std::optional<size_t> findForwardedOperand(Node &node);

} // namespace tpo::importer

#endif // TPOPT_LIB_IMPORT_FOLD_H

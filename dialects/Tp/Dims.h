//===- Dims.h - Symbolic sizes ----------------------------------*- C++ -*-===//
//
// Sizes of tensor dimensions are affine expressions without dimensions over the
// symbols that the module attribute `tp.symbols` names. Products of symbols are
// allowed (semi-affine). All symbols are non-negative, and a divisor is assumed
// to be positive wherever the expression is evaluated: an empty tensor makes
// both sides of every identity used here zero.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_TP_DIMS_H
#define DIALECTS_TP_DIMS_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/BuiltinTypeInterfaces.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/Support/JSON.h"

#include <optional>
#include <string>

namespace mlir {
class ModuleOp;
class Operation;
} // namespace mlir

namespace tpo::tp {

/// The size of every dimension of `type`: a constant for a static dimension,
/// the encoding's expression for a dynamic one, and null for a dynamic
/// dimension about which nothing is known.
llvm::SmallVector<mlir::AffineExpr> getDims(mlir::ShapedType type);

/// The tensor type with these sizes: static where constant, dynamic with a
/// `#tp.dims` encoding otherwise. A null expression is an unknown size; the
/// encoding is dropped when no dynamic dimension has an expression.
mlir::RankedTensorType makeTensorType(llvm::ArrayRef<mlir::AffineExpr> dims,
                                      mlir::Type elementType);
/// The same from static sizes.
mlir::RankedTensorType makeTensorType(llvm::ArrayRef<int64_t> dims,
                                      mlir::Type elementType);

/// The normal form of `expr`: a polynomial over symbols and floor divisions
/// that cannot be divided further. Equal sizes get equal normal forms whenever
/// polynomial identities and exact division prove them equal. Null stays null;
/// an expression whose coefficients overflow stays as it is.
mlir::AffineExpr simplify(mlir::AffineExpr expr);

/// Whether both sizes are known and equal for all values of the symbols.
bool provablyEqual(mlir::AffineExpr lhs, mlir::AffineExpr rhs);

/// The value of an expression whose normal form is a constant.
std::optional<int64_t> getConst(mlir::AffineExpr expr);

/// Those of all expressions; none where one has none or is null.
std::optional<llvm::SmallVector<int64_t>> getConsts(llvm::ArrayRef<mlir::AffineExpr> exprs);

/// `lhs / rhs` when `rhs` provably divides `lhs`, else null.
mlir::AffineExpr divideExactly(mlir::AffineExpr lhs, mlir::AffineExpr rhs);

/// The product of `factors` in normal form; null if any of them is. An empty
/// product is 1.
mlir::AffineExpr product(llvm::ArrayRef<mlir::AffineExpr> factors,
                         mlir::MLIRContext *context);

/// The value of `expr` where symbol i is `symbols[i]`. None for a null
/// expression, a symbol out of range, a division by a value that is not
/// positive, and overflow.
std::optional<int64_t> evaluate(mlir::AffineExpr expr,
                                llvm::ArrayRef<int64_t> symbols);

/// The number of symbols needed to evaluate `expr`: 1 + the highest used.
unsigned getNumSymbols(mlir::AffineExpr expr);

/// A size as JSON: an integer, or an array in postfix order of integers, symbol
/// names `"s0"` and operators `"+" "*" "floordiv" "ceildiv" "mod"`. Postfix, so
/// that the runtime evaluates it with a stack and no recursion. Null for `?`.
llvm::json::Value toJSON(mlir::AffineExpr expr);

/// The inverse of `toJSON`; null where `value` is not such an expression.
mlir::AffineExpr exprFromJSON(const llvm::json::Value &value,
                              mlir::MLIRContext *context);

/// The text of an expression as `#tp.dims` prints it, `?` for null; with
/// `names`, symbols print by name.
std::string toString(mlir::AffineExpr expr,
                     llvm::ArrayRef<llvm::StringRef> names = {});

/// Parses the spelling of a symbol, `s12`.
std::optional<unsigned> parseSymbolIndex(llvm::StringRef text);

/// The module attribute `tp.symbols` around `op`; empty where there is none.
llvm::SmallVector<llvm::StringRef> getSymbolNames(mlir::Operation *op);

/// The symbol called `name`, null where the module around `op` has none.
mlir::AffineExpr lookupSymbol(mlir::Operation *op, llvm::StringRef name);

/// The symbol called `name`, appended to `tp.symbols` if it is new.
mlir::AffineExpr getOrAddSymbol(mlir::ModuleOp module, llvm::StringRef name);

} // namespace tpo::tp

#endif // DIALECTS_TP_DIMS_H

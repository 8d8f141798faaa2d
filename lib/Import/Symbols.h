//===- Symbols.h - Symbolic sizes while importing --------------*- C++ -*-===//
//
// Sizes are affine expressions over symbols (dialects/Tp/Dims.h). While a model
// is imported, operators force sizes to be equal that the file names
// differently: the equation is then solved for one symbol, which is replaced
// by its value everywhere.
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_LIB_IMPORT_SYMBOLS_H
#define TPOPT_LIB_IMPORT_SYMBOLS_H

#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <optional>
#include <string>

namespace tpo::importer {

/// What is known about the value of an expression, symbols being sizes.
struct Interval {
  std::optional<int64_t> low, high;
};

/// What an import takes for granted because an earlier turn failed without it.
struct Assumptions {
  /// Small integer inputs by name, whose elements are symbols.
  llvm::StringSet<> dataInputs;
  /// Minima of a size and a constant, by the operator's location: the size.
  llvm::StringSet<> minima;

  bool empty() const { return dataInputs.empty() && minima.empty(); }
};

class Symbols {
public:
  explicit Symbols(mlir::MLIRContext *context, Assumptions assumed = {})
      : context(context), assumed(std::move(assumed)) {}

  /// The symbol called `name`, made on first use.
  mlir::AffineExpr get(llvm::StringRef name);

  /// A size as exporters write it in `dim_param`: a name, or an expression of
  /// names, integers, + * // and parentheses, and - / % between spaces. What is
  /// none of these is a name as a whole.
  mlir::AffineExpr parse(llvm::StringRef text);

  /// Whether a symbol is called `name`.
  bool contains(llvm::StringRef name) const { return indices.contains(name); }

  /// All names, quoted, for messages.
  std::string listNames() const;

  /// The expression with all equations found so far applied, in normal form.
  mlir::AffineExpr canonicalize(mlir::AffineExpr expr);

  /// Changes whenever a new equation is found.
  unsigned getGeneration() const { return generation; }

  bool equal(mlir::AffineExpr lhs, mlir::AffineExpr rhs);

  /// Makes both equal; false if they cannot be (both constant and different)
  /// or the equation has no solution as an expression.
  bool unify(mlir::AffineExpr lhs, mlir::AffineExpr rhs);

  Interval bounds(mlir::AffineExpr expr);
  bool provablyNonNegative(mlir::AffineExpr expr);
  bool provablyNegative(mlir::AffineExpr expr);

  /// Records that the program is right only where `expr` >= 0.
  void require(mlir::AffineExpr expr);
  llvm::ArrayRef<mlir::AffineExpr> getRequirements() const {
    return requirements;
  }

  /// What this import takes for granted, and what it would have to in order to
  /// know a size that an operator needs: it then starts again.
  const Assumptions &getAssumed() const { return assumed; }
  Assumptions needed;

  /// Small integer inputs whose elements could be symbols.
  llvm::StringSet<> dataInputs;

  /// A symbol for an element of an input, and whether one is in `expr`.
  mlir::AffineExpr addData(llvm::StringRef name);
  bool dependsOnData(mlir::AffineExpr expr);

  /// Renumbers the symbols that `used` marks, in order, dropping the others;
  /// returns the names. `canonicalize` maps to the new numbers from here on,
  /// so it must be called once per expression.
  llvm::SmallVector<std::string> compact(const llvm::BitVector &used);

  mlir::AffineExpr constant(int64_t value) {
    return mlir::getAffineConstantExpr(value, context);
  }
  mlir::MLIRContext *getContext() const { return context; }
  unsigned size() const { return names.size(); }

  /// The symbol in user-visible text, by name.
  std::string toString(mlir::AffineExpr expr);
  std::string toString(llvm::ArrayRef<mlir::AffineExpr> dims);

private:
  bool substitute(unsigned symbol, mlir::AffineExpr value);

  mlir::MLIRContext *context;
  Assumptions assumed;
  llvm::SmallVector<std::string> names;
  llvm::StringMap<unsigned> indices;
  /// Per symbol its value; itself while free.
  llvm::SmallVector<mlir::AffineExpr> values;
  llvm::SmallVector<mlir::AffineExpr> requirements;
  llvm::SmallVector<unsigned> dataSymbols;
  unsigned generation = 0;
};

} // namespace tpo::importer

#endif // TPOPT_LIB_IMPORT_SYMBOLS_H

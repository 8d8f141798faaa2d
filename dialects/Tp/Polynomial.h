//===- Polynomial.h - Normal form of size expressions -----------*- C++ -*-===//
//
// A size is a polynomial with integer coefficients over atoms: symbols, and
// floor divisions that do not simplify. `a mod b` is `a - b * (a floordiv b)`
// and `a ceildiv b` is `(a + b - 1) floordiv b`, so equal sizes have one form.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_TP_POLYNOMIAL_H
#define DIALECTS_TP_POLYNOMIAL_H

#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/SmallVector.h"

#include <map>
#include <optional>

namespace tpo::tp {

/// A total order on expressions that does not depend on where they live in
/// memory, so that normal forms print the same in every run.
bool structurallyLess(mlir::AffineExpr lhs, mlir::AffineExpr rhs);

class Polynomial {
public:
  /// Atoms with repetition, in structural order; empty for the constant term.
  using Monomial = llvm::SmallVector<mlir::AffineExpr, 4>;
  struct MonomialLess {
    bool operator()(const Monomial &lhs, const Monomial &rhs) const;
  };
  using Terms = std::map<Monomial, int64_t, MonomialLess>;

  Polynomial() = default;
  static Polynomial constant(int64_t value);

  /// None where a coefficient overflows, the expression is too large, or it
  /// divides by something that is not positive.
  static std::optional<Polynomial> fromExpr(mlir::AffineExpr expr);
  mlir::AffineExpr toExpr(mlir::MLIRContext *context) const;

  std::optional<int64_t> getConstant() const;
  bool isZero() const { return terms.empty(); }
  bool operator==(const Polynomial &other) const {
    return terms == other.terms;
  }

  /// The arithmetic below is none on overflow.
  std::optional<Polynomial> add(const Polynomial &other,
                                int64_t scale = 1) const;
  std::optional<Polynomial> multiply(const Polynomial &other) const;
  std::optional<Polynomial> floorDivide(const Polynomial &divisor,
                                        mlir::MLIRContext *context) const;
  /// Also none where the division leaves a remainder.
  std::optional<Polynomial> divideExactly(const Polynomial &divisor) const;

private:
  bool addTerm(const Monomial &monomial, int64_t coefficient);
  /// `this = quotient * divisor + remainder`, for a divisor of one term with a
  /// positive coefficient; coefficients left in `remainder` that could be
  /// divided are smaller than the divisor's.
  bool divideByTerm(const Monomial &monomial, int64_t coefficient,
                    Polynomial &quotient, Polynomial &remainder) const;
  /// `this floordiv divisor` where no term of this is divisible any more.
  std::optional<Polynomial> divideRemainder(const Polynomial &divisor,
                                            mlir::MLIRContext *context) const;
  /// Divides out what all terms of both have in common.
  static void cancelCommonFactor(Polynomial &numerator, Polynomial &divisor);

  Terms terms;
};

} // namespace tpo::tp

#endif // DIALECTS_TP_POLYNOMIAL_H

//===- Polynomial.cpp - Normal form of size expressions -------------------===//

#include "dialects/Tp/Polynomial.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;

namespace tpo::tp {

/// Beyond this an expression is not a tensor size any more; it stays as it is.
static constexpr size_t kMaxTerms = 256;

bool structurallyLess(AffineExpr lhs, AffineExpr rhs) {
  if (lhs == rhs)
    return false;
  // Symbols first, then composite atoms, so that `s0 + s0 floordiv 2` reads
  // from simple to complex.
  auto getClass = [](AffineExpr expr) {
    if (isa<AffineConstantExpr>(expr))
      return 0;
    return isa<AffineSymbolExpr>(expr) ? 1 : 2;
  };
  if (getClass(lhs) != getClass(rhs))
    return getClass(lhs) < getClass(rhs);
  if (auto constant = dyn_cast<AffineConstantExpr>(lhs))
    return constant.getValue() < cast<AffineConstantExpr>(rhs).getValue();
  if (auto symbol = dyn_cast<AffineSymbolExpr>(lhs))
    return symbol.getPosition() < cast<AffineSymbolExpr>(rhs).getPosition();
  auto leftBinary = dyn_cast<AffineBinaryOpExpr>(lhs);
  auto rightBinary = dyn_cast<AffineBinaryOpExpr>(rhs);
  if (!leftBinary || !rightBinary)
    return lhs.getKind() < rhs.getKind();
  if (lhs.getKind() != rhs.getKind())
    return lhs.getKind() < rhs.getKind();
  if (leftBinary.getLHS() != rightBinary.getLHS())
    return structurallyLess(leftBinary.getLHS(), rightBinary.getLHS());
  return structurallyLess(leftBinary.getRHS(), rightBinary.getRHS());
}

bool Polynomial::MonomialLess::operator()(const Monomial &lhs,
                                          const Monomial &rhs) const {
  return std::lexicographical_compare(lhs.begin(), lhs.end(), rhs.begin(),
                                      rhs.end(), structurallyLess);
}

Polynomial Polynomial::constant(int64_t value) {
  Polynomial result;
  if (value != 0)
    result.terms[{}] = value;
  return result;
}

std::optional<int64_t> Polynomial::getConstant() const {
  if (terms.empty())
    return 0;
  if (terms.size() == 1 && terms.begin()->first.empty())
    return terms.begin()->second;
  return std::nullopt;
}

bool Polynomial::addTerm(const Monomial &monomial, int64_t coefficient) {
  auto [position, inserted] = terms.try_emplace(monomial, 0);
  if (llvm::AddOverflow(position->second, coefficient, position->second))
    return false;
  if (position->second == 0)
    terms.erase(position);
  return terms.size() <= kMaxTerms;
}

std::optional<Polynomial> Polynomial::add(const Polynomial &other,
                                          int64_t scale) const {
  Polynomial result = *this;
  for (const auto &[monomial, coefficient] : other.terms) {
    int64_t scaled;
    if (llvm::MulOverflow(coefficient, scale, scaled) ||
        !result.addTerm(monomial, scaled))
      return std::nullopt;
  }
  return result;
}

std::optional<Polynomial> Polynomial::multiply(const Polynomial &other) const {
  Polynomial result;
  for (const auto &[leftMonomial, leftCoefficient] : terms) {
    for (const auto &[rightMonomial, rightCoefficient] : other.terms) {
      Monomial monomial;
      std::merge(leftMonomial.begin(), leftMonomial.end(),
                 rightMonomial.begin(), rightMonomial.end(),
                 std::back_inserter(monomial), structurallyLess);
      int64_t coefficient;
      if (llvm::MulOverflow(leftCoefficient, rightCoefficient, coefficient) ||
          !result.addTerm(monomial, coefficient))
        return std::nullopt;
    }
  }
  return result;
}

/// `from` without the atoms of `divisor`, none where it lacks one of them.
static std::optional<Polynomial::Monomial>
divideMonomial(const Polynomial::Monomial &from,
               const Polynomial::Monomial &divisor) {
  Polynomial::Monomial rest = from;
  for (AffineExpr atom : divisor) {
    auto *found = llvm::find(rest, atom);
    if (found == rest.end())
      return std::nullopt;
    rest.erase(found);
  }
  return rest;
}

bool Polynomial::divideByTerm(const Monomial &monomial, int64_t coefficient,
                              Polynomial &quotient,
                              Polynomial &remainder) const {
  for (const auto &[termMonomial, termCoefficient] : terms) {
    std::optional<Monomial> rest = divideMonomial(termMonomial, monomial);
    if (!rest) {
      if (!remainder.addTerm(termMonomial, termCoefficient))
        return false;
      continue;
    }
    int64_t whole = llvm::divideFloorSigned(termCoefficient, coefficient);
    int64_t left = termCoefficient - whole * coefficient;
    if (whole != 0 && !quotient.addTerm(*rest, whole))
      return false;
    if (left != 0 && !remainder.addTerm(termMonomial, left))
      return false;
  }
  return true;
}

std::optional<Polynomial>
Polynomial::divideExactly(const Polynomial &divisor) const {
  if (divisor.isZero())
    return std::nullopt;
  // Long division by the greatest term. Every step removes the greatest term
  // that is left, so a term that the divisor's does not divide ends it.
  auto [leadMonomial, leadCoefficient] = *divisor.terms.rbegin();
  Polynomial quotient, rest = *this;
  for (size_t step = 0; !rest.isZero(); ++step) {
    auto [monomial, coefficient] = *rest.terms.rbegin();
    std::optional<Monomial> factor = divideMonomial(monomial, leadMonomial);
    if (!factor || coefficient % leadCoefficient != 0 || step > kMaxTerms)
      return std::nullopt;
    Polynomial term;
    term.terms[*factor] = coefficient / leadCoefficient;
    std::optional<Polynomial> product = divisor.multiply(term);
    std::optional<Polynomial> sum = quotient.add(term);
    std::optional<Polynomial> difference =
        product ? rest.add(*product, -1) : std::nullopt;
    if (!sum || !difference)
      return std::nullopt;
    quotient = *sum;
    rest = *difference;
  }
  return quotient;
}

void Polynomial::cancelCommonFactor(Polynomial &numerator,
                                    Polynomial &divisor) {
  std::optional<Monomial> common;
  int64_t content = 0;
  for (const Polynomial *side : {&numerator, &divisor}) {
    for (const auto &[monomial, coefficient] : side->terms) {
      content = std::gcd(content, coefficient);
      if (!common) {
        common = monomial;
        continue;
      }
      Monomial shared;
      std::set_intersection(common->begin(), common->end(), monomial.begin(),
                            monomial.end(), std::back_inserter(shared),
                            structurallyLess);
      common = shared;
    }
  }
  for (Polynomial *side : {&numerator, &divisor}) {
    Polynomial divided;
    for (const auto &[monomial, coefficient] : side->terms)
      divided.terms[*divideMonomial(monomial, *common)] = coefficient / content;
    *side = divided;
  }
}

std::optional<Polynomial>
Polynomial::divideRemainder(const Polynomial &divisor,
                            MLIRContext *context) const {
  if (isZero())
    return Polynomial();
  Polynomial numerator = *this, reduced = divisor;
  // floor((g x + r) / (g c)) = floor((x + floor(r / g)) / c): where only the
  // constant term stands against a common factor of the rest, it is rounded.
  std::optional<int64_t> whole = reduced.getConstant();
  auto constantTerm = numerator.terms.find({});
  if (whole && constantTerm != numerator.terms.end()) {
    int64_t content = *whole;
    for (const auto &[monomial, coefficient] : numerator.terms)
      if (!monomial.empty())
        content = std::gcd(content, coefficient);
    constantTerm->second -= llvm::mod(constantTerm->second, content);
    if (constantTerm->second == 0)
      numerator.terms.erase(constantTerm);
  }
  if (numerator.isZero())
    return Polynomial();
  cancelCommonFactor(numerator, reduced);
  if (std::optional<int64_t> one = reduced.getConstant(); one && *one == 1)
    return numerator;
  if (std::optional<int64_t> value = numerator.getConstant())
    if (std::optional<int64_t> by = reduced.getConstant(); by && *by > 0)
      return constant(llvm::divideFloorSigned(*value, *by));

  // floor(floor(x / a) / b) = floor(x / (a b)), also with a constant beside
  // the inner quotient: floor(x / a) + r = floor((x + a r) / a).
  auto atomTerm = numerator.terms.rbegin();
  bool nestedOnly =
      atomTerm->first.size() == 1 && atomTerm->second == 1 &&
      isa<AffineBinaryOpExpr>(atomTerm->first.front()) &&
      (numerator.terms.size() == 1 ||
       (numerator.terms.size() == 2 && numerator.terms.begin()->first.empty()));
  if (nestedOnly) {
    auto inner = cast<AffineBinaryOpExpr>(atomTerm->first.front());
    std::optional<Polynomial> x = fromExpr(inner.getLHS());
    std::optional<Polynomial> a = fromExpr(inner.getRHS());
    int64_t r =
        numerator.terms.size() == 2 ? numerator.terms.begin()->second : 0;
    std::optional<Polynomial> shifted = x && a ? x->add(*a, r) : std::nullopt;
    std::optional<Polynomial> by = a ? a->multiply(reduced) : std::nullopt;
    return shifted && by ? shifted->floorDivide(*by, context) : std::nullopt;
  }
  Polynomial result;
  AffineExpr atom =
      getAffineBinaryOpExpr(AffineExprKind::FloorDiv, numerator.toExpr(context),
                            reduced.toExpr(context));
  result.terms[{atom}] = 1;
  return result;
}

std::optional<Polynomial> Polynomial::floorDivide(const Polynomial &divisor,
                                                  MLIRContext *context) const {
  if (divisor.isZero())
    return std::nullopt;
  if (std::optional<int64_t> by = divisor.getConstant(); by && *by < 0)
    return std::nullopt;
  if (std::optional<Polynomial> quotient = divideExactly(divisor))
    return quotient;
  if (divisor.terms.size() > 1)
    return divideRemainder(divisor, context);
  const auto &[monomial, coefficient] = *divisor.terms.begin();
  if (coefficient < 0)
    return std::nullopt;
  Polynomial quotient, remainder;
  if (!divideByTerm(monomial, coefficient, quotient, remainder))
    return std::nullopt;
  std::optional<Polynomial> rest = remainder.divideRemainder(divisor, context);
  return rest ? quotient.add(*rest) : std::nullopt;
}

std::optional<Polynomial> Polynomial::fromExpr(AffineExpr expr) {
  if (auto value = dyn_cast<AffineConstantExpr>(expr))
    return constant(value.getValue());
  Polynomial result;
  if (isa<AffineSymbolExpr, AffineDimExpr>(expr)) {
    result.terms[{expr}] = 1;
    return result;
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  std::optional<Polynomial> lhs = fromExpr(binary.getLHS());
  std::optional<Polynomial> rhs = fromExpr(binary.getRHS());
  if (!lhs || !rhs)
    return std::nullopt;
  MLIRContext *context = expr.getContext();
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return lhs->add(*rhs);
  case AffineExprKind::Mul:
    return lhs->multiply(*rhs);
  case AffineExprKind::FloorDiv:
    return lhs->floorDivide(*rhs, context);
  case AffineExprKind::CeilDiv: {
    std::optional<Polynomial> sum = lhs->add(*rhs);
    std::optional<Polynomial> shifted =
        sum ? sum->add(constant(1), -1) : std::nullopt;
    return shifted ? shifted->floorDivide(*rhs, context) : std::nullopt;
  }
  case AffineExprKind::Mod: {
    std::optional<Polynomial> quotient = lhs->floorDivide(*rhs, context);
    std::optional<Polynomial> whole =
        quotient ? quotient->multiply(*rhs) : std::nullopt;
    return whole ? lhs->add(*whole, -1) : std::nullopt;
  }
  default:
    return std::nullopt;
  }
}

AffineExpr Polynomial::toExpr(MLIRContext *context) const {
  AffineExpr sum = getAffineConstantExpr(0, context);
  int64_t constantTerm = 0;
  // Positive terms first: differences read as such.
  for (bool positive : {true, false}) {
    for (const auto &[monomial, coefficient] : terms) {
      if (monomial.empty()) {
        constantTerm = coefficient;
        continue;
      }
      if ((coefficient > 0) != positive)
        continue;
      AffineExpr term = monomial.front();
      for (AffineExpr atom : llvm::drop_begin(monomial))
        term = term * atom;
      sum = sum + term * coefficient;
    }
  }
  return sum + constantTerm;
}

} // namespace tpo::tp

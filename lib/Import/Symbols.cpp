//===- Symbols.cpp - Symbolic sizes while importing -----------------------===//

#include "Symbols.h"

#include "dialects/Tp/Dims.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

AffineExpr Symbols::get(StringRef name) {
  auto [entry, isNew] = indices.try_emplace(name, names.size());
  if (isNew) {
    names.push_back(name.str());
    values.push_back(getAffineSymbolExpr(entry->second, context));
  }
  return values[entry->second];
}

AffineExpr Symbols::addData(StringRef name) {
  std::string unique = name.str();
  while (contains(unique))
    unique += "'";
  dataSymbols.push_back(names.size());
  return get(unique);
}

bool Symbols::dependsOnData(AffineExpr expr) {
  expr = canonicalize(expr);
  return llvm::any_of(dataSymbols, [&](unsigned symbol) {
    return expr.isFunctionOfSymbol(symbol);
  });
}

namespace {

/// Recursive descent over `sum := product (('+'|'-') product)*`,
/// `product := atom (('*'|'/'|'//'|'%') atom)*`.
class DimParser {
public:
  DimParser(StringRef text, Symbols &symbols) : rest(text), symbols(symbols) {}

  AffineExpr parse() {
    AffineExpr expr = parseSum();
    return expr && rest.trim().empty() ? expr : AffineExpr();
  }

private:
  bool consume(StringRef token) {
    StringRef ahead = rest.ltrim();
    if (!ahead.consume_front(token))
      return false;
    rest = ahead;
    return true;
  }

  // Names may contain these characters ("batch-size"): only between spaces are
  // they operators.
  bool consumeSpaced(StringRef token) {
    StringRef ahead = rest.ltrim();
    return ahead.size() != rest.size() && ahead.consume_front(token) &&
           ahead.starts_with(" ") && consume(token);
  }

  AffineExpr parseSum() {
    AffineExpr sum = consume("-") ? negate(parseProduct()) : parseProduct();
    while (sum) {
      if (consume("+"))
        sum = combine(sum, parseProduct(), AffineExprKind::Add);
      else if (consumeSpaced("-"))
        sum = combine(sum, negate(parseProduct()), AffineExprKind::Add);
      else
        break;
    }
    return sum;
  }

  AffineExpr parseProduct() {
    AffineExpr product = parseAtom();
    while (product) {
      if (consume("*"))
        product = combine(product, parseAtom(), AffineExprKind::Mul);
      else if (consume("//") || consumeSpaced("/"))
        product = combine(product, parseAtom(), AffineExprKind::FloorDiv);
      else if (consumeSpaced("%"))
        product = combine(product, parseAtom(), AffineExprKind::Mod);
      else
        break;
    }
    return product;
  }

  AffineExpr parseAtom() {
    rest = rest.ltrim();
    // Bounds the recursion that a hostile file could ask for.
    if (++atoms > 64)
      return {};
    if (consume("(")) {
      AffineExpr inner = parseSum();
      return inner && consume(")") ? inner : AffineExpr();
    }
    StringRef word = rest.take_while(
        [](char c) { return llvm::isAlnum(c) || c == '_' || c == '.'; });
    if (word.empty())
      return {};
    rest = rest.drop_front(word.size());
    if (int64_t value; !word.getAsInteger(10, value))
      return symbols.constant(value);
    if (llvm::isDigit(word.front()) || rest.ltrim().starts_with("("))
      return {};
    return symbols.get(word);
  }

  AffineExpr negate(AffineExpr expr) { return expr ? expr * -1 : expr; }

  AffineExpr combine(AffineExpr lhs, AffineExpr rhs, AffineExprKind kind) {
    return lhs && rhs ? getAffineBinaryOpExpr(kind, lhs, rhs) : AffineExpr();
  }

  StringRef rest;
  Symbols &symbols;
  unsigned atoms = 0;
};

} // namespace

AffineExpr Symbols::parse(StringRef text) {
  text = text.trim();
  if (indices.contains(text))
    return get(text);
  // Names of its parts must not stay behind when the text is a plain name.
  size_t known = names.size();
  if (AffineExpr expr = DimParser(text, *this).parse())
    return canonicalize(expr);
  while (names.size() > known) {
    indices.erase(names.pop_back_val());
    values.pop_back();
  }
  return get(text);
}

//===----------------------------------------------------------------------===//
// Equations
//===----------------------------------------------------------------------===//

AffineExpr Symbols::canonicalize(AffineExpr expr) {
  if (!expr || isa<AffineConstantExpr>(expr))
    return expr;
  if (generation)
    expr = expr.replaceSymbols(values);
  return tp::simplify(expr);
}

bool Symbols::equal(AffineExpr lhs, AffineExpr rhs) {
  return lhs && rhs &&
         (lhs == rhs ||
          tp::provablyEqual(canonicalize(lhs), canonicalize(rhs)));
}

// Splits `sum` into its terms.
static void collectTerms(AffineExpr sum, SmallVectorImpl<AffineExpr> &terms) {
  if (sum.getKind() == AffineExprKind::Add) {
    auto add = cast<AffineBinaryOpExpr>(sum);
    collectTerms(add.getLHS(), terms);
    collectTerms(add.getRHS(), terms);
    return;
  }
  terms.push_back(sum);
}

// The symbol of a term `s` or `s * -1`, and its sign.
static std::optional<std::pair<unsigned, int64_t>>
getUnitTerm(AffineExpr term) {
  int64_t sign = 1;
  if (auto product = dyn_cast<AffineBinaryOpExpr>(term)) {
    auto factor = dyn_cast<AffineConstantExpr>(product.getRHS());
    if (product.getKind() != AffineExprKind::Mul || !factor ||
        factor.getValue() != -1)
      return std::nullopt;
    term = product.getLHS();
    sign = -1;
  }
  if (auto symbol = dyn_cast<AffineSymbolExpr>(term))
    return std::make_pair(symbol.getPosition(), sign);
  return std::nullopt;
}

bool Symbols::substitute(unsigned symbol, AffineExpr value) {
  if (value.isFunctionOfSymbol(symbol))
    return false;
  SmallVector<AffineExpr> replacement;
  for (unsigned i = 0; i < names.size(); ++i)
    replacement.push_back(i == symbol ? value
                                      : getAffineSymbolExpr(i, context));
  for (AffineExpr &known : values)
    known = tp::simplify(known.replaceSymbols(replacement));
  ++generation;
  return true;
}

bool Symbols::unify(AffineExpr lhs, AffineExpr rhs) {
  if (!lhs || !rhs)
    return false;
  lhs = canonicalize(lhs);
  rhs = canonicalize(rhs);
  AffineExpr difference = tp::simplify(lhs - rhs);
  if (std::optional<int64_t> constant = tp::getConst(difference))
    return *constant == 0;
  // Solve for a symbol whose value is then a sum without negative terms, the
  // youngest where there is a choice: `total = past + seq`, not
  // `past = total - seq`.
  SmallVector<AffineExpr> terms;
  collectTerms(difference, terms);
  std::optional<unsigned> best;
  AffineExpr bestValue;
  bool bestNonNegative = false;
  for (AffineExpr term : terms) {
    auto unit = getUnitTerm(term);
    if (!unit)
      continue;
    auto [symbol, sign] = *unit;
    AffineExpr rest = tp::simplify(difference - term);
    AffineExpr value = tp::simplify(sign > 0 ? rest * -1 : rest);
    if (value.isFunctionOfSymbol(symbol))
      continue;
    if (std::optional<int64_t> fixed = tp::getConst(value); fixed && *fixed < 0)
      continue;
    bool nonNegative = provablyNonNegative(value);
    if (!best || nonNegative > bestNonNegative ||
        (nonNegative == bestNonNegative && symbol > *best)) {
      best = symbol;
      bestValue = value;
      bestNonNegative = nonNegative;
    }
  }
  if (!best)
    return false;
  if (!bestNonNegative)
    require(bestValue);
  return substitute(*best, bestValue);
}

//===----------------------------------------------------------------------===//
// Bounds
//===----------------------------------------------------------------------===//

static std::optional<int64_t> checkedAdd(std::optional<int64_t> a,
                                         std::optional<int64_t> b) {
  int64_t sum;
  if (!a || !b || __builtin_add_overflow(*a, *b, &sum))
    return std::nullopt;
  return sum;
}

static std::optional<int64_t> checkedMul(std::optional<int64_t> a, int64_t b) {
  int64_t product;
  if (!a || __builtin_mul_overflow(*a, b, &product))
    return std::nullopt;
  return product;
}

static Interval boundsOf(AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return {constant.getValue(), constant.getValue()};
  if (isa<AffineSymbolExpr>(expr))
    return {0, std::nullopt};
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return {};
  Interval lhs = boundsOf(binary.getLHS()), rhs = boundsOf(binary.getRHS());
  bool positive = lhs.low && *lhs.low >= 0 && rhs.low && *rhs.low >= 0;
  auto constant = dyn_cast<AffineConstantExpr>(binary.getRHS());
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return {checkedAdd(lhs.low, rhs.low), checkedAdd(lhs.high, rhs.high)};
  case AffineExprKind::Mul:
    if (constant && constant.getValue() >= 0)
      return {checkedMul(lhs.low, constant.getValue()),
              checkedMul(lhs.high, constant.getValue())};
    if (constant)
      return {checkedMul(lhs.high, constant.getValue()),
              checkedMul(lhs.low, constant.getValue())};
    if (positive)
      return {checkedMul(lhs.low, *rhs.low),
              rhs.high ? checkedMul(lhs.high, *rhs.high) : std::nullopt};
    return {};
  case AffineExprKind::FloorDiv:
    if (constant && constant.getValue() > 0) {
      Interval result;
      if (lhs.low)
        result.low = llvm::divideFloorSigned(*lhs.low, constant.getValue());
      if (lhs.high)
        result.high = llvm::divideFloorSigned(*lhs.high, constant.getValue());
      return result;
    }
    return positive ? Interval{0, lhs.high} : Interval{};
  case AffineExprKind::Mod:
    return {0, rhs.high ? checkedAdd(rhs.high, -1) : std::nullopt};
  default:
    return positive ? Interval{0, std::nullopt} : Interval{};
  }
}

// A lower bound of a sum in which floor divisions do not cancel with what they
// divide: x - c + 1 <= (x floordiv c) * c <= x.
static std::optional<int64_t> relaxedLow(AffineExpr sum) {
  SmallVector<AffineExpr> terms;
  collectTerms(sum, terms);
  AffineExpr relaxed = getAffineConstantExpr(0, sum.getContext());
  for (AffineExpr term : terms) {
    auto product = dyn_cast<AffineBinaryOpExpr>(term);
    auto factor = product && product.getKind() == AffineExprKind::Mul
                      ? dyn_cast<AffineConstantExpr>(product.getRHS())
                      : AffineConstantExpr();
    auto quotient = factor ? dyn_cast<AffineBinaryOpExpr>(product.getLHS())
                           : AffineBinaryOpExpr(nullptr);
    auto divisor = quotient && quotient.getKind() == AffineExprKind::FloorDiv
                       ? dyn_cast<AffineConstantExpr>(quotient.getRHS())
                       : AffineConstantExpr();
    if (!divisor || divisor.getValue() <= 0 ||
        factor.getValue() % divisor.getValue() != 0) {
      relaxed = relaxed + term;
      continue;
    }
    int64_t times = factor.getValue() / divisor.getValue();
    AffineExpr bound = quotient.getLHS();
    if (times > 0)
      bound = bound - (divisor.getValue() - 1);
    relaxed = relaxed + bound * times;
  }
  return boundsOf(tp::simplify(relaxed)).low;
}

Interval Symbols::bounds(AffineExpr expr) {
  if (!expr)
    return {};
  expr = canonicalize(expr);
  Interval interval = boundsOf(expr);
  if (!interval.low)
    interval.low = relaxedLow(expr);
  if (!interval.high)
    interval.high = checkedMul(relaxedLow(tp::simplify(expr * -1)), -1);
  return interval;
}

bool Symbols::provablyNonNegative(AffineExpr expr) {
  Interval interval = bounds(expr);
  return interval.low && *interval.low >= 0;
}

bool Symbols::provablyNegative(AffineExpr expr) {
  Interval interval = bounds(expr);
  return interval.high && *interval.high < 0;
}

void Symbols::require(AffineExpr expr) {
  expr = canonicalize(expr);
  if (!provablyNonNegative(expr) && !llvm::is_contained(requirements, expr))
    requirements.push_back(expr);
}

//===----------------------------------------------------------------------===//
// Output
//===----------------------------------------------------------------------===//

SmallVector<std::string> Symbols::compact(const llvm::BitVector &used) {
  SmallVector<AffineExpr> renumbered(names.size(), constant(0));
  SmallVector<std::string> kept;
  for (unsigned symbol : used.set_bits()) {
    renumbered[symbol] = getAffineSymbolExpr(kept.size(), context);
    kept.push_back(names[symbol]);
  }
  for (AffineExpr &value : values)
    value = value.replaceSymbols(renumbered);
  ++generation;
  return kept;
}

std::string Symbols::listNames() const {
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "'" : ", '") + name + "'";
  return text;
}

std::string Symbols::toString(AffineExpr expr) {
  SmallVector<StringRef> views(names.begin(), names.end());
  return tp::toString(canonicalize(expr), views);
}

std::string Symbols::toString(ArrayRef<AffineExpr> dims) {
  std::string text = "[";
  for (AffineExpr dim : dims)
    text += (text.size() > 1 ? ", " : "") + toString(dim);
  return text + "]";
}

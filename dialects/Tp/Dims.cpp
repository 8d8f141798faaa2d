//===- Dims.cpp - Symbolic sizes ------------------------------------------===//

#include "dialects/Tp/Dims.h"
#include "dialects/Tp/Polynomial.h"
#include "dialects/Tp/Tp.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace tpo::tp {

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

SmallVector<AffineExpr> getDims(ShapedType type) {
  SmallVector<AffineExpr> dims;
  if (!type.hasRank())
    return dims;
  DimsAttr encoding;
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    encoding = dyn_cast_or_null<DimsAttr>(tensor.getEncoding());
  for (auto [index, size] : llvm::enumerate(type.getShape())) {
    if (!ShapedType::isDynamic(size))
      dims.push_back(getAffineConstantExpr(size, type.getContext()));
    else
      dims.push_back(encoding ? encoding.getExprs()[index] : AffineExpr());
  }
  return dims;
}

RankedTensorType makeTensorType(ArrayRef<AffineExpr> dims, Type elementType) {
  SmallVector<int64_t> shape;
  SmallVector<AffineExpr> exprs;
  bool encoded = false;
  for (AffineExpr dim : dims) {
    AffineExpr simplified = simplify(dim);
    std::optional<int64_t> size = getConst(simplified);
    // A negative size can only come from a wrong model; it stays visible as an
    // expression that the runtime refuses instead of an invalid type.
    bool isStatic = size && *size >= 0;
    shape.push_back(isStatic ? *size : ShapedType::kDynamic);
    exprs.push_back(size && !isStatic ? AffineExpr() : simplified);
    encoded |= simplified && !size;
  }
  Attribute encoding;
  if (encoded)
    encoding = DimsAttr::get(elementType.getContext(), exprs);
  return RankedTensorType::get(shape, elementType, encoding);
}

RankedTensorType makeTensorType(ArrayRef<int64_t> dims, Type elementType) {
  return RankedTensorType::get(dims, elementType);
}

//===----------------------------------------------------------------------===//
// Algebra
//===----------------------------------------------------------------------===//

AffineExpr simplify(AffineExpr expr) {
  if (!expr || isa<AffineConstantExpr, AffineSymbolExpr>(expr))
    return expr;
  std::optional<Polynomial> polynomial = Polynomial::fromExpr(expr);
  return polynomial ? polynomial->toExpr(expr.getContext()) : expr;
}

bool provablyEqual(AffineExpr lhs, AffineExpr rhs) {
  if (!lhs || !rhs)
    return false;
  if (lhs == rhs)
    return true;
  std::optional<Polynomial> left = Polynomial::fromExpr(lhs);
  std::optional<Polynomial> right = Polynomial::fromExpr(rhs);
  return left && right && *left == *right;
}

std::optional<int64_t> getConst(AffineExpr expr) {
  if (!expr)
    return std::nullopt;
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (isa<AffineSymbolExpr>(expr))
    return std::nullopt;
  if (std::optional<Polynomial> polynomial = Polynomial::fromExpr(expr))
    return polynomial->getConstant();
  return std::nullopt;
}

std::optional<SmallVector<int64_t>> getConsts(ArrayRef<AffineExpr> exprs) {
  SmallVector<int64_t> values;
  for (AffineExpr expr : exprs) {
    std::optional<int64_t> value = getConst(expr);
    if (!value)
      return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

AffineExpr divideExactly(AffineExpr lhs, AffineExpr rhs) {
  if (!lhs || !rhs)
    return nullptr;
  std::optional<Polynomial> left = Polynomial::fromExpr(lhs);
  std::optional<Polynomial> right = Polynomial::fromExpr(rhs);
  if (!left || !right)
    return nullptr;
  std::optional<Polynomial> quotient = left->divideExactly(*right);
  return quotient ? quotient->toExpr(lhs.getContext()) : AffineExpr();
}

AffineExpr product(ArrayRef<AffineExpr> factors, MLIRContext *context) {
  AffineExpr result = getAffineConstantExpr(1, context);
  for (AffineExpr factor : factors) {
    if (!factor)
      return nullptr;
    result = result * factor;
  }
  return simplify(result);
}

std::optional<int64_t> evaluate(AffineExpr expr, ArrayRef<int64_t> symbols) {
  if (!expr)
    return std::nullopt;
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    if (symbol.getPosition() >= symbols.size())
      return std::nullopt;
    return symbols[symbol.getPosition()];
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return std::nullopt;
  std::optional<int64_t> lhs = evaluate(binary.getLHS(), symbols);
  std::optional<int64_t> rhs = evaluate(binary.getRHS(), symbols);
  if (!lhs || !rhs)
    return std::nullopt;
  int64_t result = 0;
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return llvm::AddOverflow(*lhs, *rhs, result) ? std::nullopt
                                                 : std::optional(result);
  case AffineExprKind::Mul:
    return llvm::MulOverflow(*lhs, *rhs, result) ? std::nullopt
                                                 : std::optional(result);
  case AffineExprKind::FloorDiv:
    return *rhs <= 0 ? std::nullopt
                     : std::optional(llvm::divideFloorSigned(*lhs, *rhs));
  case AffineExprKind::CeilDiv:
    return *rhs <= 0 ? std::nullopt
                     : std::optional(llvm::divideCeilSigned(*lhs, *rhs));
  case AffineExprKind::Mod:
    return *rhs <= 0 ? std::nullopt : std::optional(llvm::mod(*lhs, *rhs));
  default:
    return std::nullopt;
  }
}

unsigned getNumSymbols(AffineExpr expr) {
  unsigned count = 0;
  if (expr)
    expr.walk([&](AffineExpr part) {
      if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
        count = std::max(count, symbol.getPosition() + 1);
    });
  return count;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static StringRef getOperatorName(AffineExprKind kind) {
  switch (kind) {
  case AffineExprKind::Add:
    return "+";
  case AffineExprKind::Mul:
    return "*";
  case AffineExprKind::FloorDiv:
    return "floordiv";
  case AffineExprKind::CeilDiv:
    return "ceildiv";
  case AffineExprKind::Mod:
    return "mod";
  default:
    return "";
  }
}

llvm::json::Value toJSON(AffineExpr expr) {
  if (!expr)
    return nullptr;
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  llvm::json::Array postfix;
  // AffineExpr::walk visits operands before their operation.
  expr.walk([&](AffineExpr part) {
    if (auto constant = dyn_cast<AffineConstantExpr>(part))
      postfix.push_back(constant.getValue());
    else if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
      postfix.push_back("s" + std::to_string(symbol.getPosition()));
    else
      postfix.push_back(getOperatorName(part.getKind()));
  });
  return postfix;
}

AffineExpr exprFromJSON(const llvm::json::Value &value, MLIRContext *context) {
  if (std::optional<int64_t> constant = value.getAsInteger())
    return getAffineConstantExpr(*constant, context);
  const llvm::json::Array *postfix = value.getAsArray();
  if (!postfix)
    return nullptr;
  SmallVector<AffineExpr> stack;
  for (const llvm::json::Value &token : *postfix) {
    if (std::optional<int64_t> constant = token.getAsInteger()) {
      stack.push_back(getAffineConstantExpr(*constant, context));
      continue;
    }
    StringRef text = token.getAsString().value_or("");
    if (std::optional<unsigned> symbol = parseSymbolIndex(text)) {
      stack.push_back(getAffineSymbolExpr(*symbol, context));
      continue;
    }
    auto kind = llvm::StringSwitch<std::optional<AffineExprKind>>(text)
                    .Case("+", AffineExprKind::Add)
                    .Case("*", AffineExprKind::Mul)
                    .Case("floordiv", AffineExprKind::FloorDiv)
                    .Case("ceildiv", AffineExprKind::CeilDiv)
                    .Case("mod", AffineExprKind::Mod)
                    .Default(std::nullopt);
    if (!kind || stack.size() < 2)
      return nullptr;
    AffineExpr rhs = stack.pop_back_val();
    AffineExpr lhs = stack.pop_back_val();
    stack.push_back(getAffineBinaryOpExpr(*kind, lhs, rhs));
  }
  return stack.size() == 1 ? stack.front() : AffineExpr();
}

/// `-term` for a negative constant and a product by one; else null.
static AffineExpr negateTerm(AffineExpr term) {
  auto constant = dyn_cast<AffineConstantExpr>(term);
  if (auto binary = dyn_cast<AffineBinaryOpExpr>(term);
      binary && binary.getKind() == AffineExprKind::Mul)
    constant = dyn_cast<AffineConstantExpr>(binary.getRHS());
  return constant && constant.getValue() < 0 ? -term : AffineExpr();
}

static void printExpr(AffineExpr expr, ArrayRef<StringRef> names, bool nested,
                      llvm::raw_ostream &os) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    os << constant.getValue();
    return;
  }
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    if (symbol.getPosition() < names.size())
      os << names[symbol.getPosition()];
    else
      os << 's' << symbol.getPosition();
    return;
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  // Sums and products associate to the left, as the parser builds them.
  bool sameLeft = binary.getLHS().getKind() == binary.getKind() &&
                  (binary.getKind() == AffineExprKind::Add ||
                   binary.getKind() == AffineExprKind::Mul);
  bool looserThanLeft = binary.getKind() == AffineExprKind::Add;
  bool nestLeft = !sameLeft && !looserThanLeft;
  os << (nested ? "(" : "");
  printExpr(binary.getLHS(), names, nestLeft, os);
  AffineExpr rhs = binary.getRHS();
  // Adding a negative term prints as a subtraction, which parses back.
  AffineExpr negated = looserThanLeft ? negateTerm(rhs) : AffineExpr();
  os << ' ' << (negated ? "-" : getOperatorName(binary.getKind())) << ' ';
  if (negated)
    rhs = negated;
  bool nestRight = !(looserThanLeft && rhs.getKind() == AffineExprKind::Mul);
  printExpr(rhs, names, nestRight, os);
  os << (nested ? ")" : "");
}

std::string toString(AffineExpr expr, ArrayRef<StringRef> names) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (expr)
    printExpr(expr, names, /*nested=*/false, os);
  else
    os << '?';
  return text;
}

//===----------------------------------------------------------------------===//
// Symbols
//===----------------------------------------------------------------------===//

std::optional<unsigned> parseSymbolIndex(StringRef text) {
  unsigned index;
  // One million bounds what an untrusted expression can make us allocate.
  if (!text.consume_front("s") || text.getAsInteger(10, index) ||
      index > 1000000)
    return std::nullopt;
  return index;
}

static ModuleOp getModule(Operation *op) {
  if (auto module = dyn_cast<ModuleOp>(op))
    return module;
  return op->getParentOfType<ModuleOp>();
}

SmallVector<StringRef> getSymbolNames(Operation *op) {
  SmallVector<StringRef> names;
  ModuleOp module = getModule(op);
  if (!module)
    return names;
  if (auto symbols = module->getAttrOfType<ArrayAttr>(TpDialect::kSymbolsAttr))
    for (Attribute name : symbols)
      names.push_back(cast<StringAttr>(name).getValue());
  return names;
}

AffineExpr lookupSymbol(Operation *op, StringRef name) {
  SmallVector<StringRef> names = getSymbolNames(op);
  auto *found = llvm::find(names, name);
  if (found == names.end())
    return nullptr;
  return getAffineSymbolExpr(found - names.begin(), op->getContext());
}

AffineExpr getOrAddSymbol(ModuleOp module, StringRef name) {
  if (AffineExpr symbol = lookupSymbol(module, name))
    return symbol;
  SmallVector<StringRef> names = getSymbolNames(module);
  names.push_back(name);
  Builder builder(module.getContext());
  module->setAttr(TpDialect::kSymbolsAttr, builder.getStrArrayAttr(names));
  return builder.getAffineSymbolExpr(names.size() - 1);
}

} // namespace tpo::tp

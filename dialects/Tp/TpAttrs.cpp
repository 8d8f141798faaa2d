//===- TpAttrs.cpp - Attributes of the tp dialect -------------------------===//

#include "dialects/Tp/Tp.h"
#include "dialects/Tp/TpAsm.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tpo::tp;

#include "dialects/Tp/TpEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Tp/TpAttrs.cpp.inc"

void TpDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Tp/TpAttrs.cpp.inc"
      >();
}

SizeSymbols tpo::tp::getParsedSymbols(MLIRContext *context) {
  static const std::vector<std::string> spellings = [] {
    std::vector<std::string> result;
    for (unsigned i = 0; i < 256; ++i)
      result.push_back("s" + std::to_string(i));
    return result;
  }();
  SizeSymbols symbols;
  for (auto [index, spelling] : llvm::enumerate(spellings))
    symbols.emplace_back(spelling, getAffineSymbolExpr(index, context));
  return symbols;
}

ParseResult tpo::tp::parseSizeExpr(AsmParser &parser,
                                   const SizeSymbols &symbols,
                                   AffineExpr &expr) {
  if (succeeded(parser.parseOptionalQuestion())) {
    expr = nullptr;
    return success();
  }
  if (parser.parseAffineExpr(symbols, expr))
    return failure();
  expr = simplify(expr);
  return success();
}

//===----------------------------------------------------------------------===//
// DimsAttr
//===----------------------------------------------------------------------===//

Attribute DimsAttr::parse(AsmParser &parser, Type) {
  SmallVector<AffineExpr> exprs;
  SizeSymbols symbols = getParsedSymbols(parser.getContext());
  auto parseOne = [&]() -> ParseResult {
    return parseSizeExpr(parser, symbols, exprs.emplace_back());
  };
  if (parser.parseLess() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne) ||
      parser.parseGreater())
    return nullptr;
  return DimsAttr::get(parser.getContext(), exprs);
}

void DimsAttr::print(AsmPrinter &printer) const {
  printer << "<[";
  llvm::interleaveComma(getExprs(), printer.getStream(),
                        [&](AffineExpr expr) { printer << toString(expr); });
  printer << "]>";
}

LogicalResult
DimsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                         function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.size() != getExprs().size())
    return emitError() << "#tp.dims has " << getExprs().size()
                       << " sizes for a tensor of rank " << shape.size();
  for (auto [index, size] : llvm::enumerate(shape)) {
    AffineExpr expr = getExprs()[index];
    std::optional<int64_t> constant = getConst(expr);
    if (ShapedType::isDynamic(size)) {
      if (constant)
        return emitError() << "#tp.dims gives dynamic dimension " << index
                           << " the constant size " << *constant;
      continue;
    }
    if (!constant || *constant != size)
      return emitError() << "#tp.dims gives dimension " << index << " of size "
                         << size << " the size " << toString(expr);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// ViewAttr
//===----------------------------------------------------------------------===//

Attribute ViewAttr::parse(AsmParser &parser, Type) {
  Type elem;
  AffineExpr offset;
  SmallVector<int64_t> strides;
  auto parseStride = [&]() -> ParseResult {
    return parser.parseInteger(strides.emplace_back());
  };
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseKeyword("elem") ||
      parser.parseEqual() || parser.parseType(elem) || parser.parseComma() ||
      parser.parseKeyword("offset") || parser.parseEqual() ||
      parseSizeExpr(parser, getParsedSymbols(parser.getContext()), offset) ||
      parser.parseComma() || parser.parseKeyword("strides") ||
      parser.parseEqual() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                     parseStride) ||
      parser.parseGreater())
    return nullptr;
  return parser.getChecked<ViewAttr>(loc, parser.getContext(), elem, offset,
                                     strides);
}

void ViewAttr::print(AsmPrinter &printer) const {
  printer << "<elem = " << getElem() << ", offset = " << toString(getOffset())
          << ", strides = [";
  llvm::interleaveComma(getStrides(), printer.getStream());
  printer << "]>";
}

LogicalResult ViewAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               Type elem, AffineExpr offset,
                               ArrayRef<int64_t> strides) {
  if (!elem.isIntOrFloat())
    return emitError() << "view elements must be integers or floats, got "
                       << elem;
  if (!offset)
    return emitError() << "a view needs a known offset";
  if (std::optional<int64_t> constant = getConst(offset);
      constant && *constant < 0)
    return emitError() << "view offset " << *constant << " is negative";
  return success();
}

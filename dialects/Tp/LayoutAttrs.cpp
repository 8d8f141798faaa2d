//===- LayoutAttrs.cpp - Syntax of meshes and layouts ---------------------===//

#include "dialects/Tp/Tp.h"
#include "dialects/Tp/TpAsm.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace tpo::tp;

//===----------------------------------------------------------------------===//
// MeshAxisAttr, MeshAttr
//===----------------------------------------------------------------------===//

static ParseResult parseLinkNumber(AsmParser &parser, FloatAttr &value) {
  double number;
  if (parser.parseEqual() || parser.parseFloat(number))
    return failure();
  value = parser.getBuilder().getF64FloatAttr(number);
  return success();
}

Attribute MeshAxisAttr::parse(AsmParser &parser, Type) {
  std::string name;
  int64_t size;
  FloatAttr bandwidth, latency;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseString(&name) || parser.parseEqual() ||
      parser.parseInteger(size))
    return nullptr;
  if (succeeded(parser.parseOptionalLBrace())) {
    do {
      StringRef keyword;
      if (parser.parseKeyword(&keyword))
        return nullptr;
      bool isBandwidth = keyword == "bandwidth";
      if (!isBandwidth && keyword != "latency") {
        parser.emitError(parser.getCurrentLocation())
            << "expected 'bandwidth' or 'latency', got '" << keyword << "'";
        return nullptr;
      }
      if (parseLinkNumber(parser, isBandwidth ? bandwidth : latency))
        return nullptr;
    } while (succeeded(parser.parseOptionalComma()));
    if (parser.parseRBrace())
      return nullptr;
  }
  return parser.getChecked<MeshAxisAttr>(
      loc, parser.getContext(), parser.getBuilder().getStringAttr(name), size,
      bandwidth, latency);
}

void MeshAxisAttr::print(AsmPrinter &printer) const {
  printer << '"' << getName().getValue() << "\"=" << getSize();
  if (!getBandwidth() && !getLatency())
    return;
  printer << " {";
  if (getBandwidth()) {
    printer << "bandwidth = ";
    printer.printFloat(getBandwidth().getValue());
  }
  if (getLatency()) {
    printer << (getBandwidth() ? ", latency = " : "latency = ");
    printer.printFloat(getLatency().getValue());
  }
  printer << "}";
}

LogicalResult MeshAxisAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   StringAttr name, int64_t size,
                                   FloatAttr bandwidth, FloatAttr latency) {
  if (name.getValue().empty())
    return emitError() << "a mesh axis needs a name";
  if (size < 1)
    return emitError() << "mesh axis \"" << name.getValue() << "\" has size "
                       << size << ", need at least 1";
  if (bandwidth && !(bandwidth.getValueAsDouble() > 0))
    return emitError() << "bandwidth of mesh axis \"" << name.getValue()
                       << "\" must be positive";
  if (latency && !(latency.getValueAsDouble() >= 0))
    return emitError() << "latency of mesh axis \"" << name.getValue()
                       << "\" must not be negative";
  return success();
}

Attribute MeshAttr::parse(AsmParser &parser, Type) {
  SmallVector<MeshAxisAttr> axes;
  auto parseAxis = [&]() -> ParseResult {
    auto axis = dyn_cast_or_null<MeshAxisAttr>(MeshAxisAttr::parse(parser, {}));
    if (!axis)
      return failure();
    axes.push_back(axis);
    return success();
  };
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseAxis) ||
      parser.parseGreater())
    return nullptr;
  return parser.getChecked<MeshAttr>(loc, parser.getContext(),
                                     ArrayRef<MeshAxisAttr>(axes));
}

void MeshAttr::print(AsmPrinter &printer) const {
  printer << "<[";
  llvm::interleaveComma(getAxes(), printer.getStream(),
                        [&](MeshAxisAttr axis) { axis.print(printer); });
  printer << "]>";
}

LogicalResult MeshAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               ArrayRef<MeshAxisAttr> axes) {
  llvm::StringSet<> names;
  int64_t devices = 1;
  for (MeshAxisAttr axis : axes) {
    if (!names.insert(axis.getName().getValue()).second)
      return emitError() << "mesh axis \"" << axis.getName().getValue()
                         << "\" appears twice";
    if (llvm::MulOverflow(devices, axis.getSize(), devices) ||
        devices > std::numeric_limits<int32_t>::max())
      return emitError() << "the mesh has too many devices";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// AxisRefAttr, AxesAttr
//===----------------------------------------------------------------------===//

Attribute AxisRefAttr::parse(AsmParser &parser, Type) {
  std::string name;
  int64_t preSize = 1, size = 0;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseString(&name))
    return nullptr;
  if (succeeded(parser.parseOptionalColon())) {
    if (parser.parseLParen() || parser.parseInteger(preSize) ||
        parser.parseRParen() || parser.parseInteger(size))
      return nullptr;
    if (size == 0) {
      parser.emitError(loc) << "a sub-axis cannot have size 0";
      return nullptr;
    }
  }
  return parser.getChecked<AxisRefAttr>(loc, parser.getContext(),
                                        parser.getBuilder().getStringAttr(name),
                                        preSize, size);
}

void AxisRefAttr::print(AsmPrinter &printer) const {
  printer << '"' << getName().getValue() << '"';
  if (!isWhole())
    printer << ":(" << getPreSize() << ')' << getSize();
}

LogicalResult AxisRefAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  StringAttr name, int64_t preSize,
                                  int64_t size) {
  if (preSize < 1 || size < 0 || (size == 0 && preSize != 1))
    return emitError() << "sub-axis \"" << name.getValue() << "\":(" << preSize
                       << ')' << size << " needs positive sizes";
  return success();
}

/// Parses axes up to something that is not one; `units = n` may end the list.
static ParseResult parseAxisList(AsmParser &parser,
                                 SmallVectorImpl<AxisRefAttr> &axes) {
  auto axis = dyn_cast_or_null<AxisRefAttr>(AxisRefAttr::parse(parser, {}));
  if (!axis)
    return failure();
  axes.push_back(axis);
  return success();
}

static void printAxisList(AsmPrinter &printer, ArrayRef<AxisRefAttr> axes) {
  llvm::interleaveComma(axes, printer.getStream(),
                        [&](AxisRefAttr axis) { axis.print(printer); });
}

Attribute AxesAttr::parse(AsmParser &parser, Type) {
  SmallVector<AxisRefAttr> axes;
  if (parser.parseLess() ||
      parser.parseCommaSeparatedList(
          AsmParser::Delimiter::Square,
          [&] { return parseAxisList(parser, axes); }) ||
      parser.parseGreater())
    return nullptr;
  return AxesAttr::get(parser.getContext(), axes);
}

void AxesAttr::print(AsmPrinter &printer) const {
  printer << "<[";
  printAxisList(printer, getAxes());
  printer << "]>";
}

//===----------------------------------------------------------------------===//
// DimLayoutAttr, LayoutAttr
//===----------------------------------------------------------------------===//

Attribute DimLayoutAttr::parse(AsmParser &parser, Type) {
  SmallVector<AxisRefAttr> axes;
  AffineExpr units;
  auto parseEntry = [&]() -> ParseResult {
    if (units)
      return parser.emitError(parser.getCurrentLocation())
             << "'units' must come last";
    if (succeeded(parser.parseOptionalKeyword("units"))) {
      if (parser.parseEqual())
        return failure();
      SMLoc loc = parser.getCurrentLocation();
      if (parseSizeExpr(parser, getParsedSymbols(parser.getContext()), units))
        return failure();
      if (!units)
        return parser.emitError(loc) << "'units' needs a known size";
      return success();
    }
    return parseAxisList(parser, axes);
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Braces, parseEntry))
    return nullptr;
  return DimLayoutAttr::get(parser.getContext(), axes, units);
}

void DimLayoutAttr::print(AsmPrinter &printer) const {
  printer << '{';
  printAxisList(printer, getAxes());
  if (getUnits())
    printer << (getAxes().empty() ? "units = " : ", units = ")
            << toString(getUnits());
  printer << '}';
}

LayoutAttr LayoutAttr::getReplicated(FlatSymbolRefAttr mesh, unsigned rank) {
  MLIRContext *context = mesh.getContext();
  SmallVector<DimLayoutAttr> dims(rank,
                                  DimLayoutAttr::get(context, {}, nullptr));
  return get(context, mesh, dims, ReductionKind::Sum, {});
}

bool LayoutAttr::isReplicated() const {
  return !isPartial() && llvm::all_of(getDims(), [](DimLayoutAttr dim) {
    return dim.getAxes().empty();
  });
}

Attribute LayoutAttr::parse(AsmParser &parser, Type) {
  FlatSymbolRefAttr mesh;
  SmallVector<DimLayoutAttr> dims;
  auto parseDim = [&]() -> ParseResult {
    auto dim =
        dyn_cast_or_null<DimLayoutAttr>(DimLayoutAttr::parse(parser, {}));
    if (!dim)
      return failure();
    dims.push_back(dim);
    return success();
  };
  if (parser.parseLess() || parser.parseAttribute(mesh) ||
      parser.parseComma() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseDim))
    return nullptr;
  ReductionKind kind = ReductionKind::Sum;
  SmallVector<AxisRefAttr> partial;
  if (succeeded(parser.parseOptionalComma())) {
    StringRef keyword;
    if (parser.parseKeyword("partial") || parser.parseEqual())
      return nullptr;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&keyword))
      return nullptr;
    std::optional<ReductionKind> parsed = symbolizeReductionKind(keyword);
    if (!parsed) {
      parser.emitError(loc)
          << "unknown reduction '" << keyword << "', need sum, max or min";
      return nullptr;
    }
    kind = *parsed;
    if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Braces, [&] {
          return parseAxisList(parser, partial);
        }))
      return nullptr;
  }
  if (parser.parseGreater())
    return nullptr;
  return LayoutAttr::get(parser.getContext(), mesh, dims, kind, partial);
}

void LayoutAttr::print(AsmPrinter &printer) const {
  printer << '<' << getMesh() << ", [";
  llvm::interleaveComma(getDims(), printer.getStream(),
                        [&](DimLayoutAttr dim) { dim.print(printer); });
  printer << ']';
  if (isPartial()) {
    printer << ", partial = " << stringifyReductionKind(getPartialKind())
            << '{';
    printAxisList(printer, getPartialAxes());
    printer << '}';
  }
  printer << '>';
}

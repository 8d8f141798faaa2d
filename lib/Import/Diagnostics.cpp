//===- Diagnostics.cpp - Errors about an ONNX model -----------------------===//

#include "tp-opt/Import/Diagnostics.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;
using namespace tpo;

Location tpo::getNodeLocation(MLIRContext *context, StringRef name,
                              StringRef opType, StringRef scope) {
  SmallVector<Location> parts{NameLoc::get(StringAttr::get(context, name))};
  if (!scope.empty())
    parts.push_back(NameLoc::get(StringAttr::get(context, scope)));
  return FusedLoc::get(parts, StringAttr::get(context, opType), context);
}

std::string tpo::describeLocation(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return ("node '" + name.getName().getValue() + "'").str();
  if (auto file = dyn_cast<FileLineColLoc>(loc))
    return file.getFilename().str() +
           (file.getLine() == 0 ? ""
                                : ":" + std::to_string(file.getLine()) + ":" + std::to_string(file.getColumn()));
  if (auto call = dyn_cast<CallSiteLoc>(loc))
    return describeLocation(call.getCallee());
  auto fused = dyn_cast<FusedLoc>(loc);
  if (!fused)
    return "";
  std::string text;
  for (Location part : fused.getLocations())
    if (text.empty())
      text = describeLocation(part);
  // A fusion of fused locations says its operator in its own parts.
  if (auto opType = dyn_cast_or_null<StringAttr>(fused.getMetadata()))
    if (!StringRef(text).ends_with(")"))
      text += (" (" + opType.getValue() + ")").str();
  return text;
}

static StringRef severityName(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Note:
    return "note";
  case DiagnosticSeverity::Warning:
    return "warning";
  case DiagnosticSeverity::Error:
    return "error";
  case DiagnosticSeverity::Remark:
    return "remark";
  }
  llvm_unreachable("all severities are above");
}

static void print(const Diagnostic &diagnostic, StringRef file,
                  raw_ostream &os) {
  std::string where = describeLocation(diagnostic.getLocation());
  // Locations in files (the model itself, an .mlir) name their file already.
  if (!isa<FileLineColLoc>(diagnostic.getLocation())) {
    os << file << ": ";
  }
  if (!where.empty())
    os << where << ": ";
  os << severityName(diagnostic.getSeverity()) << ": " << diagnostic << "\n";
}

OnnxDiagnosticHandler::OnnxDiagnosticHandler(MLIRContext *context,
                                             StringRef file, raw_ostream &os)
    : ScopedDiagnosticHandler(context) {
  setHandler([file = file.str(), &os](Diagnostic &diagnostic) {
    print(diagnostic, file, os);
    for (const Diagnostic &note : diagnostic.getNotes())
      print(note, file, os);
  });
}

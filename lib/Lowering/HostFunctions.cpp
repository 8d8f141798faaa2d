//===- HostFunctions.cpp - The functions of a program ---------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HostFunctions.h"

#include "dialects/Rt/Rt.h"
#include "dialects/Tp/Dims.h"
#include "dialects/Tp/Variants.h"

using namespace mlir;
using namespace tpo;

SmallVector<func::FuncOp> tpo::getHostFunctions(ModuleOp module) {
  auto isHost = [](func::FuncOp func) { return !func.isExternal() && !func->hasAttr(rt::RtDialect::kKernelAttr); };
  return llvm::to_vector(llvm::make_filter_range(module.getOps<func::FuncOp>(), isHost));
}

/// Ranks must agree on the function that runs, and a division by zero would end
/// the process.
static LogicalResult checkCondition(func::FuncOp variant, ArrayRef<StringRef> symbols) {
  for (AffineExpr expr : tp::getWhen(variant).getExprs()) {
    if (!expr)
      return variant.emitError() << "'" << tp::kWhenAttr << "' has a size that is not known";
    std::string problem;
    expr.walk([&](AffineExpr inner) {
      if (auto symbol = dyn_cast<AffineSymbolExpr>(inner)) {
        unsigned position = symbol.getPosition();
        if (position >= symbols.size())
          problem = "has the symbol s" + std::to_string(position) + ", which the module does not have";
        else if (symbols[position].starts_with("%"))
          problem = "depends on the rank, by the symbol '" + symbols[position].str() + "'";
      }
      auto binary = dyn_cast<AffineBinaryOpExpr>(inner);
      if (!binary || inner.getKind() == AffineExprKind::Add || inner.getKind() == AffineExprKind::Mul)
        return;
      auto divisor = dyn_cast<AffineConstantExpr>(binary.getRHS());
      if (!divisor || divisor.getValue() <= 0)
        problem = "divides by what may be zero";
    });
    if (!problem.empty())
      return variant.emitError() << "'" << tp::kWhenAttr << "' " << problem << ": " << tp::toString(expr, symbols);
  }
  return success();
}

static LogicalResult checkSignature(func::FuncOp variant, func::FuncOp main) {
  auto fail = [&]() {
    return variant.emitError() << "this variant of @" << main.getName() << " has other arguments and results: ";
  };
  if (variant.getNumArguments() != main.getNumArguments())
    return fail() << variant.getNumArguments() << " instead of " << main.getNumArguments();
  // What the manifest tells the runtime.
  StringRef names[] = {tp::TpDialect::kGlobalTypeAttr, tp::TpDialect::kLayoutAttr, "onnx.name", "onnx.elements",
                       rt::RtDialect::kOutputAttr,     rt::RtDialect::kStridedAttr};
  for (unsigned index = 0; index < main.getNumArguments(); ++index) {
    auto output = main.getArgAttrOfType<IntegerAttr>(index, rt::RtDialect::kOutputAttr);
    std::string place = output ? "output " + std::to_string(output.getInt()) : "input " + std::to_string(index);
    for (StringRef name : names) {
      Attribute own = variant.getArgAttr(index, name), expected = main.getArgAttr(index, name);
      if (own == expected)
        continue;
      InFlightDiagnostic error = fail() << "'" << name << "' of " << place << " is ";
      own ? error << own : error << "absent";
      return expected ? error << ", not " << expected : error << ", not absent";
    }
    Type own = variant.getArgumentTypes()[index], expected = main.getArgumentTypes()[index];
    if (own != expected)
      return fail() << "the type of " << place << " is " << own << ", not " << expected;
  }
  return success();
}

FailureOr<func::FuncOp> tpo::findMainFunction(ModuleOp module) {
  func::FuncOp main;
  SmallVector<func::FuncOp> variants;
  for (func::FuncOp func : getHostFunctions(module)) {
    if (tp::isVariant(func)) {
      variants.push_back(func);
      continue;
    }
    if (func->hasAttr(tp::kWhenAttr))
      return func.emitError() << "'" << tp::kWhenAttr << "' is no #tp.dims";
    if (main)
      return func.emitError("a program has one function");
    main = func;
  }
  if (!main && variants.empty())
    return module.emitError("the program has no function");
  if (!main)
    return variants.front().emitError() << "a variant of no function: all functions have '" << tp::kWhenAttr << "'";
  SmallVector<StringRef> symbols = tp::getSymbolNames(module);
  for (func::FuncOp variant : variants)
    if (failed(checkCondition(variant, symbols)) || failed(checkSignature(variant, main)))
      return failure();
  return main;
}

//===- TpAsm.h - Parsing shared by the attributes of tp ---------*- C++ -*-===//

#ifndef DIALECTS_TP_TPASM_H
#define DIALECTS_TP_TPASM_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/OpImplementation.h"

namespace tpo::tp {

/// The symbols that an expression in text may use, by their spelling.
using SizeSymbols =
    llvm::SmallVector<std::pair<llvm::StringRef, mlir::AffineExpr>>;
SizeSymbols getParsedSymbols(mlir::MLIRContext *context);

/// Parses a size expression over `s0, s1, ...`, or `?` as null.
mlir::ParseResult parseSizeExpr(mlir::AsmParser &parser,
                                const SizeSymbols &symbols,
                                mlir::AffineExpr &expr);

} // namespace tpo::tp

#endif // DIALECTS_TP_TPASM_H

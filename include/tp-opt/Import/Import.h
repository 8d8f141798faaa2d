//===- Import.h - ONNX files to the onnx dialect ---------------*- C++ -*-===//
//
// Reads an .onnx file into a module of the onnx and tp dialects:
// - weights become `tp.weight` references into the model's files and are never
//   loaded; a model costs memory for its graph alone;
// - symbolic sizes become expressions over `tp.symbols`, and shape arithmetic
//   folds into constants (onnx.Constant, onnx.SymbolicConstant);
// - operators are lifted to the newest opset's form; model-local functions are
//   inlined.
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_IMPORT_IMPORT_H
#define TPOPT_IMPORT_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringMap.h"

#include <string>
#include <vector>

namespace tpo {

struct ImportOptions {
  /// Sizes to fix, by symbol name as in the file ("batch" -> 1).
  llvm::StringMap<int64_t> dims;
  /// The shape of an input by its name: of each dimension a size, the name of
  /// one, or "?" to leave it as the file has it.
  llvm::StringMap<std::vector<std::string>> inputShapes;
  /// Contents of integer and bool inputs, which are then no inputs any more:
  /// one element, or as many as the input has.
  llvm::StringMap<std::vector<int64_t>> inputValues;
  /// Leave the names of the file's tensors in the module (`onnx.tensors`), and
  /// what tells the file from others (`onnx.fingerprint`).
  bool recordTensors = false;
};

/// Module attribute: what the file's tensors are called, for constraints and
/// questions that name them. An array of dictionaries: `name`, `type`; of a
/// node's result `node` (its location's name) and `result` (its number); of a
/// weight `aliases`, where its name says nothing but the module that reads it is
/// known. What has no value when the program runs is in it too, with an empty
/// `node`.
inline constexpr llvm::StringLiteral kTensorsAttr = "onnx.tensors";

/// Module attribute beside it: a string that tells model files apart by what
/// they say about their graph (not by contents of weights). The same whatever
/// options fix and whatever import computes.
inline constexpr llvm::StringLiteral kFingerprintAttr = "onnx.fingerprint";

/// Module attribute: size expressions (`#tp.dims`) that must not be negative
/// at run time for the program to be that of the model: what import assumed
/// where it could not prove it (a slice's bounds lie in the tensor, a reshape
/// keeps the number of elements).
inline constexpr llvm::StringLiteral kRequiresAttr = "tp.requires";

/// Argument attribute of @main: what the elements of a small integer input are
/// (`#tp.dims`, row-major, `?` where nothing is known). Sizes depend on them, so
/// the runtime reads them before it runs the program.
inline constexpr llvm::StringLiteral kElementsAttr = "onnx.elements";

/// Argument and result attribute of @main: the ONNX name.
inline constexpr llvm::StringLiteral kOnnxNameAttr = "onnx.name";

/// Module attribute: ONNX's multi-device fields (`ModelProto.configuration` and
/// `NodeProto.device_configurations`). An array of dictionaries, one per
/// configuration: `name`, `devices` (their number), `shardings`. Of these each has
/// `node`, `tensor`, `output` (unit: not an input), `holders` (per shard an array
/// of the devices that have it; of a tensor that is not split one with all) and
/// `dims`: per split dimension `axis`, and of its factors, major to minor, `sizes`
/// (-1: unknown) and `shards`.
inline constexpr llvm::StringLiteral kShardingsAttr = "onnx.shardings";

/// Writes the model at `path` with these configurations, as in kShardingsAttr,
/// to `output`, which must be in the same folder: contents of weights stay where
/// they are, referred to as external data. Configurations for as many devices
/// that the model has already are replaced.
mlir::LogicalResult writeOnnxModel(llvm::StringRef path, llvm::StringRef output, mlir::ArrayAttr configurations,
                                   mlir::MLIRContext *context);

/// Imports the model at `path`. What is wrong with it is said through the
/// context's diagnostics, at the location of the node concerned
/// (tp-opt/Import/Diagnostics.h prints these as the user expects them).
/// Loads the dialects it needs.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
importOnnxModel(llvm::StringRef path, const ImportOptions &options,
                mlir::MLIRContext *context);

} // namespace tpo

#endif // TPOPT_IMPORT_IMPORT_H

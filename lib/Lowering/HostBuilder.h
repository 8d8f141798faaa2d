//===- HostBuilder.h - Builds the host functions ----------------*- C++ -*-===//
//
// Buffers of the bufferized host program become a pointer with sizes and
// strides known to the compiler (constants, or i64 values); a `tprt_view` is
// stored on the stack where a runtime function takes one. The stack slots are
// shared by all calls, and nothing here is quadratic in the program's length.
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_LIB_LOWERING_HOSTBUILDER_H
#define TPOPT_LIB_LOWERING_HOSTBUILDER_H

#include "dialects/Rt/Rt.h"
#include "dialects/Tp/Tp.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/IRMapping.h"

namespace tpo {

/// Arguments of the exported functions; all are pointers.
enum class HostArg { Context, Symbols, Inputs, Outputs, Weights, Arena, SlotOffsets, SlotBytes };

/// The tprt_dtype of an element type.
int32_t getRuntimeDtype(mlir::Type type);

class HostBuilder {
public:
  /// Starts function `name`, a part of what `host` does.
  HostBuilder(mlir::ModuleOp module, mlir::func::FuncOp host, llvm::StringRef name, llvm::ArrayRef<HostArg> args);

  /// Converts rt.symbol and index arithmetic. False for other operations.
  bool convertIndexOp(mlir::Operation *op);
  /// Converts operations that define buffers. False for other operations.
  bool convertBufferOp(mlir::Operation *op);
  /// Makes buffers of the host function's arguments.
  void bindArguments();

  //===--- Values ---------------------------------------------------------===//

  mlir::Value i32(int32_t value);
  mlir::Value i64(int64_t value);
  mlir::Value f32(float value);
  mlir::Value null();
  /// The i64 of an index value of the host program.
  mlir::Value get(mlir::Value index) { return mapping.lookup(index); }
  mlir::OpFoldResult fold(int64_t value) { return builder.getI64IntegerAttr(value); }
  mlir::Value toValue(mlir::OpFoldResult value);
  mlir::OpFoldResult multiply(mlir::OpFoldResult a, mlir::OpFoldResult b);
  /// The sizes of a type whose dynamic ones are these index values.
  llvm::SmallVector<mlir::OpFoldResult> getSizes(mlir::MemRefType type, mlir::ValueRange dynamic);

  //===--- Calls ----------------------------------------------------------===//

  /// The sizes of an operand as its operation sees them.
  llvm::SmallVector<mlir::OpFoldResult> getLogicalSizes(mlir::Operation *op, unsigned operand);
  /// Stores the view of an operand (with its permutation) to the operand's
  /// stack slot.
  mlir::Value view(mlir::Operation *op, unsigned operand);
  /// Stores index values to the stack.
  mlir::Value storeArray(mlir::ValueRange indices);
  mlir::Value storeAttentionParams(rt::AttentionOp op);
  void storeSlotBytes(int64_t slot, mlir::OpFoldResult bytes);
  /// `function(ctx, op, args...)`.
  void call(llvm::StringRef function, mlir::Operation *op, llvm::ArrayRef<mlir::Value> args);
  /// A direct call of a kernel that is an LLVM function, or a launch of a GPU
  /// kernel (one with a number), one thread for each element of its output.
  mlir::LogicalResult callKernel(rt::LaunchOp op);
  void finish();

  //===--- One of several functions ---------------------------------------===//

  /// Lets only functions of the program call this one.
  void makeInternal() { function.setLinkage(mlir::LLVM::Linkage::Internal); }
  /// Sets the first `count` slots' sizes to 0.
  void clearSlotBytes(int64_t count);
  /// `callee(...)` with this function's arguments.
  void forward(llvm::StringRef callee);
  /// The same and the end, where all of `when` are zero; what follows is built
  /// for the other sizes.
  void forwardWhere(tp::DimsAttr when, llvm::StringRef callee);

private:
  void launchKernel(rt::LaunchOp op, llvm::ArrayRef<mlir::Value> operands);

  struct Buffer {
    mlir::Value data;
    mlir::Type elementType;
    llvm::SmallVector<mlir::OpFoldResult> sizes, strides;
  };

  mlir::Value load(mlir::Type type, HostArg array, int64_t index);
  mlir::Value element(mlir::Value base, mlir::Type elementType, int64_t index);
  mlir::Value field(mlir::Value view, llvm::ArrayRef<int32_t> path);
  void store(mlir::Value value, mlir::Value pointer);
  /// Space on the stack, allocated in the entry block once for each key.
  mlir::Value stackSlot(llvm::StringRef kind, unsigned index, mlir::Type type);
  llvm::SmallVector<mlir::OpFoldResult> contiguousStrides(llvm::ArrayRef<mlir::OpFoldResult> sizes);
  void define(mlir::Value value, mlir::Value data, llvm::SmallVector<mlir::OpFoldResult> sizes);
  mlir::Value constant(mlir::Type type, mlir::Attribute value);

  mlir::ModuleOp module;
  mlir::func::FuncOp host;
  mlir::OpBuilder builder;
  /// Constants and stack slots are created here, before everything else.
  mlir::OpBuilder entryBuilder;
  mlir::LLVM::LLVMFuncOp function;
  mlir::Location loc;
  mlir::Type ptr, i64Type, viewType;
  llvm::DenseMap<HostArg, mlir::Value> args;
  mlir::IRMapping mapping;
  llvm::DenseMap<mlir::Value, Buffer> buffers;
  llvm::DenseMap<mlir::Attribute, mlir::Value> constants;
  llvm::StringMap<mlir::Value> stackSlots;
  llvm::DenseMap<int64_t, mlir::Value> symbols;
  mlir::Value nullPointer;
};

} // namespace tpo

namespace llvm {
template <> struct DenseMapInfo<tpo::HostArg> {
  static tpo::HostArg getEmptyKey() { return static_cast<tpo::HostArg>(-1); }
  static tpo::HostArg getTombstoneKey() { return static_cast<tpo::HostArg>(-2); }
  static unsigned getHashValue(tpo::HostArg arg) { return static_cast<unsigned>(arg); }
  static bool isEqual(tpo::HostArg a, tpo::HostArg b) { return a == b; }
};
} // namespace llvm

#endif // TPOPT_LIB_LOWERING_HOSTBUILDER_H

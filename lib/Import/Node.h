//===- Node.h - One ONNX node while importing ------------------*- C++ -*-===//
//
// Values and nodes of the graph before they become operations: lifting,
// folding and shape inference work on these. A value that is known (integers,
// a weight, a constant) becomes an operation only when something uses it.
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_LIB_IMPORT_NODE_H
#define TPOPT_LIB_IMPORT_NODE_H

#include "Symbols.h"
#include "dialects/Onnx/OpTable.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/IR/Value.h"

#include <deque>

namespace tpo::importer {

using Dims = llvm::SmallVector<mlir::AffineExpr>;

/// A tensor stored in a file; its sizes are those of its value.
struct WeightReference {
  std::string name;
  unsigned file = 0;
  mlir::Type elem; ///< As stored; the value's type may differ (folded Cast).
  uint64_t offset = 0;
  llvm::SmallVector<int64_t> strides;
};

/// What an integer that is not known was computed from: tells which sizes or
/// inputs would have to be fixed.
struct Origin {
  llvm::SmallVector<mlir::AffineExpr, 0> sizes;
  llvm::SmallVector<std::string, 0> inputs;
  llvm::SmallVector<std::string, 0> minima; ///< See Assumptions.
  bool other = false; ///< Something that is too large to be followed.

  void merge(const Origin &from);
  void addSize(mlir::AffineExpr size);
};

struct ImportedValue {
  mlir::Type elem;
  Dims dims;

  /// The elements, row-major, of an integer or bool tensor (or one of floats
  /// that are exact integers) as far as they are known: null where not.
  std::optional<Dims> integers;
  /// The element of a float tensor with one element.
  std::optional<double> scalar;
  std::optional<WeightReference> weight;
  /// The elements of a very small float weight, beside the reference: some
  /// operators' shapes depend on them (Resize).
  llvm::SmallVector<double, 0> floats;
  /// Contents of a constant that is not tracked in one of the forms above.
  mlir::ElementsAttr constant;

  /// The operation's result, where there is one already.
  mlir::Value value;

  /// Of a value with few elements that is not known.
  Origin origin;

  unsigned generation = 0; ///< Of Symbols, when `dims` were canonical.

  int64_t rank() const { return dims.size(); }
  bool allIntegersKnown() const {
    return integers && llvm::all_of(*integers, [](mlir::AffineExpr e) {
             return static_cast<bool>(e);
           });
  }
  /// Known without an operation.
  bool isKnown() const {
    return allIntegersKnown() || scalar || weight || constant;
  }
};

/// A node with current ONNX's operands and attributes (after lifting).
class Node {
public:
  Node(const onnx::OpInfo &info, mlir::Location loc, int opset,
       Symbols &symbols)
      : info(&info), loc(loc), opset(opset), symbols(symbols) {}

  llvm::StringRef opType() const { return info->opType; }
  mlir::MLIRContext *context() const { return symbols.getContext(); }
  mlir::InFlightDiagnostic emitError() const { return mlir::emitError(loc); }

  //===--- Operands -------------------------------------------------------===//

  bool has(size_t i) const { return i < operands.size() && operands[i]; }
  /// The operand, its sizes canonical.
  ImportedValue &operand(size_t i);
  const Dims &dims(size_t i) { return operand(i).dims; }
  int64_t rank(size_t i) { return operand(i).rank(); }
  mlir::Type elem(size_t i) { return operand(i).elem; }
  /// The operand's elements, where all are known.
  const Dims *integers(size_t i);
  /// The same as numbers.
  std::optional<llvm::SmallVector<int64_t>> constants(size_t i);
  /// The elements of operand `i`; an error where one is not known, saying that
  /// the result's shape depends on data.
  mlir::FailureOr<Dims> requireIntegers(size_t i);
  /// That error; no error yet where the elements are those of small integer
  /// inputs, which become symbols (Assumptions).
  mlir::LogicalResult failUnknown(size_t i);
  /// Appends absent operands up to `i` and sets that one.
  void setOperand(size_t i, ImportedValue *value);

  //===--- Attributes -----------------------------------------------------===//

  int64_t getInt(llvm::StringRef name, int64_t defaultValue) const;
  std::optional<int64_t> getInt(llvm::StringRef name) const;
  std::optional<llvm::SmallVector<int64_t>> getInts(llvm::StringRef name) const;
  double getFloat(llvm::StringRef name, double defaultValue) const;
  llvm::StringRef getString(llvm::StringRef name,
                            llvm::StringRef defaultValue) const;
  void setInt(llvm::StringRef name, int64_t value);
  void setInts(llvm::StringRef name, llvm::ArrayRef<int64_t> values);

  /// The axis attribute or value `axis` of a tensor of rank `rank`, as an
  /// index; an error if it is out of range.
  mlir::FailureOr<int64_t> normalizeAxis(int64_t axis, int64_t rank) const;

  //===--- Results --------------------------------------------------------===//

  bool wants(size_t i) const { return i < results.size() && results[i]; }
  /// Sets the type of result `i`, whether something uses it or not.
  void setResult(size_t i, mlir::Type elem, Dims dims);

  //===--- Sizes ----------------------------------------------------------===//

  mlir::AffineExpr constant(int64_t value) { return symbols.constant(value); }
  /// Makes both sizes one; an error naming `what` if they differ.
  mlir::LogicalResult unify(mlir::AffineExpr lhs, mlir::AffineExpr rhs,
                            llvm::StringRef what);
  /// The sizes after numpy broadcasting.
  mlir::FailureOr<Dims> broadcast(llvm::ArrayRef<Dims> shapes);
  /// `size` must be `least` or more: an error where it is not, checked when the
  /// program runs where that is not known.
  mlir::LogicalResult requireSize(mlir::AffineExpr size, mlir::AffineExpr least,
                                  llvm::StringRef what);
  mlir::LogicalResult requireRank(size_t operand, int64_t rank);
  mlir::LogicalResult requireRankAtLeast(size_t operand, int64_t rank);

  const onnx::OpInfo *info;
  mlir::Location loc;
  int opset;
  Symbols &symbols;
  llvm::SmallVector<ImportedValue *> operands; ///< Null: absent.
  llvm::SmallVector<ImportedValue *> results;  ///< Null: unused.
  mlir::NamedAttrList attributes;

  struct ResultType {
    mlir::Type elem;
    Dims dims;
  };
  /// What inference found; an empty element type: not set.
  llvm::SmallVector<ResultType> resultTypes;
};

/// Makes values that no name in the file stands for.
class ValueFactory {
public:
  ImportedValue *make() { return &storage.emplace_back(); }
  ImportedValue *integers(mlir::Type elem, Dims elements, bool isScalar,
                          Symbols &symbols);

private:
  std::deque<ImportedValue> storage;
};

/// The attribute of an ONNX `int`: si64.
mlir::IntegerAttr getSignedAttr(mlir::MLIRContext *context, int64_t value);

/// How many elements of an integer tensor are tracked: any where they are
/// numbers, few where they are expressions.
inline constexpr int64_t kMaxTrackedConstants = 4096;
inline constexpr int64_t kMaxTrackedExprs = 256;

/// The number of elements, where static and not absurd.
std::optional<int64_t> countElements(const Dims &dims);

} // namespace tpo::importer

#endif // TPOPT_LIB_IMPORT_NODE_H

//===- Constraints.h - Layouts that the user demands ------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whoever demands a layout (the command line, a plan file, fields of the ONNX
// file, `tp.constrain`) does so by a Constraint: a tensor by name, a layout as
// text, and the words by which messages name the demand. Resolving finds the
// values of the program that hold the tensor and the layouts that they may have;
// the planner sees only those. docs/constraints.md is the user's view.
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PLANNING_CONSTRAINTS_H
#define TP_OPT_PLANNING_CONSTRAINTS_H

#include "dialects/Tp/Layout.h"
#include "tp-opt/Planning/TensorTable.h"

#include "llvm/Support/Error.h"

namespace tpo {

/// Module attribute: an array of constraints, each as Constraint::toAttr.
inline constexpr llvm::StringLiteral kConstraintsAttr = "tp.constraints";
/// On an operation, a reshard or an argument: who demanded the layout, one string
/// per result (empty: nobody). Later passes must not give it another one.
inline constexpr llvm::StringLiteral kConstrainedAttr = "tp.constrained";
/// On an operation that has the former: a plan file's lines alone are the demand.
/// They stand for a plan, whose sums later passes may let meet.
inline constexpr llvm::StringLiteral kPlannedAttr = "tp.planned";
/// What the next best layout costs more, one string per result or for the
/// argument.
inline constexpr llvm::StringLiteral kAlternativesAttr = "tp.alternatives";
/// Module attribute: the milliseconds that finding them took.
inline constexpr llvm::StringLiteral kAlternativesTimeAttr = "tp.alternatives_ms";
/// The string of a result in such an attribute; empty where there is none.
llvm::StringRef getResultText(mlir::Operation *op, llvm::StringRef attribute, unsigned result);
/// Function argument attribute: why the argument has its layout.
inline constexpr llvm::StringLiteral kReasonAttr = "tp.reason";

/// A demand, before anything is known of the model.
struct Constraint {
  std::string tensor; ///< A name or, with `*`, `?` or `[...]`, a pattern of names.
  std::string layout; ///< See LayoutSpec.
  std::string source; ///< As messages name it: "--shard '*.weight=tp:1'".
  /// Where the demand is written; null: in no file.
  mlir::LocationAttr location;
  /// `tensor` is a name even where it looks like a pattern.
  bool isName = false;
  /// "tp:1" demands equal pieces of single elements; else any pieces.
  bool isExact = false;
  /// A line of a plan file.
  bool isPlanned = false;
  /// Only as this node reads it; empty: the tensor itself.
  std::string reader;
  /// Only the n-th use of a weight, whose layout is then that of what this use
  /// sees (a transposed or sliced view).
  std::optional<int64_t> use;

  mlir::Attribute toAttr(mlir::MLIRContext *context) const;
  static mlir::FailureOr<Constraint> fromAttr(mlir::Attribute attr);
  mlir::Location getLocation(mlir::Location otherwise) const { return location ? mlir::Location(location) : otherwise; }
};

/// Adds to the module's constraints.
void addConstraints(mlir::ModuleOp module, llvm::ArrayRef<Constraint> constraints);

/// Parses "PATTERN=LAYOUT", the value of --shard.
llvm::Expected<Constraint> parseShardOption(llvm::StringRef text);

/// The text of a layout: "replicated"; "tp:1" or "tp:1,ep:0", axes with the
/// dimensions they split (negative ones count from the back); or all of it as
/// the IR prints it, `[{}, {"tp", units = 15}]`.
struct LayoutSpec {
  struct Split {
    std::string axis;
    int64_t dim;
  };
  llvm::SmallVector<Split> splits;
  std::string text; ///< The third form; else empty.

  static llvm::Expected<LayoutSpec> parse(llvm::StringRef text);
};

/// The layouts that satisfy a constraint.
struct DemandedLayout {
  tp::Layout layout;     ///< Canonical.
  bool anyUnits = false; ///< Dimensions may be split in whole pieces of any size.

  bool accepts(const tp::Layout &other) const;
};

/// What `spec` means for a tensor of this type.
llvm::Expected<DemandedLayout> interpret(const LayoutSpec &spec, bool isExact, mlir::RankedTensorType type,
                                         const tp::Mesh &mesh);

/// The layout of a view of a weight, of its file's shape `shape`, for a layout
/// of the weight. Of a slice, which holds part of a dimension, each part is
/// split alike.
llvm::Expected<DemandedLayout> mapToView(const DemandedLayout &demanded, llvm::ArrayRef<int64_t> shape,
                                         tp::WeightOp view, const tp::Mesh &mesh);
/// The other way, where there is one.
std::optional<tp::Layout> mapFromView(const tp::Layout &layout, llvm::ArrayRef<int64_t> shape, tp::WeightOp view);

/// A demand on a value of the program.
struct ValueConstraint {
  mlir::Value value;
  mlir::OpOperand *use = nullptr; ///< Only for this reader of an activation.
  DemandedLayout demanded;
  unsigned constraint = 0; ///< Index into ConstraintSet::constraints.
  std::string tensor;      ///< Its name, for messages.
};

struct ConstraintSet {
  std::vector<Constraint> constraints;
  std::vector<ValueConstraint> values;
  mlir::Location fallback; ///< Of constraints without a location.

  explicit ConstraintSet(mlir::Location fallback) : fallback(fallback) {}
  mlir::Location getLocation(const ValueConstraint &value) const {
    return constraints[value.constraint].getLocation(fallback);
  }
  llvm::StringRef getSource(const ValueConstraint &value) const { return constraints[value.constraint].source; }
};

/// Finds the values of the module's constraints and of the function's
/// `tp.constrain`s, which it removes. What matches nothing, what cannot be and
/// two demands on one value that contradict are errors.
mlir::FailureOr<ConstraintSet> resolveConstraints(mlir::func::FuncOp function, const tp::Mesh &mesh);

} // namespace tpo

#endif // TP_OPT_PLANNING_CONSTRAINTS_H

//===- GraphImporter.h - From a ModelProto to a module ---------*- C++ -*-===//

#ifndef TPOPT_LIB_IMPORT_GRAPHIMPORTER_H
#define TPOPT_LIB_IMPORT_GRAPHIMPORTER_H

#include "ModelFile.h"
#include "Node.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "tp-opt/Import/Import.h"
#include "llvm/ADT/StringSet.h"

namespace onnx {
class OpSchema;
}

namespace tpo::importer {

class GraphImporter {
public:
  GraphImporter(ModelFile &file, llvm::StringRef path, const ImportOptions &options, const Assumptions &assumed,
                mlir::MLIRContext *context);

  mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>> run();

  /// After a run that failed without an error: what is needed beside what it
  /// was given.
  const Assumptions &getNeeded() const { return symbols.needed; }

private:
  using Opsets = llvm::StringMap<int64_t>;
  using Values = llvm::SmallVector<ImportedValue *>;

  /// Names that nodes can refer to. A subgraph sees those of the graph around
  /// it, a function's body only its own.
  struct Scope {
    const Scope *parent = nullptr;
    const Opsets *opsets = nullptr;
    llvm::StringMap<ImportedValue *> values;
    /// Sequences of tensors: known here, never a value of the program.
    llvm::StringMap<Values> sequences;
    /// Of the function call being inlined, by the function's attribute name.
    llvm::StringMap<const ::onnx::AttributeProto *> attributes;
    /// What the file declares about values; whether it is as an output.
    llvm::StringMap<std::pair<const ::onnx::ValueInfoProto *, bool>> declared;
    const ::google::protobuf::RepeatedPtrField<::onnx::NodeProto> *nodes =
        nullptr;
    /// Prefixed to node names of a function's body.
    std::string prefix;
    unsigned depth = 0;

    void declare(const ::onnx::GraphProto &graph);
    ImportedValue *lookup(llvm::StringRef name) const;
    const Values *lookupSequence(llvm::StringRef name) const;
    /// Whether the name is known: also that of a function's absent input.
    bool knows(llvm::StringRef name) const;
    const ::onnx::AttributeProto *findAttribute(llvm::StringRef name) const;
  };

  /// A call of an operator that the standard defines by a function.
  struct OperatorBody {
    ::onnx::NodeProto call;
    ::onnx::FunctionProto function;
    Opsets opsets;
  };

  //===--- The graph (GraphImporter.cpp) ----------------------------------===//
  mlir::LogicalResult checkModel();
  mlir::LogicalResult importFunctions();
  mlir::LogicalResult importInitializers(const ::onnx::GraphProto &graph,
                                         Scope &scope);
  mlir::LogicalResult importInputs(const ::onnx::GraphProto &graph,
                                   Scope &scope);
  mlir::FailureOr<ImportedValue *>
  importInput(const ::onnx::ValueInfoProto &input);
  /// Elements that options give, or that sizes depend on.
  mlir::LogicalResult setInputElements(llvm::StringRef name,
                                       ImportedValue &value, bool &isConstant);
  mlir::LogicalResult fixDims();
  mlir::LogicalResult checkDeclared(const ::onnx::ValueInfoProto &declared,
                                    ImportedValue &value, bool isSignature,
                                    mlir::Location loc);
  mlir::LogicalResult importOutputs(const ::onnx::GraphProto &graph,
                                    Scope &scope);
  mlir::LogicalResult define(Scope &scope, llvm::StringRef name,
                             ImportedValue *value, mlir::Location loc);

  //===--- Nodes (ImportNodes.cpp) ----------------------------------------===//
  template <typename Nodes>
  mlir::LogicalResult importNodes(const Nodes &nodes, Scope &scope);
  mlir::LogicalResult importNode(const ::onnx::NodeProto &proto, Scope &scope);
  mlir::LogicalResult importOperator(const ::onnx::NodeProto &proto,
                                     Scope &scope, int opset,
                                     mlir::Location loc);
  mlir::LogicalResult importConstant(const ::onnx::NodeProto &proto,
                                     Scope &scope, mlir::Location loc);
  mlir::LogicalResult importIf(const ::onnx::NodeProto &proto, Scope &scope,
                               mlir::Location loc);
  /// Prepares the scope of a subgraph's nodes.
  mlir::LogicalResult enterSubgraph(const ::onnx::GraphProto &graph,
                                    const Scope &scope, Scope &inner,
                                    mlir::Location loc);
  mlir::LogicalResult failCondition(const ImportedValue &condition,
                                    mlir::Location loc);
  mlir::LogicalResult failUndefined(llvm::StringRef name,
                                    const ::onnx::NodeProto &user,
                                    const Scope &scope, mlir::Location loc);
  mlir::LogicalResult inlineFunction(const ::onnx::FunctionProto &function,
                                     const Opsets &imports,
                                     const ::onnx::NodeProto &proto,
                                     Scope &scope, mlir::Location loc);
  mlir::FailureOr<Values> getOperands(const ::onnx::NodeProto &proto,
                                      const Scope &scope, mlir::Location loc);
  mlir::LogicalResult defineOutputs(const ::onnx::NodeProto &proto,
                                    llvm::ArrayRef<ImportedValue *> values,
                                    Scope &scope, mlir::Location loc);
  mlir::Location getLocation(const ::onnx::NodeProto &proto,
                             const Scope &scope);
  mlir::LogicalResult importAttributes(const ::onnx::NodeProto &proto,
                                       const Scope &scope, Node &node);
  mlir::FailureOr<mlir::Attribute>
  convertAttribute(const ::onnx::AttributeProto &proto, Node &node);
  mlir::LogicalResult checkSignature(Node &node, size_t numOutputs);
  mlir::LogicalResult checkAttributes(Node &node);
  /// Lifts, infers, folds and, where something is left to compute, builds the
  /// operation; fills node.results.
  mlir::LogicalResult processNode(Node &node);
  void buildOperation(Node &node, llvm::ArrayRef<ImportedValue *> results);
  void recordOrigins(Node &node, llvm::MutableArrayRef<ImportedValue> results);

  //===--- Operators that become several nodes (LiftNodes.cpp) ------------===//
  mlir::LogicalResult processLifted(Node &node);
  mlir::LogicalResult softmaxOfOldOpset(Node &node);
  mlir::LogicalResult groupNormOfOldOpset(Node &node);
  mlir::LogicalResult removeDropout(Node &node);
  /// Processes a node of the newest opset, with one result, that stands for a
  /// part of `origin`.
  mlir::FailureOr<ImportedValue *> addNode(const Node &origin,
                                           llvm::StringRef opType,
                                           Values operands,
                                           mlir::NamedAttrList attributes = {});
  ImportedValue *constants(llvm::ArrayRef<int64_t> elements);

  //===--- Sequences of tensors (Sequences.cpp) ---------------------------===//
  static bool isSequenceOperator(llvm::StringRef opType);
  mlir::LogicalResult importSequenceOperator(const ::onnx::NodeProto &proto,
                                             Scope &scope, mlir::Location loc);
  mlir::LogicalResult importSequenceMap(const ::onnx::NodeProto &proto,
                                        Scope &scope, mlir::Location loc);
  mlir::LogicalResult failSequenceOutput(llvm::StringRef name,
                                         const ::onnx::GraphProto &graph,
                                         const Scope &scope);
  mlir::LogicalResult defineSequence(llvm::StringRef name, Values tensors,
                                     Scope &scope, mlir::Location loc);
  mlir::LogicalResult concatSequence(const ::onnx::NodeProto &proto,
                                     Values tensors, Scope &scope,
                                     mlir::Location loc);
  mlir::LogicalResult splitToSequence(const ::onnx::NodeProto &proto,
                                      Values operands, Scope &scope,
                                      mlir::Location loc);

  //===--- Operators defined by others (FunctionBodies.cpp) ---------------===//
  /// The schema whose body stands for the operator; null where the operator is
  /// known as a whole, or has none.
  const ::onnx::OpSchema *findBody(llvm::StringRef opType, int opset) const;
  mlir::LogicalResult expandOperator(const ::onnx::OpSchema &schema, int opset,
                                     const ::onnx::NodeProto &proto,
                                     Scope &scope, mlir::Location loc);

  //===--- Values (ImportValues.cpp) --------------------------------------===//
  mlir::FailureOr<ImportedValue *>
  importTensor(const ::onnx::TensorProto &tensor, llvm::StringRef name,
               mlir::Location loc);
  mlir::FailureOr<mlir::DenseElementsAttr>
  readElements(const ::onnx::TensorProto &tensor, mlir::RankedTensorType type,
               const TensorContents &contents, mlir::Location loc);
  mlir::Value materialize(ImportedValue &value, mlir::Location loc);
  mlir::Value materializeIntegers(ImportedValue &value, mlir::Location loc);
  mlir::Value makeSymbolic(llvm::ArrayRef<mlir::AffineExpr> elements,
                           mlir::RankedTensorType type, mlir::Location loc);
  mlir::Value getNoValue(mlir::Location loc);

  //===--- Names (RecordTensors.cpp) --------------------------------------===//
  /// The output of a node, or an input that options give; without a value where
  /// nothing computes it when the program runs.
  struct RecordedResult {
    llvm::StringRef name;
    mlir::Value value;
  };
  std::vector<RecordedResult> collectResults(const Scope &scope);
  void recordTensors(llvm::ArrayRef<RecordedResult> results);

  //===--- Shardings in the file (DeviceConfigurations.cpp) ---------------===//
  bool hasShardings() const;
  mlir::LogicalResult recordShardings();

  //===--- The end (FinishModule.cpp) -------------------------------------===//
  mlir::LogicalResult finish(const Scope &scope);
  void removeDeadOperations();
  void resolveSymbols();
  void rewriteElements(
      llvm::function_ref<mlir::AffineExpr(mlir::AffineExpr)> rewrite);

  ModelFile &file;
  const ImportOptions &options;
  mlir::MLIRContext *context;
  mlir::Location fileLoc;
  Symbols symbols;
  ValueFactory factory;
  mlir::OpBuilder builder;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp function;
  mlir::Value noValue;
  Opsets opsets;
  llvm::StringMap<const ::onnx::FunctionProto *> functions;
  llvm::StringMap<Opsets> functionOpsets;
  std::deque<OperatorBody> bodies;
  /// How often value_info contradicts what a value is; the first is reported.
  unsigned numMisdeclared = 0;
  llvm::StringSet<> fixableInputs; ///< Small integer and bool inputs.
};

/// "domain::name", as functions are keyed.
std::string qualifiedName(llvm::StringRef domain, llvm::StringRef name);

} // namespace tpo::importer

#endif // TPOPT_LIB_IMPORT_GRAPHIMPORTER_H

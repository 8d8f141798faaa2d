//===- GraphImporter.h - From a ModelProto to a module ---------*- C++ -*-===//

#ifndef TPOPT_LIB_IMPORT_GRAPHIMPORTER_H
#define TPOPT_LIB_IMPORT_GRAPHIMPORTER_H

#include "ModelFile.h"
#include "Node.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "tp-opt/Import/Import.h"

namespace tpo::importer {

class GraphImporter {
public:
  GraphImporter(ModelFile &file, llvm::StringRef path,
                const ImportOptions &options, mlir::MLIRContext *context);

  mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>> run();

private:
  using Opsets = llvm::StringMap<int64_t>;
  using Values = llvm::SmallVector<ImportedValue *>;

  /// Names that nodes can refer to. A subgraph sees those of the graph around
  /// it, a function's body only its own.
  struct Scope {
    const Scope *parent = nullptr;
    const Opsets *opsets = nullptr;
    llvm::StringMap<ImportedValue *> values;
    /// Of the function call being inlined, by the function's attribute name.
    llvm::StringMap<const ::onnx::AttributeProto *> attributes;
    /// Prefixed to node names of a function's body.
    std::string prefix;
    unsigned depth = 0;

    ImportedValue *lookup(llvm::StringRef name) const;
  };

  //===--- The graph (GraphImporter.cpp) ----------------------------------===//
  mlir::LogicalResult checkModel();
  mlir::LogicalResult importFunctions();
  mlir::LogicalResult importInitializers(const ::onnx::GraphProto &graph,
                                         Scope &scope);
  mlir::LogicalResult importInputs(const ::onnx::GraphProto &graph,
                                   Scope &scope);
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
  mlir::LogicalResult inlineFunction(const ::onnx::FunctionProto &function,
                                     const ::onnx::NodeProto &proto,
                                     Scope &scope, mlir::Location loc);
  mlir::LogicalResult softmaxOfOldOpset(Node &node);
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

  //===--- Values (ImportValues.cpp) --------------------------------------===//
  mlir::FailureOr<ImportedValue *>
  importTensor(const ::onnx::TensorProto &tensor, llvm::StringRef name,
               mlir::Location loc);
  mlir::FailureOr<mlir::DenseElementsAttr>
  readElements(const ::onnx::TensorProto &tensor, mlir::RankedTensorType type,
               const TensorContents &contents, mlir::Location loc);
  mlir::Value materialize(ImportedValue &value, mlir::Location loc);
  mlir::Value materializeIntegers(ImportedValue &value, mlir::Location loc);
  mlir::Value getNoValue(mlir::Location loc);

  //===--- The end (FinishModule.cpp) -------------------------------------===//
  mlir::LogicalResult finish();
  void removeDeadOperations();
  void resolveSymbols();

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
};

/// "domain::name", as functions are keyed.
std::string qualifiedName(llvm::StringRef domain, llvm::StringRef name);

} // namespace tpo::importer

#endif // TPOPT_LIB_IMPORT_GRAPHIMPORTER_H

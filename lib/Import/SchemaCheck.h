//===- SchemaCheck.h - Nodes against the schemas they claim ----*- C++ -*-===//
//
// What ONNX's own checker has against a node of the version its model imports:
// an operator that the opset does not have (yet, or no longer), too many or too
// few operands, attributes that are unknown, of another type or missing, operand
// types that the operator does not take.
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_LIB_IMPORT_SCHEMACHECK_H
#define TPOPT_LIB_IMPORT_SCHEMACHECK_H

#include "onnx/onnx_pb.h"

#include <string>
#include <vector>

namespace tpo::importer {

/// Checks a node of version `opset` of its domain, `ir` being the model's IR
/// version. Returns an empty string or the objection. Operators that ONNX has
/// no schema of at any version (contrib operators), and nodes with subgraphs,
/// whose nodes are checked one by one, pass.
std::string checkNodeSchema(const ::onnx::NodeProto &node, int opset, int ir);

/// Checks that version `opset` has the operator and the node all operands that
/// it needs, and their element types (TensorProto::DataType; 0: unknown). f16 and bf16 pass wherever f32 does: old
/// opsets of operators that exporters use with them do not list them.
std::string checkOperands(const ::onnx::NodeProto &node, int opset, const std::vector<int> &types);

} // namespace tpo::importer

#endif // TPOPT_LIB_IMPORT_SCHEMACHECK_H

//===- AskChecker.cpp - The opinion of ONNX's checker ---------------------===//

#include "CheckModel.h"

#include "onnx/checker.h"

#include <fstream>

/// The checker wants the graph to have a name; ONNX Runtime and the compiler,
/// for which it means nothing, run models without. It is asked about the rest.
static void giveGraphAName(const std::string &path) {
  onnx::ModelProto model;
  std::ifstream in(path, std::ios::binary);
  if (!model.ParseFromIstream(&in) || !model.has_graph() || !model.graph().name().empty())
    return;
  in.close();
  model.mutable_graph()->set_name("graph");
  std::ofstream out(path, std::ios::binary);
  model.SerializeToOstream(&out);
}

std::string tpo::fuzz::askChecker(const std::string &path) {
  giveGraphAName(path);
  try {
    onnx::checker::check_model(path, /*full_check=*/true, /*skip_opset_compatibility_check=*/false,
                               /*check_custom_domain=*/false);
    return "";
  } catch (const std::exception &error) {
    return error.what();
  }
}

//===- AskChecker.cpp - The opinion of ONNX's checker ---------------------===//

#include "CheckModel.h"

#include "onnx/checker.h"

std::string tpo::fuzz::askChecker(const std::string &path) {
  try {
    onnx::checker::check_model(path, /*full_check=*/true, /*skip_opset_compatibility_check=*/false,
                               /*check_custom_domain=*/false);
    return "";
  } catch (const std::exception &error) {
    return error.what();
  }
}

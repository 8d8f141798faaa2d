//===- ImportSupport.h - Small models for tests of the import --*- C++ -*-===//

#ifndef TPOPT_TEST_UNIT_IMPORTSUPPORT_H
#define TPOPT_TEST_UNIT_IMPORTSUPPORT_H

#include "tp-opt/Import/Diagnostics.h"
#include "tp-opt/Import/Import.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include "onnx/defs/parser.h"
#include "onnx/onnx_pb.h"
#include "gtest/gtest.h"

#include <fstream>

namespace tpo::test {

/// A folder that lives as long as the test.
class TemporaryFolder {
public:
  TemporaryFolder() {
    llvm::SmallString<128> unique;
    if (llvm::sys::fs::createUniqueDirectory("tpopt-import", unique))
      ADD_FAILURE() << "cannot make a temporary folder";
    path = unique.str().str();
  }
  ~TemporaryFolder() { llvm::sys::fs::remove_directories(path); }

  std::string file(llvm::StringRef name) const {
    return path + "/" + name.str();
  }
  std::string write(llvm::StringRef name, llvm::StringRef contents) const {
    std::ofstream out(file(name), std::ios::binary);
    out.write(contents.data(), contents.size());
    return file(name);
  }

  std::string path;
};

struct ImportResult {
  std::string ir;     ///< Empty if the import failed.
  std::string errors; ///< Everything reported, as a user sees it.

  bool succeeded() const { return !ir.empty(); }
  bool contains(llvm::StringRef text) const {
    return llvm::StringRef(ir).contains(text);
  }
};

inline ImportResult importFile(const std::string &path,
                               const ImportOptions &options = {}) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  ImportResult result;
  llvm::raw_string_ostream errors(result.errors), ir(result.ir);
  OnnxDiagnosticHandler handler(&context, "model.onnx", errors);
  auto module = importOnnxModel(path, options, &context);
  if (mlir::succeeded(module))
    (*module)->print(ir);
  return result;
}

inline ImportResult importBytes(llvm::StringRef bytes,
                                const ImportOptions &options = {}) {
  TemporaryFolder folder;
  return importFile(folder.write("model.onnx", bytes), options);
}

inline ImportResult importProto(const ::onnx::ModelProto &model,
                                const ImportOptions &options = {}) {
  return importBytes(model.SerializeAsString(), options);
}

inline ::onnx::ModelProto parseModel(const std::string &text) {
  ::onnx::ModelProto model;
  ::onnx::OnnxParser parser(text.c_str());
  auto status = parser.Parse(model);
  EXPECT_TRUE(status.IsOK()) << status.ErrorMessage() << "\nin " << text;
  return model;
}

/// Imports a model given in ONNX's textual syntax.
inline ImportResult importText(const std::string &text,
                               const ImportOptions &options = {}) {
  return importProto(parseModel(text), options);
}

/// A model of one graph, `graph` being `NAME (inputs) => (outputs) { nodes }`.
inline ImportResult importGraph(const std::string &graph, int opset = 18,
                                const ImportOptions &options = {}) {
  return importText(
      "<ir_version: 8, opset_import: [\"\" : " + std::to_string(opset) +
          ", \"com.microsoft\" : 1]>\n" + graph,
      options);
}

} // namespace tpo::test

// The import succeeds, and its result contains all the texts.
#define EXPECT_IR(result, ...)                                                 \
  do {                                                                         \
    ImportResult actual = (result);                                            \
    EXPECT_TRUE(actual.succeeded()) << actual.errors;                          \
    for (const char *text : {__VA_ARGS__})                                     \
      EXPECT_TRUE(actual.contains(text)) << text << "\nin\n" << actual.ir;     \
  } while (false)

// The import fails, and what it says contains the text.
#define EXPECT_ERROR(result, text)                                             \
  do {                                                                         \
    ImportResult actual = (result);                                            \
    EXPECT_FALSE(actual.succeeded());                                          \
    EXPECT_TRUE(llvm::StringRef(actual.errors).contains(text))                 \
        << actual.errors;                                                      \
  } while (false)

#endif // TPOPT_TEST_UNIT_IMPORTSUPPORT_H

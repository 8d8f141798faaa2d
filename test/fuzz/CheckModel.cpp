//===- CheckModel.cpp - One untrusted model through the compiler ----------===//

#include "CheckModel.h"

#include "tp-opt/Pipeline/Compiler.h"

#include "mlir/IR/MLIRContext.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::fuzz;

Outcome tpo::fuzz::compileForCheck(const std::string &path, const std::string &artifact, MLIRContext &context) {
  Outcome outcome;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    outcome.warned |= diagnostic.getSeverity() == DiagnosticSeverity::Warning;
    if (outcome.message.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error)
      outcome.message = diagnostic.str();
    return success();
  });
  CompileOptions options;
  options.model = path;
  options.output = artifact;
  options.mesh = {{"tp", 2}};
  outcome.accepted = succeeded(compileModel(options, context));
  return outcome;
}

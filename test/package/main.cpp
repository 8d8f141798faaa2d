// Compiles the model of the command line for two ranks and prints one rank's program.
#include "tp-opt/Pipeline/Compiler.h"

#include "tprt/tprt.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/raw_ostream.h"

int main(int argc, char **argv) {
  if (argc != 2)
    return 1;
  mlir::DialectRegistry registry;
  tpo::registerAllTpOptDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  tpo::CompileOptions options;
  options.model = argv[1];
  options.output = "-";
  options.emit = tpo::Emit::Partitioned;
  options.mesh = {{"tp", 2}};
  llvm::errs() << "tprt " << tprt_version() << "\n";
  return mlir::failed(tpo::compileModel(options, context));
}

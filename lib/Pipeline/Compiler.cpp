//===- Compiler.cpp - From an ONNX model to an artifact -------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Pipeline/Compiler.h"

#include "Configure.h"
#include "dialects/Tp/Mesh.h"
#include "dialects/Tp/Tp.h"
#include "tp-opt/Artifact/Artifact.h"
#include "tp-opt/Collectives/Passes.h"
#include "tp-opt/Export/Passes.h"
#include "tp-opt/Import/Import.h"
#include "tp-opt/Partition/Passes.h"
#include "tp-opt/Pipeline/Report.h"
#include "tp-opt/Planning/Assumptions.h"
#include "tp-opt/Planning/Constraints.h"
#include "tp-opt/Planning/Passes.h"
#include "tp-opt/Simplify/Passes.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ToolOutputFile.h"

#include <chrono>

using namespace mlir;

namespace tpo {

namespace {

/// Shows the report the module that is about to be partitioned: passes before
/// that still move collectives.
struct ReportGlobal : PassInstrumentation {
  ReportGlobal(Report &report, const Assumptions &assumptions) : report(report), assumptions(assumptions) {}
  void runBeforePass(Pass *pass, Operation *op) override {
    if (auto module = dyn_cast<ModuleOp>(op); module && pass->getArgument() == "tp-partition")
      report.addGlobal(module, assumptions.getPrefill(module));
  }
  Report &report;
  const Assumptions &assumptions;
};

class Compilation {
public:
  Compilation(const CompileOptions &options, MLIRContext &context)
      : options(options), context(context), loc(FileLineColLoc::get(&context, options.model, 0, 0)) {}

  LogicalResult run();

private:
  /// Runs one phase with its name for progress and timings.
  LogicalResult phase(StringRef name, llvm::function_ref<LogicalResult()> body) {
    if (options.onPhase)
      options.onPhase(name);
    auto start = std::chrono::steady_clock::now();
    LogicalResult result = body();
    std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
    double milliseconds = elapsed.count();
    // Other plans are for the report alone.
    if (auto spent = module ? (*module)->getAttrOfType<FloatAttr>(kAlternativesTimeAttr) : nullptr) {
      report.addTiming("explain", spent.getValueAsDouble());
      milliseconds -= spent.getValueAsDouble();
      (*module)->removeAttr(kAlternativesTimeAttr);
    }
    report.addTiming(name, milliseconds);
    return result;
  }
  LogicalResult passes(llvm::function_ref<void(OpPassManager &)> build) {
    PassManager manager(&context);
    // Verifying between the phases is enough.
    manager.enableVerifier(false);
    if (!options.report.empty())
      manager.addInstrumentation(std::make_unique<ReportGlobal>(report, assumptions));
    build(manager);
    return success(succeeded(manager.run(*module)) && succeeded(verify(*module)));
  }
  LogicalResult print(Emit stage, bool &done) {
    if (options.emit != stage)
      return success();
    done = true;
    std::string text;
    llvm::raw_string_ostream os(text);
    module->print(os, OpPrintingFlags().elideLargeElementsAttrs(64));
    return writeText(options.output.empty() ? "-" : options.output, text);
  }
  LogicalResult writeText(StringRef path, StringRef text);
  void addMesh();
  LogicalResult chooseMesh();
  /// Whether the table of configurations is all that is wanted.
  bool isQuestion() const {
    return options.devices > 0 && options.emit == Emit::Artifact && options.output.empty() && options.report.empty() &&
           options.savePlan.empty() && options.explain.empty();
  }
  LogicalResult addConstraints();
  LogicalResult compile();

  const CompileOptions &options;
  MLIRContext &context;
  Location loc;
  OwningOpRef<ModuleOp> module;
  Assumptions assumptions;
  Configured configured;
  Report report;
};

/// Writes a file as a whole or not at all.
LogicalResult Compilation::writeText(StringRef path, StringRef text) {
  if (path == "-") {
    llvm::outs() << text;
    llvm::outs().flush();
    return success();
  }
  std::string temporary = (path + ".tmp").str();
  std::error_code error;
  llvm::raw_fd_ostream file(temporary, error);
  if (!error) {
    file << text;
    file.close();
    error = file.error();
    file.clear_error();
  }
  if (!error)
    error = llvm::sys::fs::rename(temporary, path);
  if (error) {
    llvm::sys::fs::remove(temporary);
    return emitError(UnknownLoc::get(&context)) << "cannot write '" << path << "': " << error.message();
  }
  return success();
}

void Compilation::addMesh() {
  OpBuilder b(&context);
  b.setInsertionPointToStart(module->getBody());
  tp::MeshOp::create(b, module->getLoc(), "mesh", configured.getMesh(options.devices).toAttr(&context));
}

/// What is known about the cluster, before anything is decided: the table, where
/// it is asked for, and the mesh.
LogicalResult Compilation::chooseMesh() {
  if (failed(phase("rank", [&] { return configure(*module, options, configured); })))
    return failure();
  if (!configured.table)
    return success();
  // What is printed to stdout stays readable by programs.
  bool printsProgram = options.emit != Emit::Artifact && (options.output.empty() || options.output == "-");
  llvm::raw_ostream &os = printsProgram ? llvm::errs() : llvm::outs();
  if (options.onPhase)
    options.onPhase("");
  printTable(*configured.table, os);
  os.flush();
  auto sizeOf = [&](StringRef name) {
    auto axis = llvm::find_if(configured.mesh, [&](const MeshAxisOption &option) { return option.name == name; });
    return axis == configured.mesh.end() ? 1 : axis->size;
  };
  report.addConfigurations(*configured.table, sizeOf("tp"), sizeOf("ep"));
  if (!options.chooseTp || isQuestion())
    return success();
  const Configuration *best = getBestTensorParallel(*configured.table);
  if (!best)
    return emitError(loc) << "no tp fits " << configured.table->devices << " devices of " << configured.cluster->name
                          << ": " << configured.table->reasons.front();
  os << "Compiling for tp=" << best->tp << ".\n";
  os.flush();
  return success();
}

LogicalResult Compilation::addConstraints() {
  std::vector<Constraint> constraints;
  for (const std::string &text : options.shard) {
    llvm::Expected<Constraint> constraint = parseShardOption(text);
    if (!constraint)
      return emitError(UnknownLoc::get(&context)) << llvm::toString(constraint.takeError());
    constraints.push_back(std::move(*constraint));
  }
  tpo::addConstraints(*module, constraints);
  return success();
}

LogicalResult Compilation::run() {
  bool done = false;
  FailureOr<Assumptions> parsed = Assumptions::parse(options.assume, loc);
  if (failed(parsed) || failed(loadCluster(options, context, configured)))
    return failure();
  assumptions = std::move(*parsed);
  if (failed(phase("import", [&] {
        ImportOptions importing = options.import;
        importing.recordTensors = options.emit == Emit::ONNX || !options.shard.empty() || !options.explain.empty() ||
                                  !options.planFile.empty() || !options.savePlan.empty();
        auto imported = importOnnxModel(options.model, importing, &context);
        if (failed(imported))
          return failure();
        module = std::move(*imported);
        return success();
      })))
    return failure();
  if (failed(print(Emit::Imported, done)) || done)
    return success(done);
  if (failed(phase("simplify", [&] { return passes(buildSimplifyPipeline); })))
    return failure();
  if (!options.report.empty())
    report.addSimplified(*module);
  if (failed(print(Emit::Simplified, done)) || done)
    return success(done);
  if (configured.cluster && failed(chooseMesh()))
    return failure();
  if (isQuestion())
    return success();
  if (failed(phase("plan", [&] {
        addMesh();
        if (failed(addConstraints()))
          return failure();
        return passes([&](OpPassManager &pm) { buildPlanningPipeline(pm, options); });
      })))
    return failure();
  if (!options.report.empty())
    report.addPlan(*module, assumptions.getPrefill(*module));
  // What only questions about the plan need.
  module->walk([](Operation *op) { op->removeAttr(kAlternativesAttr); });
  (*module)->removeAttr(kTensorsAttr);
  (*module)->removeAttr(kFingerprintAttr);
  if (options.emit == Emit::ONNX)
    return writeOnnxModel(options.model, options.output, (*module)->getAttrOfType<ArrayAttr>(kShardingsAttr), &context);
  if (failed(print(Emit::Planned, done)) || done)
    return success(done);
  // Questions about the plan alone are answered.
  if (options.emit == Emit::Artifact && options.output.empty() && options.report.empty())
    return success();
  if (options.emit == Emit::Sdy) {
    std::string text;
    llvm::raw_string_ostream os(text);
    return failed(exportSdy(*module, os)) ? failure() : writeText(options.output.empty() ? "-" : options.output, text);
  }
  if (failed(phase("partition", [&] { return passes(buildPartitionPipeline); })))
    return failure();
  if (failed(print(Emit::Partitioned, done)) || done)
    return success(done);
  return compile();
}

LogicalResult Compilation::compile() {
  if (!options.report.empty()) {
    SmallVector<int64_t> sizes = assumptions.getPrefill(*module);
    if (failed(report.addPartitioned(*module, sizes)) ||
        failed(report.addVariants(*module, {sizes, assumptions.getDecode(*module)})))
      return failure();
  }
  if (options.emit == Emit::Artifact) {
    ArtifactOptions artifact;
    artifact.output = options.output;
    artifact.modelPath = options.model;
    artifact.modelName = module->getName().value_or("main_graph").str();
    if (auto files = (*module)->getAttrOfType<ArrayAttr>("tp.files"))
      for (Attribute file : files)
        artifact.files.push_back(cast<StringAttr>(file).getValue().str());
    artifact.packWeights = options.packWeights;
    if (!options.output.empty() && failed(phase("lower", [&] {
          Program program;
          if (failed(lowerToProgram(*module, options.lowering, program)))
            return failure();
          return writeArtifact(loc, std::move(program), artifact);
        })))
      return failure();
  } else if (options.emit == Emit::Lowered) {
    bool done = false;
    if (failed(passes([&](OpPassManager &pm) { buildLoweringPipeline(pm, options.lowering); })))
      return failure();
    return print(Emit::Lowered, done);
  } else {
    if (failed(passes([&](OpPassManager &pm) {
          buildLoweringPipeline(pm, options.lowering);
          buildCodegenPipeline(pm, options.lowering);
        })))
      return failure();
    FailureOr<std::string> text =
        options.emit == Emit::PTX ? emitPTX(*module, options.lowering) : emitLLVMIR(*module, options.lowering);
    return failed(text) ? failure() : writeText(options.output.empty() ? "-" : options.output, *text);
  }
  if (options.report.empty())
    return success();
  report.addModel(options.model);
  return writeText(options.report, formatReport(report.take(), options.report));
}

} // namespace

llvm::Expected<std::vector<MeshAxisOption>> parseMesh(StringRef text) {
  std::vector<MeshAxisOption> axes;
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  int64_t devices = 1;
  for (StringRef part : parts) {
    auto [name, size] = part.split('=');
    MeshAxisOption axis{name.str(), 0};
    if (!llvm::is_contained({"dp", "pp", "tp", "ep"}, name))
      return llvm::createStringError("unknown mesh axis '" + name.str() + "': need dp, pp, tp or ep, as in tp=4");
    if (size.getAsInteger(10, axis.size) || axis.size < 1)
      return llvm::createStringError(name.str() + "=" + size.str() + ": the number of devices must be at least 1");
    if (axis.size > kMaxDevices || (devices *= axis.size) > kMaxDevices)
      return llvm::createStringError(name.str() + "=" + size.str() + ": more than " + std::to_string(kMaxDevices) +
                                     " devices");
    for (const MeshAxisOption &other : axes)
      if (other.name == axis.name)
        return llvm::createStringError("mesh axis '" + axis.name + "' is given twice");
    axes.push_back(axis);
  }
  return axes;
}

void buildPlanningPipeline(OpPassManager &passes, const CompileOptions &options) {
  TpPlanPassOptions plan;
  for (const std::string &entry : options.assume)
    plan.assume.push_back(entry);
  for (const std::string &pattern : options.explain)
    plan.explain.push_back(pattern);
  plan.cluster = options.cluster;
  plan.maxWeightBytes = options.maxWeightBytes;
  plan.sequenceParallel = options.sequenceParallel;
  plan.planFile = options.planFile;
  plan.savePlan = options.savePlan;
  plan.alternatives = !options.report.empty();
  plan.recordShardings = options.emit == Emit::ONNX;
  passes.addPass(createTpPlanPass(plan));
}

void buildPartitionPipeline(OpPassManager &passes) {
  passes.addNestedPass<func::FuncOp>(createSinkPartialSumsPass());
  passes.addPass(createPartitionPass());
  passes.addNestedPass<func::FuncOp>(createDedupeCollectivesPass());
}

LogicalResult compileModel(const CompileOptions &options, MLIRContext &context) {
  return Compilation(options, context).run();
}

} // namespace tpo

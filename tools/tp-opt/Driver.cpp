//===- Driver.cpp - The command line of the compiler ----------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver.h"

#include "tp-opt/Import/Diagnostics.h"
#include "tp-opt/Pipeline/Compiler.h"
#include "tp-opt/Planning/Cluster.h"
#include "tp-opt/Planning/Constraints.h"
#include "tp-opt/Planning/Strategies.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
namespace cl = llvm::cl;

namespace tpo {

namespace {

constexpr const char *kOverview = R"(tp-opt: compile an ONNX transformer to a tensor-parallel program

  tp-opt MODEL.onnx --tp=4 -o MODEL.tpx        compile for 4 ranks
  tp-opt MODEL.onnx --tp=4 --report=PLAN.html  what is split, what moves, what it costs
  tp-opt MODEL.onnx --tp=4 --emit=planned      print the program after a phase
  tp-opt MODEL.onnx --devices=8 --cluster=8xH100          which dp x pp x tp is fastest, and why
  tp-opt MODEL.onnx --tp=auto --cluster=FILE -o MODEL.tpx compile for the fastest tp that fits
  tp-run MODEL.tpx --inputs=IN.npz --outputs=OUT.npz

Given anything but an .onnx file, tp-opt is an mlir-opt with the project's passes:
  tp-opt IN.mlir --tp-propagate --tp-partition (all passes: tp-opt --help-passes))";

/// Kept for the option, which does not copy it.
const std::string &describeClusters() {
  static const std::string text = [] {
    std::string names;
    for (const ClusterPreset &preset : getClusterPresets())
      names += (names.empty() ? "" : ", ") + preset.name.str();
    return "Plan for this machine: a YAML or JSON file (docs/planning.md has the keys: FLOP/s by type, memory, links) "
           "or one of " +
           names + ". Warns where --tp=N is predicted to be no faster than half of it, or does not fit";
  }();
  return text;
}

/// Options of the compiler; made when needed, since mlir-opt's command line has
/// options of the same names.
struct Options {
  cl::OptionCategory category{"Options"};
  cl::opt<std::string> model{cl::Positional, cl::Required, cl::desc("MODEL.onnx"), cl::cat(category)};
  cl::opt<std::string> output{"o", cl::desc("The artifact to write (a directory), or the file for --emit"),
                              cl::value_desc("OUT.tpx"), cl::cat(category)};
  cl::opt<std::string> tp{
      "tp",
      cl::desc("Number of tensor-parallel ranks (default 1); 'auto': the one that is predicted to be "
               "fastest of those that divide --devices and fit, on the --cluster"),
      cl::value_desc("N|auto"), cl::init("1"), cl::cat(category)};
  cl::opt<std::string> cluster{"cluster", cl::desc(describeClusters()), cl::value_desc("NAME|FILE"), cl::cat(category)};
  cl::opt<int64_t> devices{
      "devices",
      cl::desc("Print a table of every dp x pp x tp of N devices of the --cluster: predicted latency, throughput and "
               "memory per rank, and why one wins. Without --tp what is compiled is that of --tp=auto; without -o, "
               "--report or --emit nothing is"),
      cl::value_desc("N"), cl::init(0), cl::cat(category)};
  cl::opt<std::string> maxWeights{
      "max-weights",
      cl::desc(
          "What the weights of a rank may take, as '20 GB': the fastest plan that keeps to it (default: the fastest "
          "plan, which divides large weights but may hold others on every rank)"),
      cl::value_desc("SIZE"), cl::cat(category)};
  cl::opt<std::string> sequenceParallel{
      "sequence-parallel",
      cl::desc("Between products, split norms and residual sums along the sequence, with a reduce-scatter and an "
               "all-gather for every all-reduce: 'auto': where it is faster, with a program of its own for decoding "
               "one token (default); 'always'; 'off'"),
      cl::value_desc("auto|always|off"), cl::init("auto"), cl::cat(category)};
  cl::opt<std::string> mesh{"mesh",
                            cl::desc("Device mesh, as tp=4 or ep=2,tp=4, neighbours along the last axis being ranks in "
                                     "a row: ep divides the experts of a mixture of experts and nothing else (dp and "
                                     "pp are not planned)"),
                            cl::value_desc("axis=size,..."), cl::cat(category)};
  cl::opt<LoweringOptions::Target> target{
      "target", cl::desc("What to compile for"), cl::init(LoweringOptions::Target::CPU),
      cl::values(clEnumValN(LoweringOptions::Target::CPU, "cpu", "ranks are threads of one process (default)"),
                 clEnumValN(LoweringOptions::Target::CUDA, "cuda", "NVIDIA GPUs")),
      cl::cat(category)};
  cl::opt<std::string> report{"report", cl::desc("Write a report about plan, collectives and cost: data or a page"),
                              cl::value_desc("FILE.json|.html"), cl::cat(category)};
  cl::opt<Emit> emit{"emit", cl::desc("Stop after a phase and print the program"), cl::init(Emit::Artifact),
                     cl::values(clEnumValN(Emit::Imported, "onnx-mlir", "the imported graph"),
                                clEnumValN(Emit::Simplified, "simplified", "in canonical operators"),
                                clEnumValN(Emit::Planned, "planned", "with the layout of every tensor"),
                                clEnumValN(Emit::Sdy, "sdy", "the same as StableHLO with Shardy's annotations"),
                                clEnumValN(Emit::ONNX, "onnx",
                                           "the model, with the plan in ONNX's multi-device fields (a file beside it)"),
                                clEnumValN(Emit::Partitioned, "partitioned", "the program of one rank"),
                                clEnumValN(Emit::Lowered, "lowered", "runtime operations on buffers"),
                                clEnumValN(Emit::LLVM, "llvm", "LLVM IR"),
                                clEnumValN(Emit::PTX, "ptx", "the GPU kernels")),
                     cl::cat(category)};
  cl::opt<std::string> weights{"weights",
                               cl::desc("'reference': the artifact points into the model's files (default); 'pack': "
                                        "it contains each rank's part"),
                               cl::value_desc("reference|pack"), cl::init("reference"), cl::cat(category)};
  cl::list<std::string> assume{"assume", cl::CommaSeparated,
                               cl::desc("Sizes that plan and report assume for symbolic dimensions (names as in the "
                                        "file; default batch=1,seq=512,past=0)"),
                               cl::value_desc("name=size,..."), cl::cat(category)};
  cl::list<std::string> shard{
      "shard",
      cl::desc("Demand the layout of the tensors (weights, inputs, outputs, results of nodes) of a name or a pattern "
               "with *, ? and [...]: LAYOUT is AXIS:DIMENSION[,...], as in --shard='*.q_proj.weight=tp:1', or "
               "replicated (repeat for others; docs/constraints.md)"),
      cl::value_desc("PATTERN=LAYOUT"), cl::cat(category)};
  cl::opt<std::string> plan{"plan", cl::desc("Demand the layouts in a plan file that --save-plan wrote"),
                            cl::value_desc("FILE.json"), cl::cat(category)};
  cl::opt<std::string> savePlan{"save-plan", cl::desc("Write the layout of every tensor to a plan file, for --plan"),
                                cl::value_desc("FILE.json"), cl::cat(category)};
  cl::list<std::string> explain{
      "explain",
      cl::desc("Print why the tensors of a name or a pattern have their layouts: who demanded it or what the planner "
               "splits, and what the next best layout costs more (repeat for others)"),
      cl::value_desc("PATTERN"), cl::cat(category)};
  cl::list<std::string> dim{"dim", cl::CommaSeparated, cl::desc("Fix symbolic dimensions"),
                            cl::value_desc("name=size,..."), cl::cat(category)};
  cl::list<std::string> inputShape{
      "input-shape",
      cl::desc("Fix the shape of an input: of each dimension a size, a name for it, or ? to "
               "leave it as it is, as in input_ids=1,seq (repeat for other inputs)"),
      cl::value_desc("name=shape"), cl::cat(category)};
  cl::list<std::string> inputValue{
      "input-value",
      cl::desc("Fix what an integer or bool input contains, as in use_cache_branch=0; it is "
               "no input of the artifact then (repeat for other inputs)"),
      cl::value_desc("name=value,..."), cl::cat(category)};
  cl::opt<std::string> cpu{"cpu", cl::desc("Processor to generate code for (default: this machine's)"),
                           cl::value_desc("NAME"), cl::init("native"), cl::cat(category)};
};

int fail(const Twine &message) {
  llvm::WithColor::error(llvm::errs(), "tp-opt") << message << "\n";
  return 1;
}

/// "input_ids=1,seq" or "input_ids=1x8"; false if it is neither.
bool parseInputShape(StringRef entry, ImportOptions &options) {
  auto [name, text] = entry.rsplit('=');
  if (name.empty() || name == entry)
    return false;
  bool isNumbers = text.find_first_not_of("0123456789x") == StringRef::npos;
  SmallVector<StringRef> sizes;
  if (!text.empty())
    text.split(sizes, isNumbers ? 'x' : ',');
  std::vector<std::string> &shape = options.inputShapes[name];
  for (StringRef size : sizes) {
    if (size.trim().empty())
      return false;
    shape.push_back(size.trim().str());
  }
  return true;
}

bool parseInputValue(StringRef entry, ImportOptions &options) {
  auto [name, text] = entry.rsplit('=');
  if (name.empty() || name == entry)
    return false;
  SmallVector<StringRef> elements;
  text.split(elements, ',');
  for (StringRef element : elements) {
    int64_t value;
    if (element == "true" || element == "false")
      value = element == "true";
    else if (element.trim().getAsInteger(10, value))
      return false;
    options.inputValues[name].push_back(value);
  }
  return true;
}

/// One line that is overwritten, on terminals only.
class Progress {
public:
  Progress() : active(llvm::sys::Process::StandardErrIsDisplayed()) {}
  ~Progress() { clear(); }
  void show(StringRef phase) {
    if (phase.empty())
      clear();
    else if (active)
      llvm::errs() << "\r\033[Ktp-opt: " << phase << " ...";
  }
  void clear() {
    if (active)
      llvm::errs() << "\r\033[K";
  }

private:
  bool active;
};

} // namespace

bool isCompilerCommand(int argc, char **argv) {
  if (argc == 1)
    return true;
  for (int i = 1; i < argc; ++i) {
    StringRef argument = argv[i];
    if (argument == "--help" || argument == "-h" || argument == "-help")
      return true;
    if (!argument.starts_with("-") && argument.ends_with(".onnx"))
      return true;
  }
  return false;
}

int runCompiler(int argc, char **argv) {
  Options o;
  cl::HideUnrelatedOptions(o.category);
  cl::ParseCommandLineOptions(argc, argv, kOverview);

  CompileOptions options;
  options.model = o.model;
  options.output = o.output;
  options.report = o.report;
  options.emit = o.emit;
  options.assume.assign(o.assume.begin(), o.assume.end());
  options.shard.assign(o.shard.begin(), o.shard.end());
  for (const std::string &entry : options.shard)
    if (auto constraint = parseShardOption(entry); !constraint)
      return fail(llvm::toString(constraint.takeError()));
  options.planFile = o.plan;
  options.sequenceParallel = o.sequenceParallel;
  if (!parseSequenceParallelism(options.sequenceParallel))
    return fail("--sequence-parallel=" + o.sequenceParallel + ": need 'auto', 'always' or 'off'");
  options.savePlan = o.savePlan;
  options.explain.assign(o.explain.begin(), o.explain.end());
  options.lowering.target = o.target;
  options.lowering.cpu = o.cpu;
  if (o.mesh.getNumOccurrences() && o.tp.getNumOccurrences())
    return fail("give --tp or --mesh, not both");
  options.cluster = o.cluster;
  if (o.maxWeights.getNumOccurrences()) {
    auto size = parseMemorySize(o.maxWeights);
    if (!size)
      return fail("--max-weights: " + llvm::toString(size.takeError()));
    options.maxWeightBytes = *size;
  }
  options.devices = o.devices;
  bool isGiven = o.mesh.getNumOccurrences() || o.tp.getNumOccurrences();
  options.chooseTp = o.tp == "auto" || (o.devices.getNumOccurrences() && !isGiven);
  if (o.devices.getNumOccurrences() && (o.devices < 1 || o.devices > kMaxDevices))
    return fail("--devices=" + Twine(o.devices) + ": need a number from 1 to " + Twine(kMaxDevices));
  if (o.cluster.empty() && (o.devices.getNumOccurrences() || options.chooseTp))
    return fail((o.tp == "auto" ? "--tp=auto" : "--devices") + StringRef(" needs --cluster=NAME|FILE (see --help)"));
  auto mesh =
      parseMesh(o.mesh.getNumOccurrences() ? o.mesh.getValue() : "tp=" + (options.chooseTp ? "1" : o.tp.getValue()));
  if (!mesh)
    return fail((o.mesh.getNumOccurrences() ? "--mesh: " : "--") + llvm::toString(mesh.takeError()));
  options.mesh = *mesh;
  if (o.weights != "reference" && o.weights != "pack")
    return fail("--weights=" + o.weights + ": need 'reference' or 'pack'");
  options.packWeights = o.weights == "pack";
  for (StringRef entry : o.dim) {
    auto [name, text] = entry.rsplit('=');
    int64_t size;
    if (name.empty() || text.getAsInteger(10, size) || size < 0)
      return fail("--dim: '" + entry + "' is not NAME=SIZE");
    options.import.dims[name] = size;
  }
  for (StringRef entry : o.inputShape)
    if (!parseInputShape(entry, options.import))
      return fail("--input-shape: '" + entry + "' is not NAME=SIZE,SIZE,...");
  for (StringRef entry : o.inputValue)
    if (!parseInputValue(entry, options.import))
      return fail("--input-value: '" + entry + "' is not NAME=INTEGER,INTEGER,...");
  StringRef report = options.report;
  if (!report.empty() && !report.ends_with(".json") && !report.ends_with(".html"))
    return fail("--report=" + report + ": the file's name must end in .json (data) or .html (a page)");
  if (options.emit == Emit::Artifact && options.output.empty() && options.report.empty() && options.savePlan.empty() &&
      options.explain.empty() && options.devices == 0)
    return fail("nothing to do: give -o OUT.tpx, --report=FILE.json|.html or --emit=PHASE (see --help)");

  if (options.emit == Emit::ONNX && (options.output.empty() || options.output == "-"))
    return fail("--emit=onnx: give the file to write beside the model, -o FILE.onnx");

  DialectRegistry registry;
  registerAllTpOptDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  // Users know nodes of their model, not our operations.
  context.printOpOnDiagnostic(false);
  Progress progress;
  options.onPhase = [&](StringRef phase) { progress.show(phase); };
  OnnxDiagnosticHandler handler(&context, options.model);
  bool compiled = succeeded(compileModel(options, context));
  return compiled ? 0 : 1;
}

} // namespace tpo

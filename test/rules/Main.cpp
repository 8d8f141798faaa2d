//===- Main.cpp - Execute sharding rules ----------------------------------===//
//
// For every function of the given files (see Cases.h), every mesh, and the
// placements of the mesh on the function's operator: the partitioned operator
// on devices equals the operator on one device.
//
// All placements of one mesh are one program, compiled and run by a fork of
// this process. If that ends in anything but numbers, each placement runs alone
// to find the one to blame. An operator that cannot be compiled without a
// placement either is only partitioned.
//
//===----------------------------------------------------------------------===//

#include "Program.h"
#include "WrongRules.h"

#include "dialects/Onnx/Onnx.h"
#include "dialects/Tp/Interfaces.h"
#include "tp-opt/Pipeline/Compiler.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Regex.h"

#include <csignal>
#include <cstdio>
#include <deque>
#include <map>
#include <set>
#include <sys/wait.h>
#include <unistd.h>

using namespace mlir;
using namespace tpo;
using namespace tpo::test;
namespace cl = llvm::cl;

namespace {

cl::OptionCategory category("Options");
cl::list<std::string> files(cl::Positional, cl::OneOrMore, cl::desc("<.mlir files>"), cl::cat(category));
cl::opt<std::string> only("only", cl::desc("Cases whose name matches this regular expression"), cl::cat(category));
cl::opt<unsigned> limit("limit", cl::desc("Placements per case and mesh; 0: all (default)"), cl::init(0), cl::cat(category));
cl::opt<unsigned> jobCount("jobs", cl::desc("Programs at a time"), cl::init(2), cl::cat(category));
cl::opt<unsigned> timeLimit("timeout", cl::desc("Seconds for one program"), cl::init(120), cl::cat(category));
cl::opt<bool> coverage("coverage", cl::desc("Only check that every operator with a rule is in the files"),
                       cl::cat(category));
cl::opt<bool> wrong("wrong", cl::desc("Replace some rules by wrong ones; succeed if every case is found wrong"),
                    cl::cat(category));
cl::opt<bool> dump("dump", cl::desc("Print the programs instead of running them"), cl::cat(category));

/// Exit codes of a program's process.
enum Exit { Equal = 0, DoesNotRun = 10, Different = 11 };

/// Placements of one mesh on one case, run as one program.
struct Job {
  func::FuncOp function;
  tp::Mesh mesh;
  std::vector<Placement> placements;
  /// Of an operator that does not compile on one device either.
  bool partitionOnly = false;
};

int runJob(const Job &job, StringRef artifact) {
  PlacedProgram program = buildProgram(job.function, job.mesh, job.placements);
  if (failed(partition(program)))
    return DoesNotRun;
  if (job.partitionOnly)
    return Equal;
  std::vector<std::pair<unsigned, std::string>> mistakes;
  if (failed(execute(program, artifact, mistakes)))
    return DoesNotRun;
  for (auto &[index, mistake] : mistakes)
    llvm::errs() << job.placements[index].text << ": " << mistake << "\n";
  return mistakes.empty() ? Equal : Different;
}

class Runner {
public:
  explicit Runner(StringRef folder) : folder(folder.str()) {}

  void run(std::deque<Job> queue) {
    jobs = std::move(queue);
    while (!jobs.empty() || !running.empty()) {
      while (!jobs.empty() && running.size() < jobCount) {
        Job job = std::move(jobs.front());
        jobs.pop_front();
        start(std::move(job));
      }
      finishOne();
    }
  }

  unsigned executed = 0, partitioned = 0;
  /// Messages by case.
  std::map<std::string, std::vector<std::string>> failures;
  /// Why a case does not run without placements; empty where it does.
  std::map<std::string, std::string> obstacles;

private:
  struct Running {
    Job job;
    std::string base;
  };

  std::pair<pid_t, std::string> startProcess(const Job &job) {
    std::string base = folder + "/" + std::to_string(next++);
    llvm::outs().flush();
    pid_t pid = fork();
    if (pid == 0) {
      if (!std::freopen((base + ".err").c_str(), "w", stderr))
        _exit(1);
      std::signal(SIGALRM, SIG_DFL);
      alarm(timeLimit);
      int code = runJob(job, base + ".tpx");
      llvm::errs().flush();
      // No destructors: the process was a copy.
      _exit(code);
    }
    return {pid, base};
  }

  void start(Job job) {
    auto [pid, base] = startProcess(job);
    running[pid] = {std::move(job), base};
  }

  /// What a process wrote; removes its files.
  static std::string takeMessage(StringRef base) {
    std::string message;
    if (auto buffer = llvm::MemoryBuffer::getFile(base + ".err"))
      message = (*buffer)->getBuffer().trim().str();
    llvm::sys::fs::remove_directories(base + ".tpx");
    llvm::sys::fs::remove(base + ".err");
    return message;
  }

  /// Whether the case runs where nothing is placed.
  bool runsUnplaced(Job &job) {
    auto [found, isNew] = obstacles.try_emplace(job.function.getName().str());
    if (isNew) {
      auto [pid, base] = startProcess({job.function, job.mesh, {}});
      int status = 0;
      waitpid(pid, &status, 0);
      std::string message = takeMessage(base);
      if (!WIFEXITED(status) || WEXITSTATUS(status) != Equal)
        found->second = message.empty() ? "crashes" : message;
    }
    return found->second.empty();
  }

  void finishOne() {
    int status = 0;
    pid_t pid = waitpid(-1, &status, 0);
    auto found = running.find(pid);
    if (found == running.end())
      return;
    Running done = std::move(found->second);
    running.erase(found);
    std::string message = takeMessage(done.base);
    Job &job = done.job;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (code == Equal || code == Different)
      (job.partitionOnly ? partitioned : executed) += job.placements.size();
    if (code == Equal)
      return;
    if (code != Different && !job.partitionOnly && !runsUnplaced(job)) {
      job.partitionOnly = true;
      jobs.push_back(std::move(job));
      return;
    }
    if (code != Different && job.placements.size() > 1) {
      for (const Placement &placement : job.placements)
        jobs.push_back({job.function, job.mesh, {placement}, job.partitionOnly});
      return;
    }
    std::string mesh;
    for (const tp::MeshAxis &axis : job.mesh.getAxes())
      mesh += (mesh.empty() ? "" : "x") + std::to_string(axis.size);
    std::string text = "mesh " + mesh + ": ";
    if (code == Different)
      text += "wrong: " + message;
    else
      text += (code == DoesNotRun                                   ? "does not run: "
               : WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "stalled: "
                                                                    : "crashed: ") +
              job.placements.front().text + ": " + message;
    failures[job.function.getName().str()].push_back(text);
  }

  std::string folder;
  std::deque<Job> jobs;
  std::map<pid_t, Running> running;
  uint64_t next = 0;
};

/// Operators whose rules allow nothing but replication, if they have one.
const char *const wholeOperators[] = {"EyeLike", "NoValue", "NonZero",          "Range",
                                      "Shape",   "Size",    "SymbolicConstant", "Unique"};

/// Every operator that has a rule has a case and a local form. A local form
/// without a rule is never used, which is only said.
int checkCoverage(MLIRContext &context, ArrayRef<OwningOpRef<ModuleOp>> modules) {
  std::set<std::string> covered;
  for (const OwningOpRef<ModuleOp> &module : modules)
    for (auto function : (*module).getOps<func::FuncOp>())
      covered.insert(getOperator(function)->getName().stripDialect().str());
  int status = 0;
  for (RegisteredOperationName name : context.getRegisteredOperations()) {
    if (name.getDialectNamespace() != "onnx" || llvm::is_contained(wholeOperators, name.stripDialect()))
      continue;
    bool rule = name.hasInterface<tp::ShardingRuleOpInterface>(), local = name.hasInterface<tp::PartitionOpInterface>();
    auto complain = [&](StringRef what) {
      llvm::errs() << name.getStringRef() << ": " << what << "\n";
      status = 1;
    };
    if (rule && !local)
      complain("has a sharding rule and no local form");
    if (local && !rule)
      llvm::outs() << "note: " << name.getStringRef() << " has a local form and no sharding rule\n";
    if (rule && !covered.count(name.stripDialect().str()))
      complain("has a sharding rule and no case in test/rules");
  }
  return status;
}

/// The jobs of one function; none where its rule fails.
void addJobs(func::FuncOp function, std::deque<Job> &jobs, Runner &runner) {
  for (const tp::Mesh &mesh : getMeshes(function)) {
    FailureOr<std::vector<Placement>> placements = getPlacements(getOperator(function), mesh, limit);
    if (failed(placements)) {
      runner.failures[function.getName().str()].push_back("its rule fails");
      return;
    }
    if (!placements->empty())
      jobs.push_back({function, mesh, std::move(*placements)});
  }
}

int report(Runner &runner, unsigned cases) {
  for (auto &[name, messages] : runner.failures)
    for (const std::string &message : messages)
      llvm::errs() << "FAILED " << name << ": " << message << "\n";
  for (auto &[name, message] : runner.obstacles)
    if (!message.empty())
      llvm::outs() << "ONLY PARTITIONED " << name << ": " << message << "\n";
  llvm::outs() << cases << " cases, " << runner.executed << " placements executed, " << runner.partitioned
               << " only partitioned, " << runner.failures.size() << " cases failed\n";
  if (!wrong)
    return !runner.failures.empty();
  unsigned found = llvm::count_if(runner.failures, [](auto &failure) {
    return llvm::any_of(failure.second, [](StringRef text) { return text.contains(": wrong: "); });
  });
  return found == cases ? 0 : 1;
}

} // namespace

int main(int argc, char **argv) {
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "tpopt-rule-tests: compare placed operators with those on one device\n");
  DialectRegistry registry;
  if (wrong)
    registerWrongRules(registry);
  registry.insert<func::FuncDialect, arith::ArithDialect, linalg::LinalgDialect, math::MathDialect,
                  tensor::TensorDialect>();
  registerAllTpOptDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  context.printOpOnDiagnostic(false);
  context.allowUnregisteredDialects();
  std::vector<OwningOpRef<ModuleOp>> modules;
  for (const std::string &file : files) {
    modules.push_back(parseSourceFile<ModuleOp>(file, &context));
    if (!modules.back())
      return 1;
  }
  if (coverage)
    return checkCoverage(context, modules);

  llvm::SmallString<128> folder;
  if (llvm::sys::fs::createUniqueDirectory("tpopt-rules", folder)) {
    llvm::errs() << "cannot make a folder for artifacts\n";
    return 1;
  }
  Runner runner(folder);
  std::deque<Job> jobs;
  unsigned cases = 0;
  llvm::Regex matches(only);
  for (OwningOpRef<ModuleOp> &module : modules)
    for (auto function : module->getOps<func::FuncOp>()) {
      if (!only.empty() && !matches.match(function.getName()))
        continue;
      ++cases;
      addJobs(function, jobs, runner);
    }
  if (dump)
    for (Job &job : jobs)
      buildProgram(job.function, job.mesh, job.placements).module->print(llvm::outs());
  else
    runner.run(std::move(jobs));
  llvm::sys::fs::remove_directories(folder);
  return report(runner, cases);
}

//===- Batch.cpp - Compile and run many models ----------------------------===//
//
// Reads one job per line of standard input,
//
//   {"id": "x", "model": "x.onnx", "tp": 2, "inputs": "in.npz", "outputs": "out.npz"}
//
// and prints one line per finished job, in any order:
//
//   {"id": "x", "status": "ok", "message": "", "seconds": 0.05}
//
// Without "inputs" a job only compiles. "dims": {"batch": 1} fixes sizes. Each
// job is a fork of this process, which has loaded everything: a job costs what
// its model costs. A status is one of
//   ok        exit 0
//   rejected  the compiler said an error
//   failed    the artifact did not load or run
//   crashed   a signal, or an exit that the program did not mean
//   stalled   no end within the time limit
//
//===----------------------------------------------------------------------===//

#include "RunJob.h"

#include "tp-opt/Import/Diagnostics.h"
#include "tp-opt/Pipeline/Compiler.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <map>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace mlir;
using namespace tpo;
namespace cl = llvm::cl;

namespace {

cl::OptionCategory category("Options");
cl::opt<unsigned> jobCount("jobs", cl::desc("Jobs at a time"), cl::init(2), cl::cat(category));
cl::opt<unsigned> timeLimit("timeout", cl::desc("Seconds for one job"), cl::init(60), cl::cat(category));
cl::opt<unsigned> memoryLimit("memory", cl::desc("Address space of a job in MiB; 0: no limit"), cl::init(0),
                              cl::cat(category));
cl::opt<std::string> scratch("scratch", cl::desc("Folder for artifacts and messages (default: a temporary one)"),
                             cl::cat(category));

/// Exit codes of a job's process.
enum Exit { Ok = 0, Rejected = 10, Failed = 11, BadJob = 12 };

struct Job {
  std::string id, model, inputs, outputs;
  int64_t tp = 1;
  llvm::StringMap<int64_t> dims;
};

llvm::Expected<Job> parseJob(StringRef line) {
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(line);
  if (!value)
    return value.takeError();
  const llvm::json::Object *object = value->getAsObject();
  if (!object || !object->getString("id") || !object->getString("model"))
    return llvm::createStringError("a job needs 'id' and 'model'");
  Job job;
  job.id = object->getString("id")->str();
  job.model = object->getString("model")->str();
  job.inputs = object->getString("inputs").value_or("").str();
  job.outputs = object->getString("outputs").value_or("").str();
  job.tp = object->getInteger("tp").value_or(1);
  if (const llvm::json::Object *dims = object->getObject("dims"))
    for (const auto &entry : *dims)
      job.dims[entry.first] = entry.second.getAsInteger().value_or(0);
  return job;
}

/// Runs in the job's own process, whose standard error is a file.
Exit execute(const Job &job, MLIRContext &context, const std::string &artifact) {
  CompileOptions options;
  options.model = job.model;
  options.output = artifact;
  options.mesh = {{"tp", job.tp}};
  options.import.dims = job.dims;
  {
    OnnxDiagnosticHandler handler(&context, options.model);
    if (failed(compileModel(options, context)))
      return Rejected;
  }
  if (job.inputs.empty())
    return Ok;
  std::string error = runJob(artifact, job.inputs, job.outputs);
  if (error.empty())
    return Ok;
  llvm::errs() << error << "\n";
  return Failed;
}

class Batch {
public:
  Batch(MLIRContext &context, StringRef folder) : context(context), folder(folder.str()) {}

  void start(Job job) {
    std::string base = folder + "/" + std::to_string(next++);
    auto now = std::chrono::steady_clock::now();
    pid_t pid = fork();
    if (pid == 0) {
      if (!std::freopen((base + ".err").c_str(), "w", stderr))
        _exit(BadJob);
      rlimit noCore = {0, 0};
      setrlimit(RLIMIT_CORE, &noCore);
      if (memoryLimit) {
        rlimit memory = {rlim_t(memoryLimit) << 20, rlim_t(memoryLimit) << 20};
        setrlimit(RLIMIT_AS, &memory);
      }
      std::signal(SIGALRM, SIG_DFL);
      alarm(timeLimit);
      int code = execute(job, context, base + ".tpx");
      llvm::errs().flush();
      // No destructors: the process was a copy.
      _exit(code);
    }
    running[pid] = {std::move(job), base, now};
    if (running.size() >= jobCount)
      finishOne();
  }

  void finish() {
    while (!running.empty())
      finishOne();
  }

private:
  struct Running {
    Job job;
    std::string base;
    std::chrono::steady_clock::time_point start;
  };

  void finishOne() {
    int status = 0;
    pid_t pid = waitpid(-1, &status, 0);
    auto found = running.find(pid);
    if (found == running.end())
      return;
    Running done = std::move(found->second);
    running.erase(found);
    std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - done.start;
    std::string result = "crashed", message;
    if (auto buffer = llvm::MemoryBuffer::getFile(done.base + ".err"))
      message = (*buffer)->getBuffer().trim().str();
    if (WIFEXITED(status)) {
      int code = WEXITSTATUS(status);
      result = code == Ok ? "ok" : code == Rejected ? "rejected" : code == Failed ? "failed" : "crashed";
    } else if (WIFSIGNALED(status)) {
      result = WTERMSIG(status) == SIGALRM ? "stalled" : "crashed";
      message += (message.empty() ? "" : "\n") + ("signal " + std::to_string(WTERMSIG(status)));
    }
    llvm::sys::fs::remove_directories(done.base + ".tpx");
    llvm::sys::fs::remove(done.base + ".err");
    llvm::json::Object line{{"id", done.job.id},
                            {"status", result},
                            {"message", llvm::json::fixUTF8(message)},
                            {"seconds", elapsed.count()}};
    llvm::outs() << llvm::json::Value(std::move(line)) << "\n";
    llvm::outs().flush();
  }

  MLIRContext &context;
  std::string folder;
  std::map<pid_t, Running> running;
  uint64_t next = 0;
};

} // namespace

int main(int argc, char **argv) {
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "tp-batch: compile and run many models, one job (JSON) per line of input\n");
  bool temporary = scratch.empty();
  llvm::SmallString<128> folder(scratch);
  if (temporary ? bool(llvm::sys::fs::createUniqueDirectory("tp-batch", folder))
                : bool(llvm::sys::fs::create_directories(folder))) {
    llvm::errs() << "tp-batch: error: cannot make a folder for artifacts\n";
    return 1;
  }
  DialectRegistry registry;
  registerAllTpOptDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  context.printOpOnDiagnostic(false);
  Batch batch(context, folder);
  std::string line;
  int status = 0;
  while (std::getline(std::cin, line)) {
    llvm::Expected<Job> job = parseJob(line);
    if (!job) {
      llvm::errs() << "tp-batch: error: " << llvm::toString(job.takeError()) << "\n";
      status = 1;
      break;
    }
    batch.start(std::move(*job));
  }
  batch.finish();
  if (temporary)
    llvm::sys::fs::remove_directories(folder);
  return status;
}

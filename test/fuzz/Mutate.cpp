//===- Mutate.cpp - Thousands of damaged models ---------------------------===//
//
// Damages the given models at random and compiles each result. A mutant must be
// compiled or rejected with a message: no crash, no hang, nothing that a
// sanitizer reports, and nothing accepted in silence that ONNX's checker
// objects to.
//
// Mutants are numbered; number n is the same model in every run with the same
// models and seed. Processes take a range of them each; one that dies names its
// mutant, and the next process goes on after it.
//
//===----------------------------------------------------------------------===//

#include "CheckModel.h"
#include "ModelMutator.h"

#include "tp-opt/Pipeline/Compiler.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <map>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace tpo;
using namespace tpo::fuzz;
namespace cl = llvm::cl;

namespace {

cl::OptionCategory category("Options");
cl::list<std::string> modelPaths(cl::Positional, cl::OneOrMore, cl::desc("MODEL.onnx..."), cl::cat(category));
cl::opt<uint64_t> count("count", cl::desc("How many mutants"), cl::init(1000), cl::cat(category));
cl::opt<uint64_t> first("first", cl::desc("The first mutant's number"), cl::init(0), cl::cat(category));
cl::opt<uint64_t> seed("seed", cl::desc("Another seed: other mutants"), cl::init(1), cl::cat(category));
cl::opt<unsigned> jobCount("jobs", cl::desc("Processes at a time"), cl::init(2), cl::cat(category));
cl::opt<unsigned> timeLimit("timeout", cl::desc("Seconds for one mutant"), cl::init(30), cl::cat(category));
cl::opt<unsigned> lowerEvery("lower-every", cl::desc("Make an artifact of every n-th mutant; 0: of none"), cl::init(20),
                             cl::cat(category));
cl::opt<std::string> keep("keep", cl::desc("Write mutant --first to this file and stop"), cl::cat(category));
cl::opt<bool> verbose("v", cl::desc("A line for each mutant"), cl::cat(category));
cl::opt<bool> noChecker("no-checker", cl::desc("Do not compare with ONNX's checker"), cl::cat(category));

constexpr uint64_t kChunk = 100;

/// The options that count while mutants are compiled: linking (lld) sets all of LLVM's back to their defaults.
struct Settings {
  uint64_t seed;
  unsigned timeLimit, lowerEvery;
  bool verbose, askChecker;
};

/// What a process tells the parent, in shared memory.
struct Progress {
  uint64_t current;
  uint64_t accepted, rejected, unexplained, objected;
};

struct Base {
  std::string name;
  ::onnx::ModelProto model;
};

class Campaign {
public:
  Campaign(std::vector<Base> bases, uint64_t weightBytes, std::string folder)
      : settings{seed, timeLimit, lowerEvery, verbose, !noChecker}, bases(std::move(bases)), weightBytes(weightBytes),
        folder(std::move(folder)) {}

  /// Mutant `number`; sets what was done to it.
  std::string make(uint64_t number, std::string &description) const {
    const Base &base = bases[number % bases.size()];
    ModelMutator mutator(settings.seed * 1000003 + number);
    std::string bytes = mutator.mutate(base.model);
    description = base.name + ": " + mutator.description();
    return bytes;
  }

  void run() {
    uint64_t next = first, end = first + count;
    auto start = std::chrono::steady_clock::now();
    while (next < end || !running.empty()) {
      while (next < end && running.size() < jobCount) {
        uint64_t stop = std::min<uint64_t>(end, next + kChunk);
        startProcess(next, stop);
        next = stop;
      }
      waitForOne();
    }
    std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    llvm::outs() << count << " mutants of " << bases.size() << " models: " << total.accepted << " accepted, "
                 << total.rejected << " rejected, " << crashes << " crashes, " << stalls << " stalls, "
                 << total.unexplained << " rejected without a message, " << total.objected
                 << " accepted against ONNX's checker; " << llvm::format("%.0f", elapsed.count()) << " s\n";
  }

  bool clean() const { return !crashes && !stalls && !total.unexplained && !total.objected; }

private:
  struct Process {
    uint64_t stop;
    Progress *progress;
  };

  void startProcess(uint64_t begin, uint64_t stop) {
    auto *progress = static_cast<Progress *>(
        mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    if (progress == MAP_FAILED) {
      llvm::errs() << "tp-mutate: error: no shared memory\n";
      _exit(1);
    }
    *progress = {begin, 0, 0, 0, 0};
    llvm::outs().flush();
    pid_t pid = fork();
    if (pid == 0) {
      rlimit noCore = {0, 0};
      setrlimit(RLIMIT_CORE, &noCore);
      std::signal(SIGALRM, SIG_DFL);
      work(*progress, stop);
      llvm::outs().flush();
      _exit(0);
    }
    running[pid] = {stop, progress};
  }

  /// Zeros that take no room on the disk.
  void makeWeights(const std::string &path) {
    std::ofstream(path, std::ios::binary).put(0);
    if (truncate(path.c_str(), static_cast<off_t>(weightBytes)) != 0)
      _exit(1);
  }

  /// The body of a process.
  void work(Progress &progress, uint64_t stop) {
    mlir::DialectRegistry registry;
    registerAllTpOptDialects(registry);
    mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
    std::string own = folder + "/" + std::to_string(getpid());
    llvm::sys::fs::create_directory(own);
    makeWeights(own + "/weights.bin");
    std::string path = own + "/model.onnx", artifact = own + "/model.tpx";
    for (; progress.current < stop; ++progress.current) {
      uint64_t number = progress.current;
      alarm(settings.timeLimit);
      std::string description;
      std::string bytes = make(number, description);
      std::ofstream(path, std::ios::binary).write(bytes.data(), bytes.size());
      bool lower = settings.lowerEvery && number % settings.lowerEvery == 0;
      Outcome outcome = compileForCheck(path, lower ? artifact : "", context);
      judge(progress, number, description, path, outcome);
      if (lower)
        llvm::sys::fs::remove_directories(artifact);
    }
    alarm(0);
    llvm::sys::fs::remove_directories(own);
  }

  void judge(Progress &progress, uint64_t number, const std::string &description, const std::string &path,
             const Outcome &outcome) {
    ++(outcome.accepted ? progress.accepted : progress.rejected);
    if (settings.verbose)
      llvm::outs() << number << " " << description << ": " << (outcome.accepted ? "accepted" : outcome.message) << "\n";
    if (!outcome.accepted && outcome.message.empty()) {
      ++progress.unexplained;
      llvm::outs() << number << " " << description << ": REJECTED WITHOUT A MESSAGE\n";
    }
    // A warning is not silence: shapes of values in between may be stale.
    if (!outcome.accepted || outcome.warned || !settings.askChecker)
      return;
    std::string objection = askChecker(path);
    if (objection.empty())
      return;
    ++progress.objected;
    llvm::StringRef text(objection);
    llvm::outs() << number << " " << description
                 << ": ACCEPTED, but ONNX's checker says: " << text.substr(0, 300).split("\n==>").first << "\n";
  }

  void waitForOne() {
    int status = 0;
    pid_t pid = waitpid(-1, &status, 0);
    auto found = running.find(pid);
    if (found == running.end())
      return;
    Process process = found->second;
    running.erase(found);
    Progress progress = *process.progress;
    munmap(process.progress, sizeof(Progress));
    total.accepted += progress.accepted;
    total.rejected += progress.rejected;
    total.unexplained += progress.unexplained;
    total.objected += progress.objected;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
      return;
    bool stalled = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
    ++(stalled ? stalls : crashes);
    std::string description;
    make(progress.current, description);
    llvm::outs() << progress.current << " " << description << ": " << (stalled ? "STALLED" : "CRASHED") << " (status "
                 << status << ")\n";
    if (progress.current + 1 < process.stop)
      startProcess(progress.current + 1, process.stop);
  }

  Settings settings;
  std::vector<Base> bases;
  uint64_t weightBytes;
  std::string folder;
  std::map<pid_t, Process> running;
  Progress total{};
  uint64_t crashes = 0, stalls = 0;
};

} // namespace

int main(int argc, char **argv) {
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "tp-mutate: compile damaged models; none may crash, hang or pass unseen\n");
  llvm::SmallString<128> folder;
  if (llvm::sys::fs::createUniqueDirectory("tp-mutate", folder)) {
    llvm::errs() << "tp-mutate: error: cannot make a temporary folder\n";
    return 1;
  }
  std::vector<Base> bases;
  uint64_t weightBytes = 0;
  for (const std::string &path : modelPaths) {
    Base base;
    llvm::StringRef parent = llvm::sys::path::parent_path(path);
    base.name = llvm::sys::path::filename(parent).str();
    std::ifstream file(path, std::ios::binary);
    if (!base.model.ParseFromIstream(&file)) {
      llvm::errs() << "tp-mutate: error: cannot read " << path << "\n";
      return 1;
    }
    weightBytes = std::max(weightBytes, moveWeightsOut(base.model, "weights.bin"));
    bases.push_back(std::move(base));
  }
  Campaign campaign(std::move(bases), weightBytes, folder.str().str());
  int status = 0;
  if (!keep.empty()) {
    std::string description, bytes = campaign.make(first, description);
    std::ofstream(keep, std::ios::binary).write(bytes.data(), bytes.size());
    llvm::outs() << description << "; its weights are " << weightBytes << " bytes in weights.bin\n";
  } else {
    campaign.run();
    status = campaign.clean() ? 0 : 1;
  }
  llvm::sys::fs::remove_directories(folder);
  return status;
}

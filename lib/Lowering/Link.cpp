//===- Link.cpp - Links program.so ----------------------------------------===//

#include "Link.h"

#include "TemporaryDirectory.h"

#include "lld/Common/Driver.h"
#include "llvm/Support/raw_ostream.h"

#include <mutex>

LLD_HAS_DRIVER(elf)

using namespace mlir;
using namespace tpo;

static LogicalResult runLinker(Location loc, ArrayRef<std::string> args) {
  static std::mutex mutex; // lld keeps its state in globals
  static bool canRun = true;
  std::lock_guard<std::mutex> lock(mutex);
  if (!canRun)
    return emitError(loc) << "the linker failed before and cannot run again";
  SmallVector<const char *> argv;
  for (const std::string &arg : args)
    argv.push_back(arg.c_str());
  std::string messages;
  llvm::raw_string_ostream os(messages);
  lld::Result result = lld::lldMain(argv, os, os, {{lld::Gnu, &lld::elf::link}});
  canRun = result.canRunAgain;
  if (result.retCode != 0)
    return emitError(loc) << "linking program.so failed: " << messages;
  return success();
}

FailureOr<std::string> tpo::linkSharedObject(Location loc, ArrayRef<StringRef> objects, StringRef emptyObject) {
  TemporaryDirectory directory;
  if (failed(directory.create(loc)) || failed(directory.write(loc, "empty.o", emptyObject)))
    return failure();
  std::string libm = directory.file("libm.so");
  std::vector<std::string> args{"ld.lld",          "-shared", "--no-as-needed", "-z", "noexecstack",
                                "--build-id=none", "-s",      "-soname",        "program.so"};
  args.insert(args.end(), {"-o", directory.file("program.so"), libm});
  for (auto [index, object] : llvm::enumerate(objects)) {
    std::string name = "object" + std::to_string(index) + ".o";
    if (failed(directory.write(loc, name, object)))
      return failure();
    args.push_back(directory.file(name));
  }
  if (failed(runLinker(loc, {"ld.lld", "-shared", "-soname", "libm.so.6", "-o", libm, directory.file("empty.o")})) ||
      failed(runLinker(loc, args)))
    return failure();
  return directory.read(loc, "program.so");
}

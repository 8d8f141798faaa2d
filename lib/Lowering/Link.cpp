//===- Link.cpp - Links program.so ----------------------------------------===//

#include "Link.h"

#include "lld/Common/Driver.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <mutex>

LLD_HAS_DRIVER(elf)

using namespace mlir;
using namespace tpo;

namespace {
/// A directory that goes away with everything in it.
struct TemporaryDirectory {
  ~TemporaryDirectory() {
    if (!path.empty())
      llvm::sys::fs::remove_directories(path);
  }
  std::string file(StringRef name) const {
    SmallString<128> result(path);
    llvm::sys::path::append(result, name);
    return result.str().str();
  }
  SmallString<128> path;
};
} // namespace

static LogicalResult writeFile(Location loc, StringRef path, StringRef content) {
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (!error) {
    os << content;
    os.close();
    error = os.error();
    os.clear_error();
  }
  if (error)
    return emitError(loc) << "cannot write " << path << ": " << error.message();
  return success();
}

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

FailureOr<std::string> tpo::linkSharedObject(Location loc, StringRef object, StringRef emptyObject) {
  TemporaryDirectory directory;
  if (std::error_code error = llvm::sys::fs::createUniqueDirectory("tp-opt-link", directory.path)) {
    directory.path.clear();
    return emitError(loc) << "cannot create a temporary directory: " << error.message();
  }
  std::string programObject = directory.file("program.o"), empty = directory.file("empty.o");
  std::string libm = directory.file("libm.so"), program = directory.file("program.so");
  if (failed(writeFile(loc, programObject, object)) || failed(writeFile(loc, empty, emptyObject)) ||
      failed(runLinker(loc, {"ld.lld", "-shared", "-soname", "libm.so.6", "-o", libm, empty})) ||
      failed(runLinker(loc, {"ld.lld", "-shared", "--no-as-needed", "-z", "noexecstack", "--build-id=none", "-s",
                             "-soname", "program.so", "-o", program, programObject, libm})))
    return failure();
  auto buffer = llvm::MemoryBuffer::getFile(program, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return emitError(loc) << "cannot read the linked program: " << buffer.getError().message();
  return (*buffer)->getBuffer().str();
}

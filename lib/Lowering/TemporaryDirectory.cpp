//===- TemporaryDirectory.cpp - Files for other programs ------------------===//

#include "TemporaryDirectory.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace tpo;

TemporaryDirectory::~TemporaryDirectory() {
  if (!path.empty())
    llvm::sys::fs::remove_directories(path);
}

LogicalResult TemporaryDirectory::create(Location loc) {
  if (std::error_code error = llvm::sys::fs::createUniqueDirectory("tp-opt", path)) {
    path.clear();
    return emitError(loc) << "cannot create a temporary directory: " << error.message();
  }
  return success();
}

std::string TemporaryDirectory::file(StringRef name) const {
  llvm::SmallString<128> result(path);
  llvm::sys::path::append(result, name);
  return result.str().str();
}

LogicalResult TemporaryDirectory::write(Location loc, StringRef name, StringRef content) const {
  std::error_code error;
  llvm::raw_fd_ostream os(file(name), error);
  if (!error) {
    os << content;
    os.close();
    error = os.error();
    os.clear_error();
  }
  if (error)
    return emitError(loc) << "cannot write " << file(name) << ": " << error.message();
  return success();
}

FailureOr<std::string> TemporaryDirectory::read(Location loc, StringRef name) const {
  auto buffer = llvm::MemoryBuffer::getFile(file(name), /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return emitError(loc) << "cannot read " << file(name) << ": " << buffer.getError().message();
  return (*buffer)->getBuffer().str();
}

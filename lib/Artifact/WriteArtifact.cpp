//===- WriteArtifact.cpp - Writing model.tpx ------------------------------===//

#include "PackWeights.h"
#include "tp-opt/Artifact/Artifact.h"
#include "tprt/abi.h"
#include "tprt/fingerprint.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace tpo;
namespace json = llvm::json;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

static LogicalResult writeFile(Location loc, StringRef directory, StringRef name, StringRef content) {
  llvm::SmallString<128> file(directory);
  path::append(file, name);
  std::error_code error;
  llvm::raw_fd_ostream os(file, error);
  if (!error) {
    os << content;
    os.close();
    error = os.error();
    os.clear_error();
  }
  if (error)
    return emitError(loc) << "cannot write " << file << ": " << error.message();
  return success();
}

/// `to` relative to the directory `from`; both absolute and without dots.
static std::string makeRelative(StringRef to, StringRef from) {
  auto a = path::begin(to), aEnd = path::end(to);
  auto b = path::begin(from), bEnd = path::end(from);
  while (a != aEnd && b != bEnd && *a == *b)
    ++a, ++b;
  llvm::SmallString<128> result;
  for (; b != bEnd; ++b)
    path::append(result, "..");
  for (; a != aEnd; ++a)
    path::append(result, *a);
  return result.str().str();
}

static FailureOr<std::string> makeAbsolute(Location loc, StringRef file) {
  llvm::SmallString<128> result(file);
  if (std::error_code error = fs::make_absolute(result))
    return emitError(loc) << "cannot find " << file << ": " << error.message();
  path::remove_dots(result, /*remove_dot_dot=*/true);
  return result.str().str();
}

/// The paths of the weight files; an error where one is missing.
static FailureOr<std::vector<std::string>> findFiles(Location loc, const ArtifactOptions &options, StringRef output,
                                                     json::Array &entries) {
  FailureOr<std::string> model = makeAbsolute(loc, options.modelPath);
  if (failed(model))
    return failure();
  std::vector<std::string> files;
  for (const std::string &name : options.files) {
    llvm::SmallString<128> file(path::parent_path(*model));
    path::append(file, name);
    path::remove_dots(file, /*remove_dot_dot=*/true);
    uint64_t bytes = 0;
    if (std::error_code error = fs::file_size(file, bytes))
      return emitError(loc) << "weight file " << file << ": " << error.message();
    auto content = llvm::MemoryBuffer::getFile(file, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if (!content)
      return emitError(loc) << "weight file " << file << ": " << content.getError().message();
    char fingerprint[17];
    tprt_fingerprint((*content)->getBufferStart(), (*content)->getBufferSize(), fingerprint);
    entries.push_back(json::Object{{"path", file.str().str()},
                                   {"bytes", static_cast<int64_t>(bytes)},
                                   {"fingerprint", std::string(fingerprint)},
                                   {"relative", makeRelative(file, output)}});
    files.push_back(file.str().str());
  }
  return files;
}

/// Whether `directory` may be replaced: nothing is there, or an artifact.
static LogicalResult checkOutput(Location loc, StringRef directory) {
  if (!fs::exists(directory))
    return success();
  llvm::SmallString<128> manifest(directory);
  path::append(manifest, "manifest.json");
  if (fs::is_directory(directory) && fs::exists(manifest))
    return success();
  return emitError(loc) << "will not overwrite " << directory << ": it is not an artifact";
}

/// Moves the finished artifact to its place.
static LogicalResult publish(Location loc, StringRef temporary, StringRef output) {
  std::string old;
  if (fs::exists(output)) {
    old = (temporary + "-old").str();
    if (std::error_code error = fs::rename(output, old))
      return emitError(loc) << "cannot replace " << output << ": " << error.message();
  }
  if (std::error_code error = fs::rename(temporary, output)) {
    if (!old.empty())
      fs::rename(old, output);
    return emitError(loc) << "cannot create " << output << ": " << error.message();
  }
  if (!old.empty())
    fs::remove_directories(old);
  return success();
}

static LogicalResult writeContents(Location loc, Program &program, const ArtifactOptions &options, StringRef output,
                                   StringRef temporary) {
  json::Object &manifest = program.manifest;
  json::Array entries;
  FailureOr<std::vector<std::string>> files = findFiles(loc, options, output, entries);
  if (failed(files))
    return failure();
  FailureOr<std::string> model = makeAbsolute(loc, options.modelPath);
  manifest["format"] = "tpx";
  manifest["version"] = 1;
  manifest["abi"] = TPRT_ABI_VERSION;
  manifest["model"] = json::Object{{"path", *model}, {"name", options.modelName}};
  manifest["files"] = std::move(entries);
  if (options.packWeights && failed(packWeights(loc, manifest, *files, temporary)))
    return failure();
  if (failed(writeFile(loc, temporary, "program.so", program.sharedObject)) ||
      (!program.kernels.empty() && failed(writeFile(loc, temporary, "kernels.fatbin", program.kernels))))
    return failure();
  std::string text;
  llvm::raw_string_ostream(text) << json::Value(json::Object(manifest)) << "\n";
  return writeFile(loc, temporary, "manifest.json", text);
}

LogicalResult tpo::writeArtifact(Location loc, Program program, const ArtifactOptions &options) {
  FailureOr<std::string> output = makeAbsolute(loc, options.output);
  if (failed(output) || failed(checkOutput(loc, *output)))
    return failure();
  llvm::SmallString<128> temporary;
  fs::createUniquePath(*output + ".tmp-%%%%%%", temporary, /*MakeAbsolute=*/false);
  if (std::error_code error = fs::create_directory(temporary, /*IgnoreExisting=*/false, fs::all_all))
    return emitError(loc) << "cannot create " << *output << ": " << error.message();
  auto cleanup = llvm::make_scope_exit([&] { fs::remove_directories(temporary); });
  if (failed(writeContents(loc, program, options, *output, temporary)) ||
      failed(publish(loc, temporary, *output)))
    return failure();
  return success();
}

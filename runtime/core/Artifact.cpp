//===- Artifact.cpp - An opened artifact ----------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Artifact.h"

#include "core/Dtype.h"
#include "tprt/error.h"

#include <dlfcn.h>
#include <filesystem>

using namespace tprt;
namespace fs = std::filesystem;

namespace {

constexpr int64_t maxManifestBytes = int64_t(1) << 30;

// Programs find tprt_op_* among the process's global symbols. A host that
// opened libtprt privately (a Python extension, say) does not have them there.
void promoteRuntimeSymbols() {
  Dl_info info;
  if (dladdr(reinterpret_cast<void *>(&tprt_op_copy), &info) && info.dli_fname)
    dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
}

std::vector<std::vector<std::string>> dimTexts(const Manifest &manifest, const std::vector<TensorSpec> &tensors) {
  std::vector<std::vector<std::string>> result;
  for (const TensorSpec &tensor : tensors) {
    std::vector<std::string> texts;
    for (const Expr &dim : tensor.dims)
      texts.push_back(dim.text(manifest.symbols));
    result.push_back(std::move(texts));
  }
  return result;
}

} // namespace

std::shared_ptr<const Artifact> Artifact::load(const std::string &directory) {
  std::error_code error;
  if (!fs::is_directory(directory, error))
    fail(TPRT_IO_ERROR, directory, ": ",
         fs::exists(directory, error) ? "not a directory; an artifact (.tpx) is one" : "no such artifact");
  std::string manifestPath = directory + "/manifest.json";
  if (!fs::exists(manifestPath, error))
    fail(TPRT_BAD_ARTIFACT, directory, ": has no manifest.json: not an artifact, or an incomplete one");
  std::shared_ptr<Artifact> artifact(new Artifact);
  artifact->directory = directory;
  artifact->manifest = Manifest::parse(readFile(manifestPath, maxManifestBytes), manifestPath);
  const Manifest &manifest = artifact->manifest;
  artifact->files.reserve(manifest.files.size());
  for (const FileSpec &file : manifest.files)
    artifact->files.push_back(openWeightFile(file, directory));
  artifact->inputDims = dimTexts(manifest, manifest.inputs);
  artifact->outputDims = dimTexts(manifest, manifest.outputs);
  artifact->loadProgram();
  return artifact;
}

void Artifact::loadProgram() {
  // An absolute path: dlopen searches the library path for a bare name.
  std::string path = fs::absolute(directory + "/program.so").string();
  std::error_code error;
  if (!fs::is_regular_file(path, error))
    fail(TPRT_BAD_ARTIFACT, directory, ": has no program.so");
  promoteRuntimeSymbols();
  handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    fail(TPRT_BAD_ARTIFACT, path, ": cannot be loaded: ", dlerror());
  auto find = [&](const char *name) {
    void *symbol = dlsym(handle, name);
    if (!symbol)
      fail(TPRT_BAD_ARTIFACT, path, ": does not export ", name);
    return symbol;
  };
  auto version = reinterpret_cast<tprt_abi_version_fn>(find("tp_abi_version"))();
  if (version != TPRT_ABI_VERSION)
    fail(TPRT_BAD_ARTIFACT, path, ": built for program ABI ", version, "; this runtime has ", TPRT_ABI_VERSION);
  program.sizes = reinterpret_cast<tprt_sizes_fn>(find("tp_sizes"));
  program.run = reinterpret_cast<tprt_run_fn>(find("tp_run"));
}

Artifact::~Artifact() {
  if (handle)
    dlclose(handle);
}

std::string tprt::signatureText(const Manifest &manifest, const TensorSpec &tensor) {
  std::string text = std::string(dtypeName(tensor.dtype)) + " [";
  for (size_t i = 0; i < tensor.dims.size(); ++i)
    text += (i ? ", " : "") + tensor.dims[i].text(manifest.symbols);
  return text + "]";
}

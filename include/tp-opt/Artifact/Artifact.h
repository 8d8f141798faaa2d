//===- Artifact.h - Writing model.tpx ---------------------------*- C++ -*-===//
//
// The artifact directory that docs/artifact.md describes.
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_ARTIFACT_ARTIFACT_H
#define TPOPT_ARTIFACT_ARTIFACT_H

#include "tp-opt/Lowering/Program.h"

#include <string>
#include <vector>

namespace tpo {

struct ArtifactOptions {
  /// The directory to create. An artifact that is already there is replaced;
  /// anything else there is an error.
  std::string output;
  /// The .onnx file, and the name of its graph.
  std::string modelPath, modelName;
  /// Weight files (`tp.files`), relative to the model's folder.
  std::vector<std::string> files;
  /// Copy the weights into the artifact, one file per rank.
  bool packWeights = false;
};

/// Writes the artifact beside its final place and renames it there: whatever
/// fails (a full disk, a missing weight file), nothing of it remains. Errors
/// are emitted at `loc`.
mlir::LogicalResult writeArtifact(mlir::Location loc, Program program, const ArtifactOptions &options);

} // namespace tpo

#endif // TPOPT_ARTIFACT_ARTIFACT_H

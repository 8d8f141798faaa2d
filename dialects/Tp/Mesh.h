//===- Mesh.h - Device meshes -----------------------------------*- C++ -*-===//

#ifndef DIALECTS_TP_MESH_H
#define DIALECTS_TP_MESH_H

#include "dialects/Tp/Tp.h"

namespace tpo::tp {

/// One axis of a mesh. Where `tp.mesh` does not say what links can do, the
/// defaults stand for a current accelerator interconnect.
struct MeshAxis {
  static constexpr double kDefaultBandwidth = 100.0;
  static constexpr double kDefaultLatency = 5.0;

  std::string name;
  int64_t size = 1;
  double bandwidth = kDefaultBandwidth; ///< GB/s per device and direction.
  double latency = kDefaultLatency;     ///< Microseconds per message.
};

/// Devices in a grid of named axes. Ranks count with the last axis fastest.
class Mesh {
public:
  Mesh() = default;
  Mesh(llvm::StringRef name, llvm::ArrayRef<MeshAxis> axes)
      : name(name.str()), axes(axes.begin(), axes.end()) {}
  static Mesh get(MeshOp op);
  /// The mesh that `symbol` names around `from`; emits an error at `from` where
  /// there is none.
  static mlir::FailureOr<Mesh> lookup(mlir::Operation *from,
                                      mlir::FlatSymbolRefAttr symbol);

  llvm::StringRef getName() const { return name; }
  llvm::ArrayRef<MeshAxis> getAxes() const { return axes; }
  std::optional<unsigned> findAxis(llvm::StringRef axisName) const;
  int64_t getNumDevices() const;
  MeshAttr toAttr(mlir::MLIRContext *context) const;
  mlir::FlatSymbolRefAttr getSymbol(mlir::MLIRContext *context) const;

  /// The device's index along every axis, and back.
  llvm::SmallVector<int64_t> getCoordinates(int64_t rank) const;
  int64_t getRank(llvm::ArrayRef<int64_t> coordinates) const;

private:
  std::string name;
  llvm::SmallVector<MeshAxis> axes;
};

/// The symbols holding the coordinates of the executing rank, one per mesh
/// axis; null for an axis without one. An axis of size 1 has the constant 0.
using RankCoordinates = llvm::SmallVector<mlir::AffineExpr>;

/// The symbol name of the rank's coordinate along an axis: `%tp`.
std::string getCoordinateSymbol(llvm::StringRef axis);

/// The coordinates as `tp.symbols` around `op` names them.
RankCoordinates lookupRankCoordinates(mlir::Operation *op, const Mesh &mesh);

/// The same, adding to `tp.symbols` what is missing.
RankCoordinates addRankCoordinates(mlir::ModuleOp module, const Mesh &mesh);

} // namespace tpo::tp

#endif // DIALECTS_TP_MESH_H

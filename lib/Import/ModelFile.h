//===- ModelFile.h - An ONNX model and its weight files --------*- C++ -*-===//
//
// Opens a model and finds where the contents of its tensors lie. Everything in
// the file is untrusted: sizes are checked without overflow, external data
// must be inside the model's folder.
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_LIB_IMPORT_MODELFILE_H
#define TPOPT_LIB_IMPORT_MODELFILE_H

#include "WireFormat.h"
#include "mlir/IR/Types.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MemoryBuffer.h"

#include <memory>
#include <optional>

// The ONNX library's protobuf classes.
#include "onnx/onnx_pb.h"

namespace tpo::importer {

/// The type of an ONNX element type; null for those without one here (string)
/// and for unknown numbers.
mlir::Type convertElementType(int32_t dataType, mlir::MLIRContext *context);

/// ONNX's name of an element type, for messages.
std::string elementTypeName(int32_t dataType);
/// The TensorProto::DataType of an element type; 0 for one that is none.
int32_t getDataType(mlir::Type type);

/// Where the contents of a tensor are: a range of a file, or bytes (both
/// little-endian, row-major, 4-bit and 2-bit elements packed).
struct TensorContents {
  std::optional<unsigned> file; ///< Index into ModelFile::getFiles().
  ByteRange range;
  std::string bytes; ///< Where there is no file.
};

class ModelFile {
public:
  static llvm::Expected<std::unique_ptr<ModelFile>> open(llvm::StringRef path);

  const ::onnx::ModelProto &getModel() const { return model; }

  /// Files that hold weights, relative to the model's folder.
  llvm::ArrayRef<std::string> getFiles() const { return files; }

  /// Finds and checks the contents of a tensor with elements of
  /// `bitsPerElement` bits.
  llvm::Expected<TensorContents> locate(const ::onnx::TensorProto &tensor,
                                        unsigned bitsPerElement);

  /// The bytes that `contents` describes: for tensors that become constants.
  llvm::Expected<std::string> read(const TensorContents &contents);

  /// The range of this file with the contents of a tensor, where they were too
  /// many to be read with the graph.
  std::optional<ByteRange> getPayload(const ::onnx::TensorProto &tensor) const;
  /// A range of this file.
  llvm::Expected<std::string> readOwn(ByteRange range) const;

private:
  struct WeightFile {
    unsigned index;
    uint64_t size;
  };

  llvm::Expected<TensorContents>
  locateExternal(const ::onnx::TensorProto &tensor, uint64_t size);
  llvm::Expected<WeightFile> openExternal(llvm::StringRef location);
  unsigned addFile(llvm::StringRef name);

  std::string folder, name;
  std::unique_ptr<llvm::MemoryBuffer> buffer;
  ::onnx::ModelProto model;
  std::vector<ByteRange> payloads;
  std::vector<std::string> files;
  llvm::StringMap<WeightFile> external;
  std::optional<unsigned> ownIndex;
};

/// The number of elements of a tensor; an error for negative sizes and
/// overflow.
llvm::Expected<uint64_t> countElements(const ::onnx::TensorProto &tensor);

} // namespace tpo::importer

#endif // TPOPT_LIB_IMPORT_MODELFILE_H

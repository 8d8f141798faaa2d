//===- PackWeights.cpp - Per-rank safetensors -----------------------------===//
//
// A packed piece keeps the stored element type and is contiguous: where the
// pieces of a weight are one, it is mapped at load. Elements that share bytes
// keep doing so, as a tensor of bytes for readers of the format.
// Format: https://github.com/huggingface/safetensors (8 bytes length of the
// JSON header, header, data).
//
//===----------------------------------------------------------------------===//

#include "PackWeights.h"

#include "tprt/abi.h"

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace tpo;
namespace json = llvm::json;
namespace fs = llvm::sys::fs;

namespace {

/// The name and size in bits of an element type.
struct ElementType {
  StringRef name;
  int64_t bits;
  bool isPacked() const { return bits % 8 != 0; }
};

ElementType getElementType(int64_t dtype) {
  switch (dtype) {
  case TPRT_F32:
    return {"F32", 32};
  case TPRT_U8:
    return {"U8", 8};
  case TPRT_I8:
    return {"I8", 8};
  case TPRT_U16:
    return {"U16", 16};
  case TPRT_I16:
    return {"I16", 16};
  case TPRT_I32:
    return {"I32", 32};
  case TPRT_I64:
    return {"I64", 64};
  case TPRT_BOOL:
    return {"BOOL", 8};
  case TPRT_F16:
    return {"F16", 16};
  case TPRT_F64:
    return {"F64", 64};
  case TPRT_U32:
    return {"U32", 32};
  case TPRT_U64:
    return {"U64", 64};
  case TPRT_F8E4M3FN:
    return {"F8_E4M3", 8};
  case TPRT_F8E5M2:
    return {"F8_E5M2", 8};
  case TPRT_F8E8M0:
    return {"F8_E8M0", 8};
  case TPRT_F8E4M3FNUZ:
  case TPRT_F8E5M2FNUZ:
    return {"U8", 8};
  case TPRT_F6E2M3:
  case TPRT_F6E3M2:
    return {"U8", 6};
  case TPRT_U4:
  case TPRT_I4:
  case TPRT_F4E2M1:
    return {"U8", 4};
  case TPRT_U2:
  case TPRT_I2:
    return {"U8", 2};
  default:
    return {"BF16", 16};
  }
}

/// One piece to copy: a strided view of a file.
struct Piece {
  std::string name;
  int64_t file, offset, stored;
  SmallVector<int64_t> sizes, strides;
  int64_t position = 0; // in the data of the packed file
  json::Object *entry;  // of the manifest

  int64_t getNumElements() const {
    int64_t count = 1;
    for (int64_t size : sizes)
      count *= size;
    return count;
  }
  int64_t getNumBytes() const { return (getNumElements() * getElementType(stored).bits + 7) / 8; }
};

/// The source files, opened once.
class SourceFiles {
public:
  explicit SourceFiles(ArrayRef<std::string> paths) : paths(paths), handles(paths.size(), -1) {}
  ~SourceFiles() {
    for (int handle : handles)
      if (handle >= 0) {
        fs::file_t file = handle;
        (void)fs::closeFile(file);
      }
  }
  FailureOr<int> open(Location loc, int64_t index) {
    if (handles[index] < 0)
      if (std::error_code error = fs::openFileForRead(paths[index], handles[index]))
        return emitError(loc) << "cannot read weights of " << paths[index] << ": " << error.message();
    return handles[index];
  }
  StringRef getPath(int64_t index) const { return paths[index]; }

private:
  ArrayRef<std::string> paths;
  SmallVector<int> handles;
};

} // namespace

static SmallVector<int64_t> toVector(const json::Array *array) {
  SmallVector<int64_t> result;
  for (const json::Value &value : *array)
    result.push_back(*value.getAsInteger());
  return result;
}

/// The pieces of rank `rank`, with their places in the packed file. Pieces that
/// are the same view (tied weights) are stored once.
static SmallVector<Piece, 0> listPieces(json::Object &manifest, int64_t rank, int64_t &totalBytes) {
  SmallVector<Piece, 0> pieces;
  totalBytes = 0;
  for (json::Value &weightValue : *manifest.getArray("weights")) {
    json::Object &weight = *weightValue.getAsObject();
    json::Array &parts = *weight.getArray("parts");
    for (size_t i = 0; i < parts.size(); ++i) {
      json::Object &part = *parts[i].getAsObject();
      json::Object &entry = *(*part.getArray("ranks"))[rank].getAsObject();
      Piece piece;
      piece.name = weight.getString("name")->str() + (parts.size() > 1 ? "#" + std::to_string(i) : "") + "@" +
                   std::to_string(pieces.size());
      piece.file = *part.getInteger("file");
      piece.stored = *part.getInteger("stored");
      piece.offset = *entry.getInteger("offset");
      piece.sizes = toVector(entry.getArray("sizes"));
      piece.strides = toVector(entry.getArray("strides"));
      piece.entry = &entry;
      totalBytes = llvm::alignTo(totalBytes, 64);
      piece.position = totalBytes;
      totalBytes += piece.getNumBytes();
      pieces.push_back(std::move(piece));
    }
  }
  return pieces;
}

/// The header, padded so that the data starts at a multiple of 64 bytes.
static std::string createHeader(ArrayRef<Piece> pieces) {
  json::Object header;
  for (const Piece &piece : pieces) {
    ElementType type = getElementType(piece.stored);
    json::Array shape;
    if (type.isPacked())
      shape.push_back(piece.getNumBytes());
    else
      for (int64_t size : piece.sizes)
        shape.push_back(size);
    header[piece.name] = json::Object{
        {"dtype", type.name.str()},
        {"shape", std::move(shape)},
        {"data_offsets", json::Array{piece.position, piece.position + piece.getNumBytes()}}};
  }
  std::string text;
  llvm::raw_string_ostream(text) << json::Value(std::move(header));
  text.resize(llvm::alignTo(text.size() + 8, 64) - 8, ' ');
  char length[8];
  llvm::support::endian::write64le(length, text.size());
  return std::string(length, 8) + text;
}

/// Reads `buffer` from byte `position` of the file of `piece`.
static LogicalResult readBytes(Location loc, const Piece &piece, SourceFiles &sources, int handle, int64_t position,
                               llvm::MutableArrayRef<char> buffer) {
  while (!buffer.empty()) {
    llvm::Expected<size_t> count = fs::readNativeFileSlice(handle, buffer, position);
    if (!count || *count == 0) {
      std::string message = count ? "the file is too short" : llvm::toString(count.takeError());
      return emitError(loc) << "cannot read weight '" << piece.name << "' of " << sources.getPath(piece.file) << ": "
                            << message;
    }
    position += *count;
    buffer = buffer.drop_front(*count);
  }
  return success();
}

/// Trailing dimensions of `piece` that are contiguous in the file: their number
/// of elements; `outer` is the number of the other dimensions.
static int64_t getContiguousRun(const Piece &piece, size_t &outer) {
  outer = piece.sizes.size();
  int64_t run = 1;
  while (outer > 0 && (piece.strides[outer - 1] == run || piece.sizes[outer - 1] == 1))
    run *= piece.sizes[--outer];
  return run;
}

/// Calls `visit` with the position of every index of the dimensions before
/// `outer`, in elements from the view's start.
static LogicalResult forEachRun(const Piece &piece, size_t outer, llvm::function_ref<LogicalResult(int64_t)> visit) {
  SmallVector<int64_t> index(outer, 0);
  while (true) {
    int64_t element = 0;
    for (size_t d = 0; d < outer; ++d)
      element += index[d] * piece.strides[d];
    if (failed(visit(element)))
      return failure();
    size_t d = outer;
    while (d > 0 && ++index[d - 1] == piece.sizes[d - 1])
      index[--d] = 0;
    if (d == 0)
      return success();
  }
}

/// Appends elements that share bytes: runs of the file joined bit by bit.
static LogicalResult copyPackedPiece(Location loc, const Piece &piece, SourceFiles &sources, int handle,
                                     llvm::raw_ostream &os) {
  int64_t bits = getElementType(piece.stored).bits;
  size_t outer;
  int64_t run = getContiguousRun(piece, outer);
  unsigned pending = 0, numPending = 0;
  std::vector<char> buffer;
  LogicalResult result = forEachRun(piece, outer, [&](int64_t element) {
    int64_t first = piece.offset + element * bits, end = first + run * bits;
    buffer.assign((end + 7) / 8 - first / 8, 0);
    if (failed(readBytes(loc, piece, sources, handle, first / 8, buffer)))
      return failure();
    for (int64_t bit = first; bit < end; bit += bits) {
      size_t at = bit / 8 - first / 8;
      unsigned pair = static_cast<uint8_t>(buffer[at]);
      if (at + 1 < buffer.size())
        pair |= static_cast<unsigned>(static_cast<uint8_t>(buffer[at + 1])) << 8;
      pending |= (pair >> bit % 8 & ((1u << bits) - 1)) << numPending;
      for (numPending += bits; numPending >= 8; numPending -= 8, pending >>= 8)
        os << static_cast<char>(pending & 0xff);
    }
    return success();
  });
  if (numPending)
    os << static_cast<char>(pending);
  return result;
}

/// Appends the elements of `piece` in row-major order.
static LogicalResult copyPiece(Location loc, const Piece &piece, SourceFiles &sources, llvm::raw_ostream &os) {
  if (piece.getNumElements() == 0)
    return success();
  FailureOr<int> handle = sources.open(loc, piece.file);
  if (failed(handle))
    return failure();
  ElementType type = getElementType(piece.stored);
  if (type.isPacked())
    return copyPackedPiece(loc, piece, sources, *handle, os);
  int64_t bytes = type.bits / 8;
  size_t outer;
  int64_t run = getContiguousRun(piece, outer);
  constexpr int64_t kBufferBytes = int64_t(8) << 20;
  std::vector<char> buffer(std::min(run * bytes, kBufferBytes));
  return forEachRun(piece, outer, [&](int64_t element) {
    int64_t position = piece.offset + element * bytes;
    for (int64_t left = run * bytes; left > 0;) {
      llvm::MutableArrayRef<char> chunk(buffer.data(), std::min<int64_t>(left, buffer.size()));
      if (failed(readBytes(loc, piece, sources, *handle, position, chunk)))
        return failure();
      os.write(chunk.data(), chunk.size());
      position += chunk.size();
      left -= chunk.size();
    }
    return success();
  });
}

static LogicalResult packRank(Location loc, json::Object &manifest, int64_t rank, SourceFiles &sources,
                              StringRef path) {
  int64_t totalBytes;
  SmallVector<Piece, 0> pieces = listPieces(manifest, rank, totalBytes);
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (error)
    return emitError(loc) << "cannot write " << path << ": " << error.message();
  std::string header = createHeader(pieces);
  os << header;
  LogicalResult result = success();
  for (const Piece &piece : pieces) {
    os.write_zeros(header.size() + piece.position - os.tell());
    if (failed(copyPiece(loc, piece, sources, os)) || os.has_error()) {
      result = failure();
      break;
    }
  }
  os.close();
  if (os.has_error()) {
    emitError(loc) << "cannot write " << path << ": " << os.error().message();
    os.clear_error();
    return failure();
  }
  if (failed(result))
    return failure();
  for (Piece &piece : pieces) {
    json::Array strides;
    int64_t stride = 1;
    for (int64_t size : llvm::reverse(piece.sizes)) {
      strides.insert(strides.begin(), stride);
      stride *= size;
    }
    (*piece.entry)["file"] = rank;
    int64_t offset = static_cast<int64_t>(header.size()) + piece.position;
    // Views of packed elements count bits.
    (*piece.entry)["offset"] = getElementType(piece.stored).isPacked() ? offset * 8 : offset;
    (*piece.entry)["strides"] = std::move(strides);
  }
  return success();
}

LogicalResult tpo::packWeights(Location loc, json::Object &manifest, ArrayRef<std::string> files,
                               StringRef directory) {
  llvm::SmallString<128> folder(directory);
  llvm::sys::path::append(folder, "weights");
  if (std::error_code error = fs::create_directory(folder, /*IgnoreExisting=*/false, fs::all_all))
    return emitError(loc) << "cannot create " << folder << ": " << error.message();
  SourceFiles sources(files);
  json::Array packed;
  for (int64_t rank = 0, ranks = *manifest.getInteger("ranks"); rank < ranks; ++rank) {
    std::string name = "weights/rank" + std::to_string(rank) + ".safetensors";
    llvm::SmallString<128> path(directory);
    llvm::sys::path::append(path, name);
    uint64_t bytes = 0;
    if (failed(packRank(loc, manifest, rank, sources, path)))
      return failure();
    if (std::error_code error = fs::file_size(path, bytes))
      return emitError(loc) << "cannot read " << path << ": " << error.message();
    packed.push_back(json::Object{{"path", name}, {"bytes", static_cast<int64_t>(bytes)}});
  }
  // The parts' own file is that of the pieces now.
  for (json::Value &weight : *manifest.getArray("weights"))
    for (json::Value &part : *weight.getAsObject()->getArray("parts"))
      part.getAsObject()->erase("file");
  manifest["files"] = std::move(packed);
  return success();
}

//===- ModelFile.cpp - An ONNX model and its weight files -----------------===//

#include "ModelFile.h"

#include "TensorFields.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace tpo::importer;
using ::onnx::TensorProto;

template <typename... Ts>
static Error fail(const char *format, Ts &&...values) {
  return createStringError(formatv(format, std::forward<Ts>(values)...).str());
}

//===----------------------------------------------------------------------===//
// Element types and sizes
//===----------------------------------------------------------------------===//

mlir::Type tpo::importer::convertElementType(int32_t dataType,
                                             mlir::MLIRContext *context) {
  auto integer = [&](unsigned width, bool isUnsigned = false) {
    return mlir::IntegerType::get(context, width,
                                  isUnsigned ? mlir::IntegerType::Unsigned
                                             : mlir::IntegerType::Signless);
  };
  switch (dataType) {
  case TensorProto::FLOAT:
    return mlir::Float32Type::get(context);
  case TensorProto::FLOAT16:
    return mlir::Float16Type::get(context);
  case TensorProto::BFLOAT16:
    return mlir::BFloat16Type::get(context);
  case TensorProto::DOUBLE:
    return mlir::Float64Type::get(context);
  case TensorProto::FLOAT8E4M3FN:
    return mlir::Float8E4M3FNType::get(context);
  case TensorProto::FLOAT8E4M3FNUZ:
    return mlir::Float8E4M3FNUZType::get(context);
  case TensorProto::FLOAT8E5M2:
    return mlir::Float8E5M2Type::get(context);
  case TensorProto::FLOAT8E5M2FNUZ:
    return mlir::Float8E5M2FNUZType::get(context);
  case TensorProto::FLOAT8E8M0:
    return mlir::Float8E8M0FNUType::get(context);
  case TensorProto::FLOAT4E2M1:
    return mlir::Float4E2M1FNType::get(context);
  case TensorProto::FLOAT6E2M3:
    return mlir::Float6E2M3FNType::get(context);
  case TensorProto::FLOAT6E3M2:
    return mlir::Float6E3M2FNType::get(context);
  case TensorProto::COMPLEX64:
    return mlir::ComplexType::get(mlir::Float32Type::get(context));
  case TensorProto::COMPLEX128:
    return mlir::ComplexType::get(mlir::Float64Type::get(context));
  case TensorProto::BOOL:
    return integer(1);
  case TensorProto::INT2:
    return integer(2);
  case TensorProto::INT4:
    return integer(4);
  case TensorProto::INT8:
    return integer(8);
  case TensorProto::INT16:
    return integer(16);
  case TensorProto::INT32:
    return integer(32);
  case TensorProto::INT64:
    return integer(64);
  case TensorProto::UINT2:
    return integer(2, true);
  case TensorProto::UINT4:
    return integer(4, true);
  case TensorProto::UINT8:
    return integer(8, true);
  case TensorProto::UINT16:
    return integer(16, true);
  case TensorProto::UINT32:
    return integer(32, true);
  case TensorProto::UINT64:
    return integer(64, true);
  default:
    return {};
  }
}

std::string tpo::importer::elementTypeName(int32_t dataType) {
  if (TensorProto::DataType_IsValid(dataType))
    return StringRef(TensorProto::DataType_Name(
                         static_cast<TensorProto::DataType>(dataType)))
        .lower();
  return "number " + std::to_string(dataType);
}

int32_t tpo::importer::getDataType(mlir::Type type) {
  for (int32_t dataType = 1; type && dataType < TensorProto::DataType_ARRAYSIZE;
       ++dataType)
    if (convertElementType(dataType, type.getContext()) == type)
      return dataType;
  return 0;
}

Expected<uint64_t> tpo::importer::countElements(const TensorProto &tensor) {
  uint64_t count = 1;
  for (int64_t dim : tensor.dims()) {
    // A zero size hides an overflow of the others, but then nothing is read.
    if (dim < 0)
      return fail("tensor '{0}' has the negative size {1}", tensor.name(), dim);
    if (__builtin_mul_overflow(count, static_cast<uint64_t>(dim), &count) ||
        count > uint64_t(1) << 56)
      return fail("tensor '{0}' is too large", tensor.name());
  }
  return count;
}

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

Expected<std::unique_ptr<ModelFile>> ModelFile::open(StringRef path) {
  if (sys::fs::is_directory(path))
    return fail("is a folder, not a model");
  // Mapped, not read: only the pages with the graph are ever touched.
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return fail("cannot open: {0}", buffer.getError().message());
  auto file = std::make_unique<ModelFile>();
  file->buffer = std::move(*buffer);
  file->name = sys::path::filename(path).str();
  SmallString<256> absolute(path), folder;
  if (std::error_code error = sys::fs::make_absolute(absolute))
    return fail("{0}", error.message());
  if (std::error_code error =
          sys::fs::real_path(sys::path::parent_path(absolute), folder))
    return fail("{0}", error.message());
  file->folder = folder.str().str();

  Expected<StrippedModel> stripped = stripPayloads(file->buffer->getBuffer());
  if (!stripped)
    return stripped.takeError();
  if (stripped->bytes.size() > std::numeric_limits<int32_t>::max())
    return fail("the graph alone is larger than 2 GB");
  if (!file->model.ParseFromArray(stripped->bytes.data(),
                                  static_cast<int>(stripped->bytes.size())))
    return fail("not a valid ONNX model: malformed protobuf message");
  if (!file->model.has_graph() || file->model.opset_import_size() == 0)
    return fail("not a valid ONNX model: it has no {0}",
                file->model.has_graph() ? "opset" : "graph");
  file->payloads = std::move(stripped->payloads);
  return file;
}

unsigned ModelFile::addFile(StringRef fileName) {
  files.push_back(fileName.str());
  return files.size() - 1;
}

//===----------------------------------------------------------------------===//
// External data
//===----------------------------------------------------------------------===//

Expected<ModelFile::WeightFile> ModelFile::openExternal(StringRef location) {
  auto known = external.find(location);
  if (known != external.end())
    return known->second;
  if (location.empty() || location.contains('\0') || location.contains('\\'))
    return fail("external data has the invalid location '{0}'", location);
  if (sys::path::is_absolute(location))
    return fail("external data '{0}' has an absolute path; it must be inside "
                "the model's folder",
                location);
  if (llvm::is_contained(llvm::make_range(sys::path::begin(location),
                                          sys::path::end(location)),
                         ".."))
    return fail("external data '{0}' leaves the model's folder", location);
  SmallString<256> path(folder), real;
  sys::path::append(path, location);
  sys::fs::file_status status;
  if (std::error_code error = sys::fs::status(path, status))
    return fail("external data file '{0}': {1}", location, error.message());
  if (status.type() != sys::fs::file_type::regular_file)
    return fail("external data '{0}' is not a file", location);
  // Only now are links followed: the file they lead to must be inside as well.
  if (std::error_code error = sys::fs::real_path(path, real))
    return fail("external data file '{0}': {1}", location, error.message());
  SmallString<256> prefix(folder);
  if (!StringRef(prefix).ends_with("/"))
    prefix += "/";
  if (!StringRef(real).starts_with(prefix))
    return fail("external data '{0}' is a link out of the model's folder, to "
                "'{1}'",
                location, real);
  WeightFile file{addFile(location), status.getSize()};
  external[location] = file;
  return file;
}

Expected<TensorContents> ModelFile::locateExternal(const TensorProto &tensor,
                                                   uint64_t size) {
  StringRef location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
  for (const auto &entry : tensor.external_data()) {
    uint64_t number = 0;
    bool isNumber = !StringRef(entry.value()).getAsInteger(10, number);
    if (entry.key() == "location") {
      location = entry.value();
    } else if (entry.key() == "offset" || entry.key() == "length") {
      if (!isNumber)
        return fail("tensor '{0}': external data has the invalid {1} '{2}'",
                    tensor.name(), entry.key(), entry.value());
      if (entry.key() == "offset")
        offset = number;
      else
        length = number;
    }
  }
  Expected<WeightFile> file = openExternal(location);
  if (!file)
    return fail("tensor '{0}': {1}", tensor.name(),
                llvm::toString(file.takeError()));
  if (length && *length != size)
    return fail("tensor '{0}': external data of {1} bytes, but its type and "
                "shape need {2}",
                tensor.name(), *length, size);
  if (offset > file->size || size > file->size - offset)
    return fail("tensor '{0}': bytes {1} to {2} are past the end of '{3}', "
                "which has {4}",
                tensor.name(), offset, offset + size, location, file->size);
  TensorContents contents;
  contents.file = file->index;
  contents.range = {offset, size};
  return contents;
}

//===----------------------------------------------------------------------===//
// Contents
//===----------------------------------------------------------------------===//

// The stripped contents of `tensor`, if there are any.
static std::optional<ByteRange> findPayload(const TensorProto &tensor,
                                            ArrayRef<ByteRange> payloads) {
  for (const auto &entry : tensor.external_data()) {
    size_t index = 0;
    if (entry.key() == kPayloadKey &&
        !StringRef(entry.value()).getAsInteger(10, index) &&
        index < payloads.size())
      return payloads[index];
  }
  return std::nullopt;
}

std::optional<ByteRange>
ModelFile::getPayload(const TensorProto &tensor) const {
  return findPayload(tensor, payloads);
}

Expected<std::string> ModelFile::readOwn(ByteRange range) const {
  return buffer->getBuffer().substr(range.offset, range.size).str();
}

Expected<TensorContents> ModelFile::locate(const TensorProto &tensor,
                                           unsigned bitsPerElement) {
  Expected<uint64_t> count = countElements(tensor);
  if (!count)
    return count.takeError();
  uint64_t size = llvm::divideCeil(*count * bitsPerElement, 8);
  if (tensor.has_segment())
    return fail("tensor '{0}' is stored in segments", tensor.name());
  if (tensor.data_location() == TensorProto::EXTERNAL)
    return locateExternal(tensor, size);

  TensorContents contents;
  if (std::optional<ByteRange> payload = findPayload(tensor, payloads)) {
    if (!ownIndex)
      ownIndex = addFile(name);
    contents.file = *ownIndex;
    contents.range = *payload;
  } else {
    Expected<std::string> bytes = encodeFields(tensor);
    if (!bytes)
      return bytes.takeError();
    contents.bytes = std::move(*bytes);
    contents.range.size = contents.bytes.size();
  }
  if (contents.range.size != size)
    return fail("tensor '{0}' has {1} bytes, but its type and shape need {2}",
                tensor.name(), contents.range.size, size);
  return contents;
}

Expected<std::string> ModelFile::read(const TensorContents &contents) {
  if (!contents.file)
    return contents.bytes;
  if (contents.file == ownIndex)
    return buffer->getBuffer()
        .substr(contents.range.offset, contents.range.size)
        .str();
  SmallString<256> path(folder);
  sys::path::append(path, files[*contents.file]);
  auto slice = MemoryBuffer::getFileSlice(path, contents.range.size,
                                          contents.range.offset);
  if (!slice)
    return fail("cannot read '{0}': {1}", files[*contents.file],
                slice.getError().message());
  return (*slice)->getBuffer().str();
}

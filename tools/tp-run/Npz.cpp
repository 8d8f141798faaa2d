//===- Npz.cpp - NumPy archives -------------------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Npz.h"

#include "tprt/tprt.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <regex>
#include <stdexcept>
#include <unistd.h>
#include <zip.h>

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const std::string &path, const std::string &why) {
  throw std::runtime_error(path + ": " + why);
}

std::string zipMessage(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

struct ZipCloser {
  void operator()(zip_t *archive) const { zip_discard(archive); }
};
struct EntryCloser {
  void operator()(zip_file_t *file) const { zip_fclose(file); }
};

struct NpyType {
  const char *descr;
  int32_t dtype;
};
constexpr NpyType npyTypes[] = {{"<f4", TPRT_F32}, {"<f8", TPRT_F64}, {"<f2", TPRT_F16}, {"<i8", TPRT_I64},
                                {"<i4", TPRT_I32}, {"<i2", TPRT_I16}, {"|i1", TPRT_I8},  {"|u1", TPRT_U8},
                                {"<u2", TPRT_U16}, {"<u4", TPRT_U32}, {"<u8", TPRT_U64}, {"|b1", TPRT_BOOL},
                                {"<V2", TPRT_U16}, {"|V2", TPRT_U16}};

// The type with a NumPy name that stands for `dtype`.
int32_t npyDtype(int32_t dtype) {
  switch (dtype) {
  case TPRT_BF16:
    return TPRT_U16;
  case TPRT_I4:
  case TPRT_I2:
    return TPRT_I8;
  case TPRT_U4:
  case TPRT_U2:
  case TPRT_F8E4M3FN:
  case TPRT_F8E4M3FNUZ:
  case TPRT_F8E5M2:
  case TPRT_F8E5M2FNUZ:
  case TPRT_F8E8M0:
  case TPRT_F6E2M3:
  case TPRT_F6E3M2:
  case TPRT_F4E2M1:
    return TPRT_U8;
  default:
    return dtype;
  }
}

constexpr size_t maxHeader = 8192;

// The format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
// Fills the view and returns where the data begins.
size_t parseHeader(const std::vector<char> &bytes, tprt_view &view, const std::string &where) {
  auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(bytes[i])); };
  if (bytes.size() < 12 || std::memcmp(bytes.data(), "\x93NUMPY", 6) != 0)
    refuse(where, "not a .npy array");
  size_t major = byte(6), begin = major == 1 ? 10 : 12;
  size_t length = byte(8) | byte(9) << 8;
  if (major > 1)
    length |= byte(10) << 16 | byte(11) << 24;
  if (major < 1 || major > 3 || length > bytes.size() - begin)
    refuse(where, "damaged .npy header");
  // Those of supported arrays have some 300 at most, and padding. Each character may cost std::regex a stack frame.
  if (length > maxHeader)
    refuse(where, "a .npy header of " + std::to_string(length) + " bytes");
  std::string header(bytes.data() + begin, length);
  static const std::regex descrForm("'descr'\\s*:\\s*'([^']*)'"), orderForm("'fortran_order'\\s*:\\s*(True|False)"),
      shapeForm("'shape'\\s*:\\s*\\(([0-9, ]*)\\)");
  std::smatch descr, order, shape;
  if (!std::regex_search(header, descr, descrForm) || !std::regex_search(header, order, orderForm) ||
      !std::regex_search(header, shape, shapeForm))
    refuse(where, "a kind of array that is not supported: " + header.substr(0, 100));
  view.dtype = 0;
  for (const NpyType &type : npyTypes)
    if (descr[1] == type.descr)
      view.dtype = type.dtype;
  if (!view.dtype)
    refuse(where, "element type '" + descr[1].str().substr(0, 100) + "' is not supported");
  std::string sizes = shape[1];
  static const std::regex number("[0-9]+");
  for (std::sregex_iterator it(sizes.begin(), sizes.end(), number), end; it != end; ++it) {
    if (view.rank == TPRT_MAX_RANK || it->str().size() > 18)
      refuse(where, "shape (" + sizes + ") is not supported");
    view.sizes[view.rank++] = std::stoll(it->str());
  }
  bool fortran = order[1] == "True";
  int64_t count = 1;
  for (int32_t i = 0; i < view.rank; ++i) {
    int32_t d = fortran ? i : view.rank - 1 - i;
    view.strides[d] = count;
    if (__builtin_mul_overflow(count, view.sizes[d], &count))
      refuse(where, "shape (" + sizes + ") is too large");
  }
  int64_t total;
  if (__builtin_mul_overflow(count, static_cast<int64_t>(tprt_dtype_size(view.dtype)), &total) ||
      total != static_cast<int64_t>(bytes.size() - begin - length))
    refuse(where, "has " + std::to_string(bytes.size() - begin - length) + " bytes of data, shape (" + sizes +
                      ") needs " + std::to_string(total));
  return begin + length;
}

std::string makeHeader(const tprt_view &view) {
  int32_t dtype = npyDtype(view.dtype);
  std::string descr;
  for (const NpyType &type : npyTypes)
    if (descr.empty() && type.dtype == dtype)
      descr = type.descr;
  std::string text = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (";
  for (int32_t i = 0; i < view.rank; ++i)
    text += std::to_string(view.sizes[i]) + (view.rank == 1 ? "," : i + 1 < view.rank ? ", " : "");
  text += "), }";
  // Magic, version and length are 10 bytes; data begins at a multiple of 64.
  size_t padded = (10 + text.size() + 1 + 63) / 64 * 64 - 10;
  text.append(padded - text.size() - 1, ' ');
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

size_t byteCount(const tprt_view &view) {
  size_t bytes = tprt_dtype_size(view.dtype);
  for (int32_t i = 0; i < view.rank; ++i)
    bytes *= view.sizes[i];
  return bytes;
}

// The same bytes at every run: entries carry the earliest time a zip can hold.
time_t earliestTime() {
  std::tm date{};
  date.tm_year = 80;
  date.tm_mday = 1;
  date.tm_isdst = -1;
  return std::mktime(&date);
}

void addArrays(zip_t *archive, const std::vector<NpzOutput> &arrays, std::vector<std::string> &headers,
               std::vector<std::vector<zip_buffer_fragment_t>> &fragments, const std::string &path) {
  time_t time = earliestTime();
  headers.reserve(arrays.size());
  fragments.reserve(arrays.size());
  for (const NpzOutput &array : arrays) {
    headers.push_back(makeHeader(array.view));
    std::string &header = headers.back();
    fragments.push_back({{reinterpret_cast<zip_uint8_t *>(header.data()), header.size()},
                         {static_cast<zip_uint8_t *>(array.view.data), byteCount(array.view)}});
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_fragment_create(fragments.back().data(), 2, 0, &error);
    zip_int64_t index = -1;
    if (source) {
      index = zip_file_add(archive, (array.name + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8);
      if (index < 0)
        zip_source_free(source);
    }
    if (index < 0)
      refuse(path, "array '" + array.name + "' cannot be added: " + zip_strerror(archive));
    zip_set_file_compression(archive, index, ZIP_CM_STORE, 0);
    zip_file_set_mtime(archive, index, time, 0);
  }
}

void writeToFile(const std::string &path, const std::vector<NpzOutput> &arrays) {
  // libzip itself writes beside this and renames, but only this name is known
  // to be unused.
  std::string temporary = path + ".tmp" + std::to_string(getpid());
  struct Remover {
    const std::string &name;
    ~Remover() { unlink(name.c_str()); }
  } remover{temporary};
  int code = 0;
  std::unique_ptr<zip_t, ZipCloser> archive(zip_open(temporary.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code));
  if (!archive)
    refuse(path, "cannot be created: " + zipMessage(code));
  std::vector<std::string> headers;
  std::vector<std::vector<zip_buffer_fragment_t>> fragments;
  addArrays(archive.get(), arrays, headers, fragments, path);
  if (zip_close(archive.get()) != 0)
    refuse(path, std::string("cannot be written: ") + zip_strerror(archive.get()));
  archive.release();
  if (rename(temporary.c_str(), path.c_str()) != 0)
    refuse(path, std::string("cannot be written: ") + strerror(errno));
}

// Pipes and devices: the archive is made in memory, since a zip needs seeking.
void writeToDevice(const std::string &path, const std::vector<NpzOutput> &arrays) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t *memory = zip_source_buffer_create(nullptr, 0, 0, &error);
  std::unique_ptr<zip_t, ZipCloser> archive(memory ? zip_open_from_source(memory, ZIP_TRUNCATE, &error) : nullptr);
  if (!archive)
    refuse(path, std::string("cannot be made: ") + zip_error_strerror(&error));
  zip_source_keep(memory);
  std::unique_ptr<zip_source_t, void (*)(zip_source_t *)> keeper(memory, zip_source_free);
  std::vector<std::string> headers;
  std::vector<std::vector<zip_buffer_fragment_t>> fragments;
  addArrays(archive.get(), arrays, headers, fragments, path);
  if (zip_close(archive.get()) != 0)
    refuse(path, std::string("cannot be made: ") + zip_strerror(archive.get()));
  archive.release();
  zip_source_open(memory);
  zip_source_seek(memory, 0, SEEK_END);
  std::vector<char> bytes(zip_source_tell(memory));
  zip_source_seek(memory, 0, SEEK_SET);
  zip_source_read(memory, bytes.data(), bytes.size());
  zip_source_close(memory);
  int descriptor = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0)
    refuse(path, std::string("cannot be opened: ") + strerror(errno));
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t count = write(descriptor, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0) {
      std::string why = strerror(errno);
      close(descriptor);
      refuse(path, "cannot be written: " + why);
    }
    done += count;
  }
  if (close(descriptor) != 0)
    refuse(path, std::string("cannot be written: ") + strerror(errno));
}

} // namespace

int32_t storedAs(int32_t stored, int32_t wanted) { return npyDtype(wanted) == stored ? wanted : stored; }

std::vector<NpzArray> readNpz(const std::string &path) {
  int code = 0;
  std::error_code missing;
  if (!fs::exists(path, missing))
    refuse(path, "no such file");
  std::unique_ptr<zip_t, ZipCloser> archive(zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code));
  if (!archive)
    refuse(path, "not a readable .npz archive: " + zipMessage(code));
  std::vector<NpzArray> arrays;
  zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t info;
    if (zip_stat_index(archive.get(), i, 0, &info) != 0 || !(info.valid & ZIP_STAT_SIZE) ||
        !(info.valid & ZIP_STAT_NAME))
      refuse(path, "damaged archive");
    std::string name = info.name;
    if (name.size() < 4 || name.substr(name.size() - 4) != ".npy")
      refuse(path, "entry '" + name + "' is not a .npy array");
    NpzArray array;
    array.name = name.substr(0, name.size() - 4);
    std::string where = path + ": array '" + array.name + "'";
    std::unique_ptr<zip_file_t, EntryCloser> file(zip_fopen_index(archive.get(), i, 0));
    if (!file)
      refuse(where, zip_strerror(archive.get()));
    // Grown as data arrives: the size in the archive may be a lie.
    std::vector<char> &bytes = array.bytes;
    while (true) {
      size_t done = bytes.size();
      bytes.resize(done + std::min<zip_uint64_t>(info.size - done + 1, size_t(64) << 20));
      zip_int64_t got = zip_fread(file.get(), bytes.data() + done, bytes.size() - done);
      if (got < 0)
        refuse(where, zip_file_strerror(file.get()));
      bytes.resize(done + got);
      if (got == 0 || bytes.size() > info.size)
        break;
    }
    if (bytes.size() != info.size)
      refuse(where, "truncated");
    size_t begin = parseHeader(bytes, array.view, where);
    array.view.data = bytes.data() + begin;
    // Version 1 headers of other writers may not be padded.
    if (reinterpret_cast<uintptr_t>(array.view.data) % tprt_dtype_size(array.view.dtype)) {
      bytes.erase(bytes.begin(), bytes.begin() + begin);
      array.view.data = bytes.data();
    }
    arrays.push_back(std::move(array));
  }
  return arrays;
}

void writeNpz(const std::string &path, const std::vector<NpzOutput> &arrays) {
  std::error_code error;
  fs::file_status status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status))
    writeToDevice(path, arrays);
  else
    writeToFile(path, arrays);
}

void checkWritable(const std::string &path) {
  std::error_code error;
  if (fs::is_directory(path, error))
    refuse(path, "is a directory");
  fs::path parent = fs::path(path).parent_path();
  if (parent.empty())
    parent = ".";
  if (!fs::is_directory(parent, error))
    refuse(path, "folder '" + parent.string() + "' does not exist");
  if (!fs::exists(path, error) && access(parent.c_str(), W_OK) != 0)
    refuse(path, std::string("cannot be created: ") + strerror(errno));
}

//===- Cluster.cpp - Devices and the links between them -------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/Cluster.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/YAMLTraits.h"

#include <cmath>

using namespace llvm;

namespace tpo {

namespace {

/// What a number in the file counts; the value is in the first unit's terms.
enum class Kind { Bytes, BytesPerSecond, Flops, Time, Fraction, Count };

template <Kind kind> struct Quantity { double value = 0; };

struct Unit {
  StringLiteral name;
  double factor;
};

ArrayRef<Unit> getUnits(Kind kind) {
  static constexpr Unit bytes[] = {{"GB", 1e9}, {"MB", 1e6}, {"TB", 1e12}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
  static constexpr Unit bandwidth[] = {{"GB/s", 1e9}, {"MB/s", 1e6}, {"TB/s", 1e12}};
  static constexpr Unit flops[] = {
      {"TFLOP/s", 1e12}, {"GFLOP/s", 1e9}, {"PFLOP/s", 1e15}, {"TOP/s", 1e12}, {"GOP/s", 1e9}};
  static constexpr Unit time[] = {{"us", 1}, {"ns", 1e-3}, {"ms", 1e3}};
  switch (kind) {
  case Kind::Bytes:
    return bytes;
  case Kind::BytesPerSecond:
    return bandwidth;
  case Kind::Flops:
    return flops;
  case Kind::Time:
    return time;
  case Kind::Fraction:
  case Kind::Count:
    break;
  }
  return {};
}

/// Outside of these times overflow or vanish; real figures do not come near.
std::pair<double, double> getRange(Kind kind) {
  switch (kind) {
  case Kind::Bytes:
  case Kind::BytesPerSecond:
  case Kind::Flops:
    return {1e3, 1e21};
  case Kind::Time:
    return {0, 1e9};
  case Kind::Count:
    return {1, 1e6};
  case Kind::Fraction:
    break;
  }
  return {1e-3, 1e3};
}

/// Empty, or what is wrong.
std::string parseQuantity(StringRef text, Kind kind, double &value) {
  StringRef trimmed = text.trim();
  size_t end = std::min(trimmed.find_first_not_of("0123456789.+-eE"), trimmed.size());
  // The e of an exponent, not of a unit.
  StringRef number = trimmed.take_front(end), unit = trimmed.drop_front(end).trim();
  if (number.empty() || number.getAsDouble(value) || !std::isfinite(value))
    return ("'" + text + "' is not a number" + (getUnits(kind).empty() ? "" : " with a unit")).str();
  ArrayRef<Unit> units = getUnits(kind);
  auto found = llvm::find_if(units, [&](const Unit &known) { return unit == known.name; });
  if (units.empty() ? !unit.empty() : found == units.end()) {
    std::string message = unit.empty() ? "'" + text.str() + "' has no unit" : "unknown unit '" + unit.str() + "'";
    message += ": need ";
    if (units.empty())
      return message + "a plain number";
    interleave(
        units, [&](const Unit &known) { message += known.name; }, [&] { message += ", "; });
    return message;
  }
  if (!units.empty())
    value *= found->factor;
  auto [least, most] = getRange(kind);
  // A launch or a message may cost nothing.
  bool mayBeZero = kind == Kind::Time;
  if (value < 0 || (value == 0 && !mayBeZero))
    return ("'" + text + "' must be " + (mayBeZero ? "at least 0" : "positive")).str();
  if (value > most || (value < least && value != 0))
    return ("'" + text + "' is out of any machine's range").str();
  if (kind == Kind::Fraction && value > 1)
    return ("'" + text + "' is more than 1: it is the fraction of the peak that programs reach").str();
  if (kind == Kind::Count && value != std::floor(value))
    return ("'" + text + "' is not a whole number").str();
  return "";
}

using Bytes = Quantity<Kind::Bytes>;
using BytesPerSecond = Quantity<Kind::BytesPerSecond>;
using Flops = Quantity<Kind::Flops>;
using Time = Quantity<Kind::Time>;
using Fraction = Quantity<Kind::Fraction>;
using Count = Quantity<Kind::Count>;

struct LinkEntry {
  BytesPerSecond bandwidth;
  Time latency;
};
struct FlopsEntry {
  std::array<std::optional<Flops>, kNumArithmeticTypes> byType;
};
struct AchievableEntry {
  Fraction flops{1}, memoryBandwidth{1}, links{1}, memory{1};
};
/// The file as it is.
struct ClusterEntry {
  std::optional<std::string> name;
  Count devicesPerNode;
  std::optional<Count> nodes;
  Bytes memory;
  BytesPerSecond memoryBandwidth;
  FlopsEntry flops;
  Time launch{0};
  LinkEntry intraNode;
  std::optional<LinkEntry> interNode;
  AchievableEntry achievable;
};

} // namespace
} // namespace tpo

namespace llvm::yaml {

template <tpo::Kind kind> struct ScalarTraits<tpo::Quantity<kind>> {
  static void output(const tpo::Quantity<kind> &quantity, void *, raw_ostream &os) { os << quantity.value; }
  /// The context is the string that keeps the message alive.
  static StringRef input(StringRef text, void *context, tpo::Quantity<kind> &quantity) {
    auto &message = *static_cast<std::string *>(context);
    message = tpo::parseQuantity(text, kind, quantity.value);
    return message;
  }
  static QuotingType mustQuote(StringRef) { return QuotingType::None; }
};

template <> struct MappingTraits<tpo::LinkEntry> {
  static void mapping(IO &io, tpo::LinkEntry &entry) {
    io.mapRequired("bandwidth", entry.bandwidth);
    io.mapRequired("latency", entry.latency);
  }
};

template <> struct MappingTraits<tpo::FlopsEntry> {
  static void mapping(IO &io, tpo::FlopsEntry &entry) {
    for (unsigned type = 0; type < tpo::kNumArithmeticTypes; ++type)
      io.mapOptional(tpo::getName(static_cast<tpo::ArithmeticType>(type)).data(), entry.byType[type]);
  }
  static std::string validate(IO &, tpo::FlopsEntry &entry) {
    return entry.byType[static_cast<unsigned>(tpo::ArithmeticType::F32)] ? "" : "missing required key 'f32'";
  }
};

template <> struct MappingTraits<tpo::AchievableEntry> {
  static void mapping(IO &io, tpo::AchievableEntry &entry) {
    io.mapOptional("flops", entry.flops);
    io.mapOptional("memory-bandwidth", entry.memoryBandwidth);
    io.mapOptional("links", entry.links);
    io.mapOptional("memory", entry.memory);
  }
};

template <> struct MappingTraits<tpo::ClusterEntry> {
  static void mapping(IO &io, tpo::ClusterEntry &entry) {
    io.mapOptional("name", entry.name);
    io.mapRequired("devices-per-node", entry.devicesPerNode);
    io.mapOptional("nodes", entry.nodes);
    io.mapRequired("memory", entry.memory);
    io.mapRequired("memory-bandwidth", entry.memoryBandwidth);
    io.mapRequired("flops", entry.flops);
    io.mapOptional("launch", entry.launch);
    io.mapRequired("intra-node", entry.intraNode);
    io.mapOptional("inter-node", entry.interNode);
    io.mapOptional("achievable", entry.achievable);
  }
};

} // namespace llvm::yaml

namespace tpo {

namespace {

Link makeLink(const LinkEntry &entry, double achievable) {
  return {entry.bandwidth.value * achievable / 1e9, entry.latency.value};
}

Cluster makeCluster(const ClusterEntry &entry, StringRef bufferName) {
  Cluster cluster;
  cluster.name = entry.name.value_or(bufferName.str());
  cluster.devicesPerNode = static_cast<int64_t>(entry.devicesPerNode.value);
  if (entry.nodes)
    cluster.nodes = static_cast<int64_t>(entry.nodes->value);
  cluster.memoryBytes = entry.memory.value * entry.achievable.memory.value;
  cluster.device.bytesPerMicrosecond = entry.memoryBandwidth.value * entry.achievable.memoryBandwidth.value / 1e6;
  cluster.device.launchMicroseconds = entry.launch.value;
  for (auto [figure, flops] : zip_equal(cluster.device.flopsPerMicrosecond, entry.flops.byType))
    figure = flops ? flops->value * entry.achievable.flops.value / 1e6 : 0;
  cluster.intraNode = makeLink(entry.intraNode, entry.achievable.links.value);
  if (entry.interNode)
    cluster.interNode = makeLink(*entry.interNode, entry.achievable.links.value);
  return cluster;
}

} // namespace

/// The parser recurses; descriptions of clusters are small and flat.
static StringRef findExcess(StringRef text) {
  constexpr size_t kMaxBytes = 1 << 16, kMaxNested = 256;
  if (text.size() > kMaxBytes)
    return "too large: the description of a cluster has at most 64 KiB";
  for (StringRef opening : {"[", "{", "- ", "-\n", "? ", "?\n", "-\t", "?\t"})
    if (text.count(opening) > kMaxNested)
      return "too deep: the description of a cluster is a map of maps";
  return "";
}

Expected<Cluster> parseCluster(StringRef text, StringRef bufferName) {
  if (StringRef excess = findExcess(text); !excess.empty())
    return createStringError(bufferName.str() + ":1: " + excess.str());
  std::string diagnostics, scratch;
  auto collect = [](const SMDiagnostic &diagnostic, void *out) {
    auto &all = *static_cast<std::string *>(out);
    // The first one explains the others.
    if (!all.empty())
      return;
    all = diagnostic.getFilename().str() + ":" + std::to_string(std::max(diagnostic.getLineNo(), 1)) + ": " +
          diagnostic.getMessage().str();
  };
  yaml::Input input(MemoryBufferRef(text, bufferName), &scratch, collect, &diagnostics);
  ClusterEntry entry;
  bool isEmpty = text.trim().empty();
  if (!isEmpty)
    input >> entry;
  // Comments alone are no error of the parser's.
  isEmpty |= !input.error() && entry.devicesPerNode.value == 0;
  if (isEmpty || input.error()) {
    if (diagnostics.empty())
      diagnostics = (bufferName + ":1: not the description of a cluster").str();
    return createStringError(diagnostics);
  }
  return makeCluster(entry, bufferName);
}

Expected<Cluster> loadCluster(StringRef nameOrFile) {
  for (const ClusterPreset &preset : getClusterPresets())
    if (nameOrFile == preset.name)
      return parseCluster(preset.text, preset.name);
  auto buffer = MemoryBuffer::getFile(nameOrFile, /*IsText=*/true);
  if (!buffer) {
    std::string names;
    for (const ClusterPreset &preset : getClusterPresets())
      names += (names.empty() ? "" : ", ") + preset.name.str();
    return createStringError(nameOrFile.str() + ": no preset (" + names +
                             "), and as a file: " + buffer.getError().message());
  }
  return parseCluster((*buffer)->getBuffer(), nameOrFile);
}

Error Cluster::checkDevices(int64_t devices) const {
  if (devices <= devicesPerNode)
    return Error::success();
  if (nodes && devices > *nodes * devicesPerNode)
    return createStringError("the cluster '" + name + "' has " + std::to_string(*nodes * devicesPerNode) +
                             " devices: got " + std::to_string(devices));
  if (!interNode)
    return createStringError("the cluster '" + name + "' has " + std::to_string(devicesPerNode) +
                             " devices per node and no 'inter-node' link: got " + std::to_string(devices));
  return Error::success();
}

bool Cluster::isInsideNode(int64_t size, int64_t stride, int64_t devices) const {
  return size <= 1 || devices <= devicesPerNode || !interNode ||
         (size * stride <= devicesPerNode && devicesPerNode % (size * stride) == 0);
}

/// How many devices of a group are in each node, where that is the same number
/// everywhere; 0 where it is not.
static int64_t getDevicesInNode(const Cluster &cluster, int64_t size, int64_t stride) {
  if (stride >= cluster.devicesPerNode)
    return 1;
  if (cluster.devicesPerNode % stride != 0 || size * stride % cluster.devicesPerNode != 0)
    return 0;
  return cluster.devicesPerNode / stride;
}

Link Cluster::getAxisLink(int64_t size, int64_t stride, int64_t devices) const {
  if (isInsideNode(size, stride, devices))
    return intraNode;
  double latency = interNode->latency + 2 * intraNode.latency;
  double inNode = getDevicesInNode(*this, size, stride);
  if (inNode == 0)
    return {std::min(intraNode.bandwidth, interNode->bandwidth), latency};
  double nodes = size / inNode;
  double perByte = (inNode - 1) / inNode / intraNode.bandwidth + (nodes - 1) / nodes / inNode / interNode->bandwidth;
  double ring = static_cast<double>(size - 1) / size;
  return {ring / perByte, inNode > 1 ? latency : interNode->latency};
}

tp::MeshAxis Cluster::getAxis(StringRef axisName, int64_t size, int64_t stride, int64_t devices) const {
  tp::MeshAxis axis;
  axis.name = axisName.str();
  axis.size = size;
  Link link = getAxisLink(size, stride, devices);
  axis.bandwidth = link.bandwidth;
  axis.latency = link.latency;
  return axis;
}

/// Of a collective among `size` devices with one kind of link.
static double getTime(tp::Collective collective, int64_t size, const Link &link, double inputBytes,
                      double outputBytes) {
  tp::MeshAxis axis;
  axis.size = size;
  axis.bandwidth = link.bandwidth;
  axis.latency = link.latency;
  collective.axes = {tp::AxisRef{0, 1, size}};
  return tp::getCost(collective, tp::Mesh("mesh", {axis}), static_cast<int64_t>(inputBytes),
                     static_cast<int64_t>(outputBytes))
      .microseconds;
}

double Cluster::getCollectiveTime(const tp::Collective &collective, int64_t axisSize, int64_t stride, int64_t devices,
                                  int64_t inputBytes, int64_t outputBytes) const {
  for (const tp::AxisRef &ref : collective.axes)
    stride = std::min(stride * axisSize / (ref.preSize * ref.size), stride * axisSize);
  return getGroupTime(collective, stride, devices, inputBytes, outputBytes);
}

double Cluster::getCollectiveTime(const tp::Collective &collective, const tp::Mesh &mesh, int64_t devices,
                                  int64_t inputBytes, int64_t outputBytes) const {
  SmallVector<int64_t> strides(mesh.getAxes().size(), 1);
  for (size_t axis = strides.size() - 1; axis-- > 0;)
    strides[axis] = strides[axis + 1] * mesh.getAxes()[axis + 1].size;
  auto isOn = [&](unsigned axis) {
    return llvm::all_of(collective.axes, [&](const tp::AxisRef &ref) { return ref.axis == axis; });
  };
  if (collective.axes.empty() || isOn(collective.axes.front().axis)) {
    unsigned axis = collective.axes.empty() ? 0 : collective.axes.front().axis;
    return getCollectiveTime(collective, mesh.getAxes()[axis].size, strides[axis], devices, inputBytes, outputBytes);
  }
  int64_t stride = devices;
  for (const tp::AxisRef &ref : collective.axes)
    stride = std::min(stride, strides[ref.axis] * mesh.getAxes()[ref.axis].size / (ref.preSize * ref.size));
  return getGroupTime(collective, stride, devices, inputBytes, outputBytes);
}

double Cluster::getGroupTime(const tp::Collective &collective, int64_t stride, int64_t devices, int64_t inputBytes,
                             int64_t outputBytes) const {
  int64_t size = tp::getNumShards(collective.axes);
  double inNode = getDevicesInNode(*this, size, stride);
  if (isInsideNode(size, stride, devices) || inNode <= 1)
    return getTime(collective, size, getAxisLink(size, stride, devices), inputBytes, outputBytes);
  double nodes = size / inNode;
  auto inside = [&](tp::CollectiveKind kind, double input, double output) {
    tp::Collective part = collective;
    part.kind = kind;
    return getTime(part, static_cast<int64_t>(inNode), intraNode, input, output);
  };
  auto across = [&](tp::CollectiveKind kind, double input, double output) {
    tp::Collective part = collective;
    part.kind = kind;
    // Small messages of many nodes go through a tree.
    double hops = interNode->latency * (std::log2(nodes) - 1) / 2;
    return getTime(part, static_cast<int64_t>(nodes), *interNode, input, output) + hops;
  };
  tp::CollectiveKind kind = collective.kind;
  double in = inputBytes, out = outputBytes;
  switch (kind) {
  case tp::CollectiveKind::AllReduce: {
    double inParts = inside(tp::CollectiveKind::ReduceScatter, in, in / inNode) +
                     across(kind, in / inNode, in / inNode) + inside(tp::CollectiveKind::AllGather, in / inNode, in);
    return std::min(inside(kind, in, in) + across(kind, in, in), inParts);
  }
  case tp::CollectiveKind::AllGather:
    return across(kind, in, in * nodes) + inside(kind, in * nodes, out);
  case tp::CollectiveKind::ReduceScatter:
    return inside(kind, in, in / inNode) + across(kind, in / inNode, out);
  default:
    return inside(kind, in, out) + across(kind, in, out);
  }
}

const Link &Cluster::getStageLink(int64_t stage, int64_t tp, int64_t pp, int64_t dp) const {
  if (!interNode)
    return intraNode;
  for (int64_t replica = 0; replica < dp; ++replica)
    for (int64_t rank = 0; rank < tp; ++rank) {
      int64_t from = (replica * pp + stage) * tp + rank;
      if (from / devicesPerNode != (from + tp) / devicesPerNode)
        return *interNode;
    }
  return intraNode;
}

llvm::Expected<double> parseMemorySize(StringRef text) {
  double value = 0;
  if (std::string problem = parseQuantity(text, Kind::Bytes, value); !problem.empty())
    return llvm::createStringError(problem);
  return value;
}

} // namespace tpo

//===- EmitSpatialMovement.cpp - Blocks and borders in kernels ------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalarMath.h"

#include "dialects/Tp/Tp.h"

using namespace mlir;

namespace tpo::kernels {

namespace {

/// Whether the position in a block is the major part of the channels (DCR) or
/// the minor one (CRD).
bool blockIsMajor(Operation *op) { return getString(op, "mode", "DCR") != "CRD"; }

/// y[n, c, h * block + i, w * block + j] = x[n, (i, j, c) or (c, i, j), h, w]
Value emitDepthToSpace(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value block = e.index(getInt(op, "blocksize", 1)), depth = e.size(op->getResult(0), 1);
  if (!depth)
    return Value();
  Value within = e.add(e.mul(indexRem(e, indices[2], block), block), indexRem(e, indices[3], block));
  Value channel = blockIsMajor(op) ? e.add(e.mul(within, depth), indices[1])
                                   : e.add(e.mul(indices[1], e.mul(block, block)), within);
  return e.element(op->getOperand(0),
                   {indices[0], channel, indexDiv(e, indices[2], block), indexDiv(e, indices[3], block)});
}

/// The inverse.
Value emitSpaceToDepth(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = op->getOperand(0), block = e.index(getInt(op, "blocksize", 1)), depth = e.size(x, 1);
  if (!depth)
    return Value();
  Value area = e.mul(block, block);
  bool isMajor = blockIsMajor(op);
  Value channel = isMajor ? indexRem(e, indices[1], depth) : indexDiv(e, indices[1], area);
  Value within = isMajor ? indexDiv(e, indices[1], depth) : indexRem(e, indices[1], area);
  return e.element(x, {indices[0], channel, e.add(e.mul(indices[2], block), indexDiv(e, within, block)),
                       e.add(e.mul(indices[3], block), indexRem(e, within, block))});
}

/// The middle of the input, or the input in the middle of zeros, per dimension.
Value emitCenterCropPad(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = op->getOperand(0);
  auto from = tp::getDims(cast<RankedTensorType>(x.getType()));
  auto to = tp::getDims(cast<RankedTensorType>(op->getResult(0).getType()));
  SmallVector<Value> source(indices);
  Value inside;
  for (unsigned dim = 0; dim < indices.size(); ++dim) {
    if (tp::provablyEqual(from[dim], to[dim]))
      continue;
    Value size = e.size(x, dim), result = e.size(op->getResult(0), dim);
    if (!size || !result)
      return Value();
    // Both differences are rounded down; one of them is negative.
    Value cropped = indexDiv(e, indexMax(e, e.sub(size, result), e.index(0)), e.index(2));
    Value padded = indexDiv(e, indexMax(e, e.sub(result, size), e.index(0)), e.index(2));
    source[dim] = e.sub(e.add(indices[dim], cropped), padded);
    Value here = isInside(e, source[dim], size);
    inside = inside ? logicalAnd(e, inside, here) : here;
  }
  if (!inside)
    return e.element(x, source);
  Type type = e.computeTypeOf(x);
  return e.choose(
      inside, type, [&] { return e.element(x, source); }, [&] { return e.constant(type, 0); });
}

} // namespace

void registerSpatialMovement(llvm::StringMap<EmitFn> &table) {
  table["DepthToSpace"] = emitDepthToSpace;
  table["SpaceToDepth"] = emitSpaceToDepth;
  table["CenterCropPad"] = emitCenterCropPad;
}

} // namespace tpo::kernels

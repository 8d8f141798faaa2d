//===- TpAttrs.td - Attributes of the tp dialect -----------*- tablegen -*-===//

#ifndef DIALECTS_TP_TPATTRS_TD
#define DIALECTS_TP_TPATTRS_TD

include "dialects/Tp/TpDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/TensorEncoding.td"

class Tp_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Tp_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def Tp_DimsAttr : Tp_Attr<"Dims", "dims",
    [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "Symbolic sizes of a tensor's dimensions";
  let description = [{
    One size expression per dimension, over the symbols `s0, s1, ...` named by
    the module attribute `tp.symbols`. Sums, products of symbols, `floordiv`,
    `ceildiv` and `mod` are allowed; `?` is a size nothing is known about.

    ```mlir
    tensor<?x?x128xf32, #tp.dims<[s0, s0 * s1 + 1, 128]>>
    ```

    **Constraints** as a tensor encoding
    - there are as many expressions as dimensions;
    - a static dimension has its own size as expression;
    - a dynamic dimension does not have a constant.
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::AffineExpr">:$exprs);
  let hasCustomAssemblyFormat = 1;
}

def Tp_ViewAttr : Tp_Attr<"View", "view"> {
  let summary = "A strided view of a weight file";
  let description = [{
    Element `(i0, i1, ...)` of the tensor is the element of type `elem` stored
    at byte `offset + (i0 * strides[0] + i1 * strides[1] + ...) * sizeof(elem)`
    of the file. The sizes are those of the tensor. `offset` may use rank
    coordinates, so that every rank reads its own part; a stride of zero
    repeats. Where `elem` differs from the tensor's element type, loading
    converts.

    ```mlir
    #tp.view<elem = f32, offset = 4096, strides = [1, 384]>
    ```

    **Constraints**
    - `offset` is not a negative constant.
  }];
  let parameters = (ins "::mlir::Type":$elem, "::mlir::AffineExpr":$offset,
                        ArrayRefParameter<"int64_t">:$strides);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Meshes and layouts
//===----------------------------------------------------------------------===//

def Tp_ReductionKind : I32EnumAttr<"ReductionKind",
    "How the terms of a partial tensor combine", [
      I32EnumAttrCase<"Sum", 0, "sum">,
      I32EnumAttrCase<"Max", 1, "max">,
      I32EnumAttrCase<"Min", 2, "min">
    ]> {
  let cppNamespace = "::tpo::tp";
}

def Tp_CollectiveKind : I32EnumAttr<"CollectiveKind",
    "How tensors move between devices", [
      I32EnumAttrCase<"AllReduce", 0, "all_reduce">,
      I32EnumAttrCase<"AllGather", 1, "all_gather">,
      I32EnumAttrCase<"ReduceScatter", 2, "reduce_scatter">,
      I32EnumAttrCase<"AllToAll", 3, "all_to_all">,
      I32EnumAttrCase<"Slice", 4, "slice">,
      I32EnumAttrCase<"Permute", 5, "permute">,
      I32EnumAttrCase<"Broadcast", 6, "broadcast">
    ]> {
  let cppNamespace = "::tpo::tp";
  let genSpecializedAttr = 0;
}

def Tp_MeshAxisAttr : Tp_Attr<"MeshAxis", "mesh_axis"> {
  let summary = "One axis of a mesh";
  let description = [{
    A name, a number of devices, and optionally what the links along the axis
    can do: bandwidth in GB/s per device and direction, latency in microseconds.

    ```mlir
    "tp"=4 {bandwidth = 3.000000e+02, latency = 5.000000e+00}
    ```

    **Constraints**
    - the size is positive;
    - bandwidth is positive, latency not negative.
  }];
  let parameters = (ins "::mlir::StringAttr":$name, "int64_t":$size,
                        OptionalParameter<"::mlir::FloatAttr">:$bandwidth,
                        OptionalParameter<"::mlir::FloatAttr">:$latency);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Tp_MeshAttr : Tp_Attr<"Mesh", "mesh"> {
  let summary = "The axes of a mesh, major to minor";
  let description = [{
    ```mlir
    #tp.mesh<["dp"=2, "tp"=4]>
    ```

    Device `(i, j)` of this mesh is rank `i * 4 + j`.

    **Constraints**
    - axis names are distinct;
    - the number of devices fits 32 bits.
  }];
  let parameters = (ins ArrayRefParameter<"::tpo::tp::MeshAxisAttr">:$axes);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Tp_AxisRefAttr : Tp_Attr<"AxisRef", "axis"> {
  let summary = "An axis of a mesh, or a part of one";
  let description = [{
    `"tp"` is the whole axis. `"tp":(p)k` is the part of size k after a
    pre-size p: with the axis seen as `p x k x rest`, its middle. A size of zero
    stands for the whole axis.

    **Constraints**
    - pre-size and size are positive, or the whole axis is meant;
    - `p * k` divides the size of the axis (checked where the mesh is known).
  }];
  let parameters = (ins "::mlir::StringAttr":$name, "int64_t":$preSize,
                        "int64_t":$size);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    bool isWhole() const { return getSize() == 0; }
    static AxisRefAttr getWhole(::mlir::StringAttr name) {
      return get(name.getContext(), name, 1, 0);
    }
  }];
}

def Tp_AxesAttr : Tp_Attr<"Axes", "axes"> {
  let summary = "A list of axes, major to minor";
  let parameters = (ins ArrayRefParameter<"::tpo::tp::AxisRefAttr">:$axes);
  let hasCustomAssemblyFormat = 1;
}

def Tp_DimLayoutAttr : Tp_Attr<"DimLayout", "dim"> {
  let summary = "How one dimension is split";
  let description = [{
    The axes that split the dimension, major to minor, and `units` where the
    dimension is that many equal indivisible pieces dealt to devices unevenly:
    device i of n gets pieces `[floor(i * units / n), floor((i+1) * units / n))`.

    ```mlir
    {"dp", "tp":(1)2}
    {"tp", units = 15}
    ```
  }];
  let parameters = (ins ArrayRefParameter<"::tpo::tp::AxisRefAttr">:$axes,
                        "::mlir::AffineExpr":$units);
  let hasCustomAssemblyFormat = 1;
}

def Tp_LayoutAttr : Tp_Attr<"Layout", "layout"> {
  let summary = "How a tensor is distributed over a mesh";
  let description = [{
    ```mlir
    #tp.layout<@mesh, [{"tp"}, {} ], partial = sum{"dp"}>
    ```

    Every axis, or part of one, has one role: it splits a dimension, or every
    device along it holds one term of a pending reduction (`partial`), or,
    where the layout does not name it, the tensor is replicated along it.

    **Constraints** (where mesh and tensor are known)
    - one entry per dimension;
    - no axis has two roles, and sub-axes do not overlap;
    - `units` divides the dimension;
    - canonical form: adjacent sub-axes are merged, axes of size 1 do not
      appear, partial axes are in mesh order, and `units` appears only where
      the number of devices does not divide it and it is not the dimension.
  }];
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$mesh,
                        ArrayRefParameter<"::tpo::tp::DimLayoutAttr">:$dims,
                        "::tpo::tp::ReductionKind":$partialKind,
                        ArrayRefParameter<"::tpo::tp::AxisRefAttr">:$partialAxes);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    /// Every dimension whole on every device.
    static LayoutAttr getReplicated(::mlir::FlatSymbolRefAttr mesh,
                                    unsigned rank);
    bool isReplicated() const;
    bool isPartial() const { return !getPartialAxes().empty(); }
  }];
}

#endif // DIALECTS_TP_TPATTRS_TD

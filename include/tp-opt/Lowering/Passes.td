//===- Passes.td - Lowering passes -------------------------*- tablegen -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_LOWERING_PASSES_TD
#define TP_OPT_LOWERING_PASSES_TD

include "mlir/Pass/PassBase.td"

def TpDecomposeAttentionPass : Pass<"tp-decompose-attention", "::mlir::ModuleOp"> {
  let summary = "Bring Attention into the forms that the runtime computes";
  let description = [{
    The runtime's attention has a mask of rank 4 with a column for every key, and
    a causal bound that all sequences share. Shorter masks are padded with hidden
    columns; `nonpad_kv_seqlen`, with the causal and window bounds that count from
    it, and windows open to the right become masks. Where `qk_matmul_output` is
    used, and for f64, the operator becomes products and a Softmax.

    Input:
    ```mlir
    %y = "onnx.Attention"(%q, %k, %v, %none, %none, %none, %lengths) : ... -> tensor<2x4x3x8xf32>
    ```
    Output:
    ```mlir
    %t = "onnx.Range"(...) : ... -> tensor<6xi64>
    ...
    %m = "onnx.Less"(%t1, %l1) : (tensor<1x1x1x6xi64>, tensor<2x1x1x1xi64>) -> tensor<2x1x1x6xi1>
    %y = "onnx.Attention"(%q, %k, %v, %m, ...) : ... -> tensor<2x4x3x8xf32>
    ```
  }];
  let dependentDialects = ["::tpo::onnx::OnnxDialect"];
}

def LowerToRtPass : Pass<"tp-lower-to-rt", "::mlir::ModuleOp"> {
  let summary = "Turn local operators into runtime operations";
  let description = [{
    MatMul, Gemm, Attention, row Gathers, KV-cache Concats and the collectives of
    the program of one rank become destination-style rt operations, weights
    entries of the weight table. Bias, activation and residual join a matmul as
    its epilogue; Transposes of operands become permutations. Reshapes become
    views. Other operators are left for `tp-form-kernels`.

    Input:
    ```mlir
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 64, strides = [1, 32]>} : tensor<32x64xf32>
    %y = "onnx.MatMul"(%x, %w) : (tensor<?x32xf32, #tp.dims<[s0, 32]>>, tensor<32x64xf32>) -> ...
    ```
    Output:
    ```mlir
    %w = rt.weight 0 : tensor<64x32xf32>
    %s = rt.symbol 0
    %o = tensor.empty(%s) : tensor<?x64xf32, #tp.dims<[s0, 64]>>
    %y = rt.matmul ins(%x, %w : ...) outs(%o : ...) {perms = [array<i64>, array<i64: 1, 0>]} -> ...
    ```
  }];
  let dependentDialects = ["::tpo::rt::RtDialect", "::tpo::onnx::OnnxDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect"];
}

def TpDecomposeForKernelsPass : Pass<"tp-decompose-for-kernels", "::mlir::ModuleOp"> {
  let summary = "Express normalisations and softmax by reductions and maps";
  let description = [{
    LayerNormalization, RMSNormalization, Softmax and LogSoftmax of the local
    program become row reductions and element-wise operators, which
    `tp-form-kernels` fuses.

    Input:
    ```mlir
    %y = "onnx.Softmax"(%x) {axis = -1 : si64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    ```
    Output:
    ```mlir
    %m = "onnx.ReduceMax"(%x, %axes) : (tensor<4x8xf32>, tensor<1xi64>) -> tensor<4x1xf32>
    %d = "onnx.Sub"(%x, %m) : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
    %e = "onnx.Exp"(%d) : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %s = "onnx.ReduceSum"(%e, %axes) : (tensor<4x8xf32>, tensor<1xi64>) -> tensor<4x1xf32>
    %y = "onnx.Div"(%e, %s) : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
    ```
  }];
  let dependentDialects = ["::tpo::onnx::OnnxDialect"];
}

def TpFormKernelsPass : Pass<"tp-form-kernels", "::mlir::ModuleOp"> {
  let summary = "Group the remaining local operators into compiled kernels";
  let description = [{
    Every onnx operator that is not a runtime operation becomes part of a kernel:
    a private function with the attribute `rt.kernel` whose body is one
    `linalg.generic` computing one tensor. Element-wise operators, data movement
    and indexed reads are pulled into their consumers; reductions, and values that
    several kernels need, are stored. Equal kernels are shared, by all functions of
    the program.

    Input:
    ```mlir
    %s = "onnx.Sigmoid"(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %y = "onnx.Mul"(%x, %s) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    ```
    Output:
    ```mlir
    %e = tensor.empty() : tensor<4x8xf32>
    %y = rt.launch @kernel_0 ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
    ```
  }];
  let dependentDialects = ["::tpo::rt::RtDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def RtBufferizePass : Pass<"rt-bufferize", "::mlir::ModuleOp"> {
  let summary = "Bufferize the host program and its kernels";
  let description = [{
    Function results become destination arguments that operations write
    directly; then one-shot bufferization. A cache append of an input whose
    result is an output makes the pair a state, where all functions of the program
    do that: both get strided layouts, and the kernels that read them are
    specialised.

    Input:
    ```mlir
    func.func @main(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
      %e = tensor.empty() : tensor<4x8xf32>
      %r = rt.launch @k ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
      return %r : tensor<4x8xf32>
    }
    ```
    Output:
    ```mlir
    func.func @main(%x: memref<4x8xf32>, %o: memref<4x8xf32> {rt.output = 0 : i64}) {
      rt.launch @k ins(%x : memref<4x8xf32>) outs(%o : memref<4x8xf32>)
      return
    }
    ```
  }];
  let dependentDialects = ["::tpo::rt::RtDialect", "::mlir::bufferization::BufferizationDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::linalg::LinalgDialect"];
}

def RtPlanArenaPass : Pass<"rt-plan-arena", "::mlir::ModuleOp"> {
  let summary = "Give every temporary of the host program a slot of the arena";
  let description = [{
    Numbers the operations (module attribute `rt.ops`, `rt.op` on each) and
    replaces each `memref.alloc` of the host by an `rt.slot` whose first and last
    step are in the module attribute `rt.slots`. The program is a straight line:
    a slot lives from the first to the last operation that touches the buffer
    or a view of it. The operations and slots of all functions of the program are
    numbered together.

    Input:
    ```mlir
    %t = memref.alloc(%n) : memref<?xf32>
    rt.launch @k0 outs(%t : memref<?xf32>)
    rt.launch @k1 ins(%t : memref<?xf32>) outs(%o : memref<?xf32>)
    ```
    Output: `rt.slots = [array<i64: 0, 1>]` on the module and
    ```mlir
    %t = rt.slot 0[%n] : memref<?xf32>
    ```
  }];
  let dependentDialects = ["::tpo::rt::RtDialect"];
}

def RtOrderReductionsPass : Pass<"rt-order-reductions", "::mlir::func::FuncOp"> {
  let summary = "Fix the order in which kernels add";
  let description = [{
    Sums, products and extrema of floats that may be taken in any order
    (`reassoc`) get one that vectorises and does not depend on what is known of the
    sizes: element i belongs to lane i mod `lanes`, the lanes are combined
    pairwise, and the rest of fewer elements than lanes follows in order. Other
    arithmetic stays in order: no operation keeps fast-math flags.

    Input:
    ```mlir
    %sum = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> f32 {
      %x = memref.load %a[%i] : memref<?xf32>
      %s = arith.addf %acc, %x fastmath<reassoc> : f32
      scf.yield %s : f32
    }
    ```
    Output:
    ```mlir
    %lanes = memref.alloca() : memref<16xf32>
    ...
    scf.for %block = %c0 to %whole step %c16 {
      scf.for %lane = %c0 to %c16 step %c1 {
        %i = arith.addi %block, %lane : index
        %x = memref.load %a[%i] : memref<?xf32>
        %acc = memref.load %lanes[%lane] : memref<16xf32>
        %s = arith.addf %acc, %x : f32
        memref.store %s, %lanes[%lane] : memref<16xf32>
      }
    }
    ...
    %sum = scf.for %i = %whole to %n step %c1 iter_args(%acc = %first) -> f32 { ... }
    ```
  }];
  let options = [Option<"lanes", "lanes", "int64_t", /*default=*/"16",
                        "A power of two; with 1 everything is taken in order.">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::LLVM::LLVMDialect"];
}

def RtConvertKernelsPass : Pass<"rt-convert-kernels", "::mlir::ModuleOp"> {
  let summary = "Compile kernels on memrefs to the LLVM dialect, for the CPU";
  let description = [{
    linalg becomes loop nests, mathematical functions polynomial approximations
    or calls of libm, narrow floats are computed in f32. Arguments are expanded
    memref descriptors whose pointers do not alias.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect", "::mlir::cf::ControlFlowDialect",
                           "::mlir::math::MathDialect", "::mlir::affine::AffineDialect",
                           "::mlir::vector::VectorDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::arith::ArithDialect"];
}

def RtConvertGpuKernelsPass : Pass<"rt-convert-gpu-kernels", "::mlir::ModuleOp"> {
  let summary = "Compile kernels on memrefs to NVVM";
  let description = [{
    As `rt-convert-kernels`, with one thread per element of the output. The
    kernels end in a nested module @gpu_kernels; launches get their kernel's
    number (`rt.kernel_index`).
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect",
                           "::mlir::cf::ControlFlowDialect", "::mlir::math::MathDialect",
                           "::mlir::affine::AffineDialect", "::mlir::vector::VectorDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect"];
}

def RtConvertHostPass : Pass<"rt-convert-host", "::mlir::ModuleOp"> {
  let summary = "Convert the host program to calls of the runtime's ABI";
  let description = [{
    The bufferized host function becomes the LLVM functions `tp_abi_version`,
    `tp_sizes` and `tp_run` of `tprt/abi.h`. Buffers are views on the stack;
    kernels are called directly, GPU kernels launched. Of several functions
    (`tp.when`) function i becomes `tp_sizes_i` and `tp_run_i`, of which the
    exported ones call those that the sizes choose.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect"];
}

#endif // TP_OPT_LOWERING_PASSES_TD

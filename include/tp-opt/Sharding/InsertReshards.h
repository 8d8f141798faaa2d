//===- InsertReshards.h - Explicit changes of layout ------------*- C++ -*-===//

#ifndef TP_OPT_SHARDING_INSERTRESHARDS_H
#define TP_OPT_SHARDING_INSERTRESHARDS_H

#include "dialects/Tp/Layout.h"

#include "mlir/Interfaces/FunctionInterfaces.h"

namespace tpo {

/// Brings every tensor operand of the operations of `function` (which has one
/// block) and of its transparent regions into the layout that `need` returns for
/// it; null leaves it alone. Where the value's recorded layout is another one, a `tp.reshard` right
/// behind the value's definition makes it, once per value and layout.
void insertReshards(mlir::FunctionOpInterface function, llvm::function_ref<tp::LayoutAttr(mlir::OpOperand &)> need);

/// Lets opaque regions use tensors from outside through a `tp.reshard` to the
/// replicated layout in front of their operation. `all`: transparent regions too.
void replicateCaptures(mlir::FunctionOpInterface function, const tp::Mesh &mesh, bool all);

} // namespace tpo

#endif // TP_OPT_SHARDING_INSERTRESHARDS_H

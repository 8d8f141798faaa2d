//===- InsertReshards.h - Explicit changes of layout ------------*- C++ -*-===//

#ifndef TP_OPT_SHARDING_INSERTRESHARDS_H
#define TP_OPT_SHARDING_INSERTRESHARDS_H

#include "dialects/Tp/Layout.h"

#include "mlir/Interfaces/FunctionInterfaces.h"

namespace tpo {

/// Brings every tensor operand of the operations of `function` (which has one
/// block) into the layout that `need` returns for it; null leaves it alone.
/// Where the value's recorded layout is another one, a `tp.reshard` right
/// behind the value's definition makes it, once per value and layout.
void insertReshards(mlir::FunctionOpInterface function, llvm::function_ref<tp::LayoutAttr(mlir::OpOperand &)> need);

} // namespace tpo

#endif // TP_OPT_SHARDING_INSERTRESHARDS_H

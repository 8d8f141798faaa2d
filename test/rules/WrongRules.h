//===- WrongRules.h - Rules that are not true -------------------*- C++ -*-===//

#ifndef TPOPT_TEST_RULES_WRONGRULES_H
#define TPOPT_TEST_RULES_WRONGRULES_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace tpo::test {

/// Gives some operators wrong rules, which win if registered first: what the
/// test must catch.
void registerWrongRules(mlir::DialectRegistry &registry);

} // namespace tpo::test

#endif // TPOPT_TEST_RULES_WRONGRULES_H

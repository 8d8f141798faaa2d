//===- Placements.cpp - All ways to split an operation --------------------===//

#include "tp-opt/Sharding/Placements.h"

using namespace mlir;

namespace tpo {

namespace {

class Enumerator {
public:
  using Callback = function_ref<void(const tp::FactorAssignment &, const tp::OpLayouts &)>;

  Enumerator(const tp::ShardingRule &rule, const tp::Mesh &mesh, Callback callback)
      : rule(rule), mesh(mesh), callback(callback), assignment(rule) {
    for (auto [index, factor] : llvm::enumerate(rule.factors))
      if (factor.kind != tp::FactorKind::Whole)
        targets.push_back(&assignment.factorAxes[index]);
    for (tp::AxisRefs &axes : assignment.linearAxes)
      targets.push_back(&axes);
  }

  void run() { placeAxis(0); }

private:
  void placeAxis(unsigned axis) {
    if (axis == mesh.getAxes().size()) {
      FailureOr<tp::OpLayouts> layouts = tp::getLayouts(rule, assignment, mesh, nullptr);
      if (succeeded(layouts))
        callback(assignment, *layouts);
      return;
    }
    auto next = [&] { placeAxis(axis + 1); };
    tp::AxisRef whole = tp::AxisRef::whole(mesh, axis);
    if (whole.size == 1)
      return next();
    place(whole, [&](tp::AxisRefs *) { next(); });
    for (int64_t size = 2; size < whole.size; ++size) {
      if (whole.size % size != 0)
        continue;
      tp::AxisRef major = {axis, 1, size};
      tp::AxisRef minor = {axis, size, whole.size / size};
      place(major, [&](tp::AxisRefs *first) {
        place(minor, [&](tp::AxisRefs *second) {
          // Both parts in one place are the whole axis again.
          if (first != second)
            next();
        });
      });
    }
  }

  void place(tp::AxisRef ref, function_ref<void(tp::AxisRefs *)> next) {
    next(nullptr);
    for (tp::AxisRefs *target : targets) {
      target->push_back(ref);
      next(target);
      target->pop_back();
    }
  }

  const tp::ShardingRule &rule;
  const tp::Mesh &mesh;
  Callback callback;
  tp::FactorAssignment assignment;
  SmallVector<tp::AxisRefs *> targets;
};

} // namespace

void forEachPlacement(const tp::ShardingRule &rule, const tp::Mesh &mesh, Enumerator::Callback callback) {
  Enumerator(rule, mesh, callback).run();
}

} // namespace tpo

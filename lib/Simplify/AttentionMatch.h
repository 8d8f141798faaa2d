//===- AttentionMatch.h - Decomposed attention ------------------*- C++ -*-===//

#ifndef TP_OPT_LIB_SIMPLIFY_ATTENTIONMATCH_H
#define TP_OPT_LIB_SIMPLIFY_ATTENTIONMATCH_H

#include "Match.h"

namespace tpo::simplify {

/// A number that hides a key from any score of reasonable size: adding it to
/// the score or putting it in the score's place is the same in 32 bits.
constexpr double kHidingNumber = -1e30;

/// softmax(softcap(scale * q k^T) + masks), before V is applied.
struct AttentionScores {
  mlir::Value query;         ///< [B, H, S, D]
  mlir::Value transposedKey; ///< [B, H or 1, D, T]
  double scale = 1;
  double softcap = 0; ///< Zero where there is none.
  /// Whether softmax is computed in 32 bits from scores of fewer.
  bool widened = false;
  /// A visible key is true. Each broadcasts to the scores.
  llvm::SmallVector<mlir::Value> boolMasks;
  /// Where true, the key is hidden.
  llvm::SmallVector<mlir::Value> hiddenMasks;
  /// Added to the score, times a positive factor.
  struct FloatMask {
    mlir::Value mask;
    double factor = 1;
  };
  llvm::SmallVector<FloatMask> floatMasks;
  /// Keys hidden by a finite number that replaces their score.
  struct ReplacedMask {
    mlir::Value condition, hidden;
    bool hidesWhereTrue;
  };
  llvm::SmallVector<ReplacedMask> replacedMasks;
};

/// Matches the operand of Softmax.
std::optional<AttentionScores> matchScores(mlir::Value value);

/// What lies between Softmax and the product with the values.
struct AttentionWeights {
  mlir::Operation *softmax = nullptr;
  bool narrowed = false;
  /// The weight is zero where this is true (or false).
  mlir::Value zeroed;
  bool zeroedWhereTrue = false;
};

/// The Softmax behind `weights`, through casts, the guard against rows without a
/// visible key and one mask of weights; none of them if there is no Softmax.
AttentionWeights matchWeights(mlir::Value weights);

/// Lets the mask of the weights hide keys instead: the keys whose scores the
/// same mask replaces by a hiding number. False where they are others.
bool hideZeroed(AttentionScores &scores, const AttentionWeights &weights);

} // namespace tpo::simplify

#endif // TP_OPT_LIB_SIMPLIFY_ATTENTIONMATCH_H

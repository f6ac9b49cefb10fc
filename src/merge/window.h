#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "base/assertion.h"
#include "base/bytes.h"
#include "base/result.h"
#include "merge/local_history.h"
#include "merge/merge.h"

namespace tombolo::merge {

/// An incoming changeset and the last local version that its sender had integrated before it made
/// it: everything local after `base`, the sender's own changes apart, is concurrent with it.
template <typename Version>
struct Incoming {
  Version base;
  Entry entry;
};

/// How many changesets at the front of `batch` share one base: what is merged in one walk.
template <typename Version>
[[nodiscard]] std::size_t run_length(std::span<const Incoming<Version>> batch) noexcept {
  std::size_t count = 0;
  while (count < batch.size() && batch[count].base == batch.front().base) ++count;
  return count;
}

/// The local changesets that one peer has not seen, each in its current form for that peer (its
/// *reciprocal*). Both sides integrate through it: a client with its own changes against the
/// server's, a server with its history against one client's.
///
///     window.add(version, entry);          // all concurrent local ones, ascending
///     window.integrate(batch);             // outcomes: what to execute
///     window.for_each_rewritten(store);    // reciprocals for the next batch
///     window.forget_rewritten();           // if it is kept for a next batch
///
/// `Version` is the local kind: `ClientVersion` on a client, `ServerVersion` on a server.
///
/// Shape:   versions ascend from `add` to `add`; changesets received from the peer and those that
///          are empty in the main history are not added. An entry's bytes are the stored
///          reciprocal if there is one, else the main form.
/// Cost:    see `LocalHistory`: a window that is used again reads only what is new.
/// Thread:  one; the bytes given to `add` must outlive the window.
/// Source:  docs/merge-rules.md, "Histories".
template <typename Version>
class Window {
 public:
  explicit Window(const DeployedRules& deployed = {}) : history_(deployed) {}

  void add(Version version, const Entry& entry) {
    TOMBOLO_ASSERT(locals_.empty() || locals_.back().version < version);
    locals_.push_back({version, false, {}});
    history_.add(entry);
  }

  /// Merges a batch, run by run, with what is concurrent to each run. One outcome per changeset.
  ///
  /// A caller that wants to stop between changesets passes one run at a time (`run_length`) and
  /// may stop within it only if `rewrite_count()` did not grow: reciprocals stand for whole runs.
  ///
  /// Shape:   bases do not decrease, within a batch and from call to call.
  /// Errors:  as `merge`; the window is then unusable and the transaction must be rolled back.
  [[nodiscard]] Result<std::vector<Outcome>> integrate(std::span<const Incoming<Version>> batch) {
    std::vector<Outcome> outcomes;
    outcomes.reserve(batch.size());
    while (!batch.empty()) {
      const std::size_t count = run_length(batch);
      if (auto merged = integrate_run(batch.first(count), outcomes); !merged) {
        return merged.error();
      }
      batch = batch.subspan(count);
    }
    return outcomes;
  }

  /// How often a local changeset got another form.
  [[nodiscard]] std::size_t rewrite_count() const noexcept { return rewrite_count_; }

  /// Calls `store(version, bytes)` for each entry whose form changed; zero bytes mean that nothing
  /// is left of it, which differs from having no reciprocal.
  template <typename Store>
  void for_each_rewritten(Store&& store) const {
    for (const std::size_t i : rewritten_) {
      store(locals_[i].version, BytesView(locals_[i].rewritten));
    }
  }
  /// What `for_each_rewritten` gave is stored: it will not give it again.
  void forget_rewritten() {
    for (const std::size_t i : rewritten_) locals_[i].is_listed = false;
    rewritten_.clear();
  }

  /// Memory that it takes beside what was added, as far as it grows with the history.
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return locals_.capacity() * sizeof(Local) + rewritten_bytes_ + history_.memory_bytes();
  }

 private:
  struct Local {
    Version version;
    bool is_listed = false;  ///< In `rewritten_`.
    Bytes rewritten;         ///< Its form, if that is not the one that was added.
  };

  [[nodiscard]] std::size_t index_after(Version base) const {
    return static_cast<std::size_t>(std::ranges::upper_bound(locals_, base, {}, &Local::version) -
                                    locals_.begin());
  }

  Result<void> integrate_run(std::span<const Incoming<Version>> run,
                             std::vector<Outcome>& outcomes) {
    std::vector<Entry> incoming;
    incoming.reserve(run.size());
    for (const auto& changeset : run) incoming.push_back(changeset.entry);

    auto rewrites = history_.merge(index_after(run.front().base), incoming);
    if (!rewrites) return rewrites.error();
    for (Rewritten& rewritten : rewrites->local) {
      Local& local = locals_[rewritten.index];
      rewritten_bytes_ += rewritten.bytes.size() - local.rewritten.size();
      local.rewritten = std::move(rewritten.bytes);
      if (!std::exchange(local.is_listed, true)) rewritten_.push_back(rewritten.index);
      ++rewrite_count_;
    }
    const std::size_t first = outcomes.size();
    outcomes.resize(first + run.size());
    for (Rewritten& rewritten : rewrites->incoming) {
      outcomes[first + rewritten.index] = std::move(rewritten.bytes);
    }
    return {};
  }

  LocalHistory history_;
  std::vector<Local> locals_;
  std::vector<std::size_t> rewritten_;
  std::size_t rewritten_bytes_ = 0;
  std::size_t rewrite_count_ = 0;
};

}  // namespace tombolo::merge

#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/assertion.h"
#include "base/bytes.h"
#include "base/result.h"
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
///
/// `Version` is the local kind: `ClientVersion` on a client, `ServerVersion` on a server.
///
/// Shape:   versions ascend from `add` to `add`; changesets received from the peer and those that
///          are empty in the main history are not added. An entry's bytes are the stored
///          reciprocal if there is one, else the main form.
/// Thread:  one; the bytes given to `add` must outlive the window.
/// Source:  docs/merge-rules.md, "Histories".
template <typename Version>
class Window {
 public:
  explicit Window(const DeployedRules& deployed = {}) : deployed_(deployed) {}

  void add(Version version, const Entry& entry) {
    TOMBOLO_ASSERT(locals_.empty() || locals_.back().version < version);
    locals_.push_back({version, entry, std::nullopt});
  }

  /// Merges a batch, run by run, with what is concurrent to each run. One outcome per changeset.
  ///
  /// A caller that wants to stop between changesets passes one run at a time (`run_length`) and
  /// may stop within it only if `rewritten_count()` did not grow: reciprocals stand for whole runs.
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

  /// How many entries have a form that differs from what was added.
  [[nodiscard]] std::size_t rewritten_count() const noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(
        locals_, [](const Local& local) { return local.rewritten.has_value(); }));
  }

  /// Calls `store(version, bytes)` for each entry whose form changed; zero bytes mean that nothing
  /// is left of it, which differs from having no reciprocal.
  template <typename Store>
  void for_each_rewritten(Store&& store) const {
    for (const Local& local : locals_) {
      if (local.rewritten) store(local.version, BytesView(*local.rewritten));
    }
  }

 private:
  struct Local {
    Version version;
    Entry entry;
    Outcome rewritten;
  };

  Result<void> integrate_run(std::span<const Incoming<Version>> run,
                             std::vector<Outcome>& outcomes) {
    std::vector<Entry> incoming;
    incoming.reserve(run.size());
    for (const auto& changeset : run) incoming.push_back(changeset.entry);

    const auto first = std::ranges::upper_bound(locals_, run.front().base, {}, &Local::version);
    const std::span<Local> concurrent(first, locals_.end());
    std::vector<Entry> local;
    local.reserve(concurrent.size());
    for (const Local& entry : concurrent) {
      local.push_back(entry.entry);
      if (entry.rewritten) local.back().bytes = *entry.rewritten;
    }

    Result<Merged> merged = merge(local, incoming, deployed_);
    if (!merged) return merged.error();
    for (std::size_t i = 0; i < concurrent.size(); ++i) {
      if (merged->local[i]) concurrent[i].rewritten = std::move(merged->local[i]);
    }
    std::ranges::move(merged->incoming, std::back_inserter(outcomes));
    return {};
  }

  DeployedRules deployed_;
  std::vector<Local> locals_;
};

}  // namespace tombolo::merge

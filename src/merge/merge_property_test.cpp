#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/random.h"
#include "changeset/printer.h"
#include "merge/every_pair.h"
#include "merge/merge.h"
#include "test/support/edit_script.h"
#include "test/support/generators.h"
#include "test/support/merge_network.h"

/// The laws of merging: docs/merge-rules.md, "Laws". Numbers of edits are drawn by RapidCheck, so
/// that a failing case is shrunk to few; what the edits are follows from the seed.

namespace tombolo::merge {
namespace {

using test::EditorOptions;
using test::MergeNetwork;
using test::ModelRealm;
using test::RealmEditor;

constexpr ClientFileIdent kLeft{2};
constexpr ClientFileIdent kRight{3};

/// Everything; merges of it may run into the known limits L1 to L5.
EditorOptions everything() {
  return {.objects_per_class = 2};
}

/// Without what the known limits are about: nested collections, and embedded objects in
/// dictionaries. Two choices, because either alone of the latter is fine.
EditorOptions without_limits(bool with_dictionaries) {
  EditorOptions options{.objects_per_class = 2};
  options.nested_collections = false;
  options.dictionaries = with_dictionaries;
  options.embedded_objects = !with_dictionaries;
  return options;
}

/// The changesets of one side with their bytes.
class Side {
 public:
  void add(Bytes changeset, OriginTimestamp timestamp, ClientFileIdent ident) {
    bytes_.push_back(std::move(changeset));
    keys_.push_back({timestamp, ident});
  }
  [[nodiscard]] std::vector<Entry> entries() const {
    std::vector<Entry> entries;
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
      entries.push_back({bytes_[i], keys_[i].timestamp, keys_[i].ident});
    }
    return entries;
  }
  void take(const std::vector<Outcome>& outcomes, std::size_t first = 0) {
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (outcomes[i]) bytes_[first + i] = *outcomes[i];
    }
  }
  [[nodiscard]] const std::vector<Bytes>& bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::string text() const {
    std::string text;
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
      text += "  @" + std::to_string(keys_[i].timestamp.value()) + " of " +
              std::to_string(keys_[i].ident.value()) + "\n" +
              changeset::print(changeset::parse(bytes_[i]).value());
    }
    return text;
  }

 private:
  struct Key {
    OriginTimestamp timestamp;
    ClientFileIdent ident;
  };
  std::vector<Bytes> bytes_;
  std::vector<Key> keys_;
};

/// A state that both sides know, and what each made of it.
struct Case {
  ModelRealm base;
  Side left;
  Side right;

  Case(std::uint64_t seed,
       std::size_t left_count,
       std::size_t right_count,
       const EditorOptions& options) {
    SeededRandom random(seed);
    RealmEditor editor(base, random, options);
    static_cast<void>(editor.create_classes());
    static_cast<void>(editor.transaction(20));
    left = edits(random, left_count, kLeft, options);
    right = edits(random, right_count, kRight, options);
  }

  [[nodiscard]] std::string text() const {
    return "left:\n" + left.text() + "right:\n" + right.text();
  }

 private:
  [[nodiscard]] Side edits(Random& random,
                           std::size_t count,
                           ClientFileIdent ident,
                           EditorOptions options) const {
    options.ident = ident;
    ModelRealm realm = base;
    RealmEditor editor(realm, random, options);
    Side side;
    std::uint64_t timestamp = random.below(5);
    while (count > 0) {
      const std::size_t size = std::min<std::size_t>(count, 1 + random.below(4));
      side.add(editor.transaction(size), OriginTimestamp(timestamp), ident);
      count -= size;
      timestamp += random.below(3);
    }
    return side;
  }
};

Bytes canonical(BytesView changeset) {
  return changeset::encode(changeset::parse(changeset).value());
}
std::vector<Bytes> canonical(const std::vector<Bytes>& changesets) {
  std::vector<Bytes> forms;
  for (const Bytes& changeset : changesets) forms.push_back(canonical(changeset));
  return forms;
}

/// The state after more changesets, or why one was refused.
std::string after(const ModelRealm& base, const Side& own, const Side& other) {
  ModelRealm realm = base;
  for (const Side* const side : {&own, &other}) {
    for (const Bytes& changeset : side->bytes()) {
      if (const auto applied = realm.apply(changeset); !applied) return applied.error().describe();
    }
  }
  return realm.state().dump();
}

std::size_t edit_count() {
  return *rc::gen::inRange<std::size_t>(0, 24);
}

void expect_convergence(std::uint64_t seed, const EditorOptions& options) {
  const Case made(seed, edit_count(), edit_count(), options);
  Side left = made.left;
  Side right = made.right;

  const Result<Merged> merged = merge(left.entries(), right.entries());
  if (!merged) RC_FAIL(merged.error().describe() + "\n" + made.text());
  left.take(merged->local);
  right.take(merged->incoming);

  const std::string on_left = after(made.base, made.left, right);
  const std::string on_right = after(made.base, made.right, left);
  if (on_left != on_right)
    RC_FAIL(made.text() + "left ends in " + on_left + "\nright in " + on_right);
}

TEST(MergeLaws, MostCasesAreConflicts) {
  constexpr std::uint64_t kCases = 200;
  std::size_t conflict_count = 0;
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    const Case made(seed, 20, 20, everything());
    const Result<Merged> merged = merge(made.left.entries(), made.right.entries());
    const bool clashed = merged && std::ranges::any_of(merged->local, &Outcome::has_value);
    if (clashed || !merged) ++conflict_count;
  }

  EXPECT_GT(conflict_count, kCases / 2);
}

// Laws 1 and 2: convergence, and what was merged can be executed.
RC_GTEST_PROP(MergeLaws, TwoSidesConverge, (std::uint64_t seed)) {
  expect_convergence(seed, without_limits(true));
}
RC_GTEST_PROP(MergeLaws, TwoSidesConvergeWithEmbeddedObjects, (std::uint64_t seed)) {
  expect_convergence(seed, without_limits(false));
}

// Law 3: swapping the sides swaps the outcomes.
RC_GTEST_PROP(MergeLaws, TheSidesAreEqual, (std::uint64_t seed)) {
  const Case made(seed, edit_count(), edit_count(), everything());

  const Result<Merged> merged = merge(made.left.entries(), made.right.entries());
  const Result<Merged> swapped = merge(made.right.entries(), made.left.entries());

  RC_ASSERT(merged.has_value() == swapped.has_value());
  if (!merged) return;
  RC_ASSERT(merged->local == swapped->incoming);
  RC_ASSERT(merged->incoming == swapped->local);
}

// Law 4: what the index leaves out would have changed nothing.
RC_GTEST_PROP(MergeLaws, LettingEveryPairMeetGivesTheSame, (std::uint64_t seed)) {
  const Case made(seed, edit_count(), edit_count(), everything());

  const Result<Merged> merged = merge(made.left.entries(), made.right.entries());
  const Result<Merged> every_pair = merge_every_pair(made.left.entries(), made.right.entries());

  RC_ASSERT(merged.has_value() == every_pair.has_value());
  if (!merged) return;
  RC_ASSERT(merged->local == every_pair->local);
  RC_ASSERT(merged->incoming == every_pair->incoming);
}

// Law 5: batches of any size give the same, with reciprocals written and read in between.
RC_GTEST_PROP(MergeLaws, BatchSizesMakeNoDifference, (std::uint64_t seed)) {
  const Case made(seed, edit_count(), edit_count(), everything());
  Side left = made.left;
  Side right = made.right;
  const Result<Merged> merged = merge(left.entries(), right.entries());
  if (!merged) return;
  left.take(merged->local);
  right.take(merged->incoming);

  const auto batch_size = *rc::gen::inRange<std::size_t>(1, 4);
  Side left_by_batches = made.left;
  Side right_by_batches = made.right;
  const std::vector<Entry> incoming = made.right.entries();
  for (std::size_t first = 0; first < incoming.size(); first += batch_size) {
    const auto batch =
        std::span(incoming).subspan(first, std::min(batch_size, incoming.size() - first));
    const Merged step = merge(left_by_batches.entries(), batch).value();
    left_by_batches.take(step.local);
    right_by_batches.take(step.incoming, first);
  }

  RC_ASSERT(canonical(left_by_batches.bytes()) == canonical(left.bytes()));
  RC_ASSERT(canonical(right_by_batches.bytes()) == canonical(right.bytes()));
}

// Law 6: instructions of different objects do not touch one another.
RC_GTEST_PROP(MergeLaws, WhatSharesNoObjectGoesOnAsItCame, (std::uint64_t seed)) {
  ModelRealm base;
  SeededRandom random(seed);
  RealmEditor editor(base, random);
  static_cast<void>(editor.create_classes());
  const Bytes ours =
      test::record(base, "class T int ; column T.i int ; create T1 ; i = 1 ; create T3");
  RC_ASSERT(base.apply(ours).has_value());
  const Bytes left = test::record(base, "on T1 ; i = 5 ; i += 1 ; create T7 ; i = 2 ; delete T7");
  const Bytes right = test::record(base, "on T3 ; i = 6 ; create T8 ; i = 3 ; delete T8");
  const Entry local[] = {{left, OriginTimestamp(random.below(5)), kLeft}};
  const Entry incoming[] = {{right, OriginTimestamp(random.below(5)), kRight}};

  const Merged merged = merge(local, incoming).value();

  RC_ASSERT(!merged.local[0] && !merged.incoming[0]);
}

TEST(MergeLaws, NothingOnOneSideChangesNothing) {
  const Case made(1, 20, 0, everything());
  const Bytes nothing;
  const Entry incoming[] = {{nothing, OriginTimestamp(1), kRight}};

  const Merged merged = merge(made.left.entries(), incoming).value();

  EXPECT_TRUE(std::ranges::none_of(merged.local, &Outcome::has_value));
  EXPECT_FALSE(merged.incoming[0]);
}

/// Two clients and a server that all know `base`; then each client commits `scripts`.
class Pair {
 public:
  explicit Pair(const std::string& base) {
    const ModelRealm empty;
    network_.commit(kLeft,
                    OriginTimestamp(0),
                    test::record(empty,
                                 "class T int ; column T.i int ; column T.st string<> ;"
                                 "create T1 ;" +
                                     base));
    static_cast<void>(network_.upload(kLeft).value());
    static_cast<void>(network_.download(kRight, 1).value());
  }
  void commit(ClientFileIdent client, std::uint64_t timestamp, const std::string& script) {
    network_.commit(
        client, OriginTimestamp(timestamp), test::record(network_.realm(client), script));
  }
  /// The state of T1 when all have synced.
  [[nodiscard]] nlohmann::json sync() {
    for (const ClientFileIdent client : {kLeft, kRight}) {
      while (network_.pending_upload_count(client) > 0) {
        static_cast<void>(network_.upload(client).value());
      }
    }
    for (const ClientFileIdent client : {kLeft, kRight}) {
      static_cast<void>(network_.download(client, network_.pending_download_count(client)).value());
      RC_ASSERT(network_.realm(client).state() == network_.realm(kServerFileIdent).state());
    }
    return network_.realm(kServerFileIdent).state()["T"]["i:1"];
  }

 private:
  MergeNetwork network_;
};

// Law 7: of concurrent explicit values the latest wins.
RC_GTEST_PROP(MergeLaws, TheLatestValueWins, (std::uint64_t seed)) {
  SeededRandom random(seed);
  Pair pair("");
  std::uint64_t latest = 0;
  std::int64_t winner = 0;
  for (const ClientFileIdent client : {kLeft, kRight}) {
    std::uint64_t timestamp = 1;
    for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
      timestamp += random.below(3);
      const auto value = static_cast<std::int64_t>(1 + random.below(1000));
      pair.commit(client, timestamp, "i = " + std::to_string(value));
      if (timestamp >= latest) {  // The right client wins ties.
        latest = timestamp;
        winner = value;
      }
    }
  }

  RC_ASSERT(pair.sync()["i"] == "i:" + std::to_string(winner));
}

// Law 8: additions add up.
RC_GTEST_PROP(MergeLaws, CountersAddUp, (std::uint64_t seed)) {
  SeededRandom random(seed);
  Pair pair("i = 1000000");
  std::int64_t sum = 1'000'000;
  for (const ClientFileIdent client : {kLeft, kRight}) {
    for (std::uint64_t n = random.below(6); n > 0; --n) {
      const auto delta = static_cast<std::int64_t>(random.below(200)) - 100;
      pair.commit(client, random.below(10), "i += " + std::to_string(delta));
      sum += delta;
    }
  }

  RC_ASSERT(pair.sync()["i"] == "i:" + std::to_string(sum));
}

// Law 9: for each value of a set the latest instruction decides.
RC_GTEST_PROP(MergeLaws, TheLatestChangeOfASetsValueWins, (std::uint64_t seed)) {
  SeededRandom random(seed);
  Pair pair("st add b");
  std::uint64_t latest = 0;
  bool is_member = true;
  for (const ClientFileIdent client : {kLeft, kRight}) {
    std::uint64_t timestamp = 1;
    bool own_is_member = true;
    for (std::uint64_t n = random.below(5); n > 0; --n) {
      timestamp += random.below(3);
      own_is_member = !own_is_member;
      pair.commit(client, timestamp, own_is_member ? "st add b" : "st remove b");
      if (timestamp >= latest) {
        latest = timestamp;
        is_member = own_is_member;
      }
    }
  }

  RC_ASSERT(pair.sync().contains("st") == is_member);
}

// Law 10: any number of clients, in whatever order they sync, end in the server's state.
void expect_network_converges(std::uint64_t seed, const EditorOptions& options) {
  SeededRandom random(seed);
  const auto client_count = *rc::gen::inRange<std::uint64_t>(2, 5);
  const auto step_count = *rc::gen::inRange<std::size_t>(0, 30);
  MergeNetwork network;
  ModelRealm base;
  RealmEditor editor(base, random, options);
  network.commit(kLeft, OriginTimestamp(0), editor.create_classes());
  network.commit(kLeft, OriginTimestamp(0), editor.transaction(10));
  for (int i = 0; i < 2; ++i) static_cast<void>(network.upload(kLeft).value());
  for (std::uint64_t i = 1; i < client_count; ++i) {
    static_cast<void>(network.download(ClientFileIdent(kLeft.value() + i), 2).value());
  }

  for (std::size_t step = 0; step < step_count; ++step) {
    const ClientFileIdent client(kLeft.value() + random.below(client_count));
    const std::uint64_t dice = random.below(4);
    if (dice < 2) {
      EditorOptions own = options;
      own.ident = client;
      ModelRealm realm = network.realm(client);
      RealmEditor device(realm, random, own);
      network.commit(
          client, OriginTimestamp(random.below(20)), device.transaction(1 + random.below(4)));
    } else if (dice == 2 && network.pending_upload_count(client) > 0) {
      static_cast<void>(network.upload(client).value());
    } else if (network.pending_download_count(client) > 0) {
      const std::size_t pending = network.pending_download_count(client);
      static_cast<void>(network.download(client, 1 + random.below(pending)).value());
    }
  }
  for (std::uint64_t i = 0; i < client_count; ++i) {
    const ClientFileIdent client(kLeft.value() + i);
    while (network.pending_upload_count(client) > 0) {
      static_cast<void>(network.upload(client).value());
    }
  }

  for (std::uint64_t i = 0; i < client_count; ++i) {
    const ClientFileIdent client(kLeft.value() + i);
    static_cast<void>(network.download(client, network.pending_download_count(client)).value());
    if (network.apply_error()) RC_FAIL(network.apply_error()->describe());
    RC_ASSERT(network.realm(client).state() == network.realm(kServerFileIdent).state());
  }
}
RC_GTEST_PROP(MergeLaws, AllClientsEndInTheServersState, (std::uint64_t seed)) {
  expect_network_converges(seed, without_limits(true));
}
RC_GTEST_PROP(MergeLaws, AllClientsEndInTheServersStateWithEmbeddedObjects, (std::uint64_t seed)) {
  expect_network_converges(seed, without_limits(false));
}

}  // namespace
}  // namespace tombolo::merge

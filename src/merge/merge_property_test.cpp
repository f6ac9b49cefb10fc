#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/random.h"
#include "merge/every_pair.h"
#include "merge/merge.h"
#include "test/support/edit_script.h"
#include "test/support/generators.h"
#include "test/support/instruction_table.h"
#include "test/support/known_limits.h"
#include "test/support/merge_network.h"

/// The laws of merging: docs/merge-rules.md, "Laws". Each transaction follows from a number of its
/// own and the state it finds, so that RapidCheck shrinks a failing case by leaving out
/// transactions while the others stay much as they were. What is left is printed as a table.

namespace tombolo::merge {
namespace {

using test::EditorOptions;
using test::InstructionTable;
using test::MergeNetwork;
using test::ModelRealm;
using test::RealmEditor;
using test::RecordedBy;

constexpr ClientFileIdent kLeft{2};
constexpr ClientFileIdent kRight{3};

/// A number for each transaction of a side.
using Draws = std::vector<std::uint64_t>;

std::uint64_t any_number() {
  return *rc::gen::noShrink(rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint64_t>()));
}
Draws any_draws(double length_factor) {
  return *rc::gen::scale(length_factor,
                         rc::gen::container<Draws>(rc::gen::noShrink(rc::gen::resize(
                             rc::kNominalSize, rc::gen::arbitrary<std::uint64_t>()))));
}
Draws draws_from(Random& random, std::size_t count) {
  Draws draws(count);
  for (std::uint64_t& draw : draws) draw = random.next();
  return draws;
}

/// All that a realm can hold, and all that a device can do to it.
EditorOptions everything() {
  return {.objects_per_class = 2};
}
/// What our own devices record.
EditorOptions everything_of_ours() {
  EditorOptions options = everything();
  options.redundant_creations = false;
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
  void show(InstructionTable& table, const std::string& who) const {
    for (std::size_t i = 0; i < bytes_.size(); ++i) table.add(who, keys_[i].timestamp, bytes_[i]);
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
  Side base_edits;
  Side left;
  Side right;

  Case(std::uint64_t base_draw,
       const Draws& left_draws,
       const Draws& right_draws,
       const EditorOptions& options) {
    SeededRandom random(base_draw);
    RealmEditor editor(base, random, options);
    static_cast<void>(editor.create_classes());
    base_edits.add(editor.transaction(20), OriginTimestamp(0), kLeft);
    left = edits(left_draws, kLeft, options);
    right = edits(right_draws, kRight, options);
  }

  [[nodiscard]] bool has_known_limit() const {
    return test::known_limit(left.bytes(), right.bytes(), base, RecordedBy::kOurDevices)
        .has_value();
  }
  [[nodiscard]] std::string text() const {
    InstructionTable table;
    base_edits.show(table, "both");
    left.show(table, "left");
    right.show(table, "right");
    return "\n" + table.text();
  }

 private:
  [[nodiscard]] Side edits(const Draws& draws, ClientFileIdent ident, EditorOptions options) const {
    options.ident = ident;
    ModelRealm realm = base;
    Side side;
    std::uint64_t timestamp = 0;
    for (const std::uint64_t draw : draws) {
      SeededRandom random(draw);
      timestamp += random.below(3);
      const std::size_t size = 1 + random.below(4);
      RealmEditor editor(realm, random, options);
      side.add(editor.transaction(size), OriginTimestamp(timestamp), ident);
    }
    return side;
  }
};

Case any_case(const EditorOptions& options) {
  constexpr double kLengthFactor = 0.1;
  const std::uint64_t base = any_number();
  const Draws left = any_draws(kLengthFactor);
  return {base, left, any_draws(kLengthFactor), options};
}

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

/// Laws 1 and 2; what a known limit excuses is passed over.
void expect_convergence(const EditorOptions& options) {
  const Case made = any_case(options);
  if (made.has_known_limit()) return;
  Side left = made.left;
  Side right = made.right;

  const Result<Merged> merged = merge(left.entries(), right.entries());
  if (!merged) RC_FAIL(merged.error().describe() + made.text());
  left.take(merged->local);
  right.take(merged->incoming);

  const std::string on_left = after(made.base, made.left, right);
  const std::string on_right = after(made.base, made.right, left);
  if (on_left == on_right) return;
  InstructionTable outcome;
  left.show(outcome, "left'");
  right.show(outcome, "right'");
  RC_FAIL(made.text() + outcome.text() + "left ends in  " + on_left + "\nright ends in " +
          on_right);
}

TEST(MergeLaws, MostCasesAreConflictsAndFewOfThemKnownLimits) {
  constexpr std::uint64_t kCases = 200;
  SeededRandom random(1);
  std::size_t conflict_count = 0;
  std::size_t limit_count = 0;
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const Draws left = draws_from(random, 8);
    const Case made(random.next(), left, draws_from(random, 8), everything_of_ours());
    const Result<Merged> merged = merge(made.left.entries(), made.right.entries());
    const bool clashed = merged && std::ranges::any_of(merged->local, &Outcome::has_value);
    if (clashed || !merged) ++conflict_count;
    if (made.has_known_limit()) ++limit_count;
  }

  EXPECT_GT(conflict_count, kCases / 2);
  EXPECT_LT(limit_count, kCases / 4);
}

// Laws 1 and 2: convergence, and what was merged can be executed.
RC_GTEST_PROP(MergeLaws, TwoSidesConverge, ()) {
  expect_convergence(everything_of_ours());
}
RC_GTEST_PROP(MergeLaws, TwoSidesConvergeOnFewKindsOfValues, ()) {
  EditorOptions options = everything_of_ours();
  options.types = {PropertyType::kInt};
  options.objects_per_class = 1;
  expect_convergence(options);
}

// Law 3: swapping the sides swaps the outcomes.
RC_GTEST_PROP(MergeLaws, TheSidesAreEqual, ()) {
  const Case made = any_case(everything());

  const Result<Merged> merged = merge(made.left.entries(), made.right.entries());
  const Result<Merged> swapped = merge(made.right.entries(), made.left.entries());

  RC_ASSERT(merged.has_value() == swapped.has_value());
  if (!merged) return;
  RC_ASSERT(merged->local == swapped->incoming);
  RC_ASSERT(merged->incoming == swapped->local);
}

// Law 4: what the index leaves out would have changed nothing.
RC_GTEST_PROP(MergeLaws, LettingEveryPairMeetGivesTheSame, ()) {
  const Case made = any_case(everything());

  const Result<Merged> merged = merge(made.left.entries(), made.right.entries());
  const Result<Merged> every_pair = merge_every_pair(made.left.entries(), made.right.entries());

  RC_ASSERT(merged.has_value() == every_pair.has_value());
  if (!merged) return;
  RC_ASSERT(merged->local == every_pair->local);
  RC_ASSERT(merged->incoming == every_pair->incoming);
}

// Law 5: batches of any size give the same, with reciprocals written and read in between.
RC_GTEST_PROP(MergeLaws, BatchSizesMakeNoDifference, ()) {
  const Case made = any_case(everything());
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
  SeededRandom random(1);
  const Case made(1, draws_from(random, 8), {}, everything());
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

/// Clients that commit and sync in random order, and a record of it.
class RandomNetwork {
 public:
  RandomNetwork(std::uint64_t base_draw, std::uint64_t client_count, EditorOptions options)
      : options_(std::move(options)) {
    SeededRandom random(base_draw);
    ModelRealm base;
    RealmEditor editor(base, random, options_);
    network_.commit(kLeft, OriginTimestamp(0), editor.create_classes());
    const Bytes first = editor.transaction(10);
    network_.commit(kLeft, OriginTimestamp(0), first);
    edits_.push_back(first);
    table_.add("all", OriginTimestamp(0), first);
    for (int i = 0; i < 2; ++i) static_cast<void>(network_.upload(kLeft).value());
    for (std::uint64_t i = 0; i < client_count; ++i) {
      clients_.emplace_back(kLeft.value() + i);
      if (i > 0) static_cast<void>(network_.download(clients_.back(), 2).value());
    }
  }

  void step(std::uint64_t draw) {
    SeededRandom random(draw);
    const ClientFileIdent client = clients_[random.below(clients_.size())];
    switch (random.below(4)) {
      case 0:
      case 1: return commit(client, random);
      case 2: return upload(client);
      default: {
        const std::size_t pending = network_.pending_download_count(client);
        if (pending > 0) download(client, 1 + random.below(pending));
      }
    }
  }
  void sync() {
    for (const ClientFileIdent client : clients_) {
      while (!failure_ && network_.pending_upload_count(client) > 0) upload(client);
    }
    for (const ClientFileIdent client : clients_) {
      download(client, network_.pending_download_count(client));
    }
  }

  /// What went wrong: a refused merge or changeset, or a state that is not the server's; else "".
  [[nodiscard]] std::string failure() const {
    if (failure_) return failure_->describe();
    if (network_.apply_error()) return network_.apply_error()->describe();
    const std::string server = network_.realm(kServerFileIdent).state().dump();
    for (const ClientFileIdent client : clients_) {
      const std::string state = network_.realm(client).state().dump();
      if (state != server) {
        return "client " + std::to_string(client.value()) + " ends in " + state +
               "\nthe server in " + server;
      }
    }
    return "";
  }
  /// Whether any two changes could run into a known limit.
  [[nodiscard]] bool has_known_limit() const {
    const ModelRealm& schema = network_.realm(kServerFileIdent);
    return test::known_limit(edits_, edits_, schema, RecordedBy::kOurDevices).has_value();
  }
  [[nodiscard]] std::string text() const { return "\n" + table_.text(); }

 private:
  static std::string name(ClientFileIdent client) {
    return "client " + std::to_string(client.value());
  }

  void commit(ClientFileIdent client, Random& random) {
    EditorOptions own = options_;
    own.ident = client;
    ModelRealm realm = network_.realm(client);
    const OriginTimestamp timestamp(random.below(20));
    RealmEditor device(realm, random, own);
    const Bytes changeset = device.transaction(1 + random.below(4));
    network_.commit(client, timestamp, changeset);
    edits_.push_back(changeset);
    table_.add(name(client), timestamp, changeset);
  }
  void upload(ClientFileIdent client) {
    if (failure_ || network_.pending_upload_count(client) == 0) return;
    const auto uploaded = network_.upload(client);
    if (!uploaded) {
      failure_ = uploaded.error();
    } else {
      table_.add(name(client), "upload", *uploaded);
    }
  }
  void download(ClientFileIdent client, std::size_t count) {
    if (failure_) return;
    const auto downloaded = network_.download(client, count);
    if (!downloaded) {
      failure_ = downloaded.error();
    } else {
      for (const Bytes& changeset : *downloaded) table_.add(name(client), "download", changeset);
    }
  }

  EditorOptions options_;
  MergeNetwork network_;
  std::vector<ClientFileIdent> clients_;
  std::vector<Bytes> edits_;
  InstructionTable table_;
  std::optional<Error> failure_;
};

// Law 10: any number of clients, in whatever order they sync, end in the server's state.
void expect_network_converges(const EditorOptions& options) {
  const std::uint64_t base = any_number();
  const auto client_count = *rc::gen::inRange<std::uint64_t>(2, 7);
  RandomNetwork network(base, client_count, options);

  for (const std::uint64_t draw : any_draws(0.3)) network.step(draw);
  network.sync();

  const std::string failure = network.failure();
  if (!failure.empty() && !network.has_known_limit()) RC_FAIL(failure + network.text());
}
RC_GTEST_PROP(MergeLaws, AllClientsEndInTheServersState, ()) {
  EditorOptions options = everything_of_ours();
  // What the known limits are about would excuse nearly every long history.
  options.nested_collections = false;
  options.dictionaries = false;
  expect_network_converges(options);
}
RC_GTEST_PROP(MergeLaws, AllClientsEndInTheServersStateWithDictionaries, ()) {
  EditorOptions options = everything_of_ours();
  options.nested_collections = false;
  options.embedded_objects = false;
  expect_network_converges(options);
}
RC_GTEST_PROP(MergeLaws, AllClientsEndInTheServersStateWithNestedCollections, ()) {
  expect_network_converges(everything_of_ours());
}

}  // namespace
}  // namespace tombolo::merge

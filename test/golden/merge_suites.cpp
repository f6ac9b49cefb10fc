#include "test/golden/merge_suites.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>

#include "merge/every_pair.h"
#include "merge/merge.h"
#include "test/golden/chain_replay.h"
#include "test/support/canonical_json.h"
#include "test/support/data_file.h"
#include "test/support/model_realm.h"

namespace tombolo::test {
namespace {

using merge::DeployedRules;
using merge::Entry;
using merge::Merged;
using merge::Outcome;
using nlohmann::json;

constexpr DeployedRules kAllDeployed{.set_erase_by_position = true,
                                     .move_leaves_nested_paths = true,
                                     .erase_column_keeps_edits = true,
                                     .list_leaves_nested_clears = true};

/// The starting points of the cases by name.
using Bases = std::map<std::string, json>;
Bases read_bases(const std::filesystem::path& directory) {
  Bases bases;
  for (const json& base : read_json_lines(directory / "merge_bases.jsonl")) {
    bases[base["id"]] = base;
  }
  return bases;
}

/// One side of a case.
class Side {
 public:
  explicit Side(const json& changesets) {
    for (const json& changeset : changesets) bytes_.push_back(bytes_of(changeset["changeset"]));
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
      entries_.push_back({bytes_[i],
                          OriginTimestamp(changesets[i]["timestamp"]),
                          ClientFileIdent(changesets[i]["ident"])});
    }
  }
  /// Replaces what was merged by its outcomes.
  void take(const std::vector<Outcome>& outcomes) {
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
      if (outcomes[i]) bytes_[i] = *outcomes[i];
      entries_[i].bytes = bytes_[i];
    }
  }
  [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }
  [[nodiscard]] const std::vector<Bytes>& bytes() const noexcept { return bytes_; }

 private:
  std::vector<Bytes> bytes_;
  std::vector<Entry> entries_;
};

/// Both sides after a merge, or why there was none.
struct Transformed {
  std::optional<ErrorCode> error;
  std::vector<Bytes> a;
  std::vector<Bytes> b;

  friend bool operator==(const Transformed&, const Transformed&) = default;
};

Transformed transform(const json& golden, const DeployedRules& deployed) {
  Side a(golden["a"]);
  Side b(golden["b"]);
  const Result<Merged> merged = merge::merge(a.entries(), b.entries(), deployed);
  if (!merged) return {merged.error().code(), {}, {}};
  a.take(merged->local);
  b.take(merged->incoming);
  return {std::nullopt, a.bytes(), b.bytes()};
}

Transformed transform_swapped(const json& golden, const DeployedRules& deployed) {
  json swapped = golden;
  std::swap(swapped["a"], swapped["b"]);
  Transformed found = transform(swapped, deployed);
  std::swap(found.a, found.b);
  return found;
}

Transformed transform_every_pair(const json& golden, const DeployedRules& deployed) {
  Side a(golden["a"]);
  Side b(golden["b"]);
  const Result<Merged> merged = merge::merge_every_pair(a.entries(), b.entries(), deployed);
  if (!merged) return {merged.error().code(), {}, {}};
  a.take(merged->local);
  b.take(merged->incoming);
  return {std::nullopt, a.bytes(), b.bytes()};
}

/// The changesets of b one at a time, each against what the one before made of a.
Transformed transform_one_by_one(const json& golden, const DeployedRules& deployed) {
  Side a(golden["a"]);
  Transformed found;
  for (const json& changeset : golden["b"]) {
    Side b(json::array({changeset}));
    const Result<Merged> merged = merge::merge(a.entries(), b.entries(), deployed);
    if (!merged) return {merged.error().code(), {}, {}};
    a.take(merged->local);
    b.take(merged->incoming);
    found.b.push_back(b.bytes().front());
  }
  found.a = a.bytes();
  return found;
}

/// "" when both are the same changesets by their instructions.
std::string difference(const std::vector<Bytes>& found, const json& expected) {
  if (found.size() != expected.size()) return "has another number of changesets";
  for (std::size_t i = 0; i < found.size(); ++i) {
    const json one = instructions_json(changeset::parse(found[i]).value());
    const json other = instructions_json(changeset::parse(bytes_of(expected[i])).value());
    if (one != other) return one.dump() + " instead of " + other.dump();
  }
  return "";
}
std::string difference(const Transformed& found, const json& golden) {
  if (const std::string a = difference(found.a, golden["a_transformed"]); !a.empty()) {
    return "a becomes " + a;
  }
  if (const std::string b = difference(found.b, golden["b_transformed"]); !b.empty()) {
    return "b becomes " + b;
  }
  return "";
}

std::optional<ErrorCode> recorded_error(const json& golden) {
  const std::string error = golden.value("error", "");
  if (error == "schema_mismatch") return ErrorCode::kMergeSchemaMismatch;
  if (error == "inconsistent_list_position") return ErrorCode::kMergeBadPosition;
  return std::nullopt;
}

/// What a realm holds after its own changes and the transformed ones of the other side; no state
/// when something was refused.
struct Ending {
  std::string refusal;
  json state;
  json schema;
};
Ending execute(const json& base, const json& own, const std::vector<Bytes>& other) {
  ModelRealm realm;
  for (const json& changeset : base["changesets"]) realm.apply(bytes_of(changeset)).value();
  Ending ending;
  const auto apply = [&](BytesView changeset) {
    const Result<void> applied = realm.apply(changeset);
    if (!applied && ending.refusal.empty()) ending.refusal = applied.error().describe();
  };
  for (const json& changeset : own) apply(bytes_of(changeset["changeset"]));
  for (const Bytes& changeset : other) apply(changeset);
  if (ending.refusal.empty()) {
    ending.state = realm.state();
    ending.schema = realm.schema();
  }
  return ending;
}

/// Refusals that only the reference's storage has. Source: docs/changeset-format.md, "Applying".
constexpr std::string_view kAppliedByDecision[] = {"random-3073", "random-3516", "random-1263"};

/// Compares one order of execution with what was recorded for it: a state, or a refusal.
std::string check_ending(const Ending& ending,
                         const json& golden,
                         const char* state,
                         const char* error) {
  if (golden.contains(error)) {
    if (!ending.refusal.empty()) return "";
    const bool decided =
        std::ranges::find(kAppliedByDecision, golden["name"]) != std::end(kAppliedByDecision);
    return decided ? "" : std::string("nothing is refused: ") + error;
  }
  if (!ending.refusal.empty()) return "refused: " + ending.refusal;
  if (golden.contains(state) && ending.state != golden[state]) {
    return std::string(state) + " is " + ending.state.dump();
  }
  return "";
}

std::string check_endings(const json& golden, const json& base, const Transformed& found) {
  const Ending on_a = execute(base, golden["a"], found.b);
  const Ending on_b = execute(base, golden["b"], found.a);
  if (std::string what = check_ending(on_a, golden, "state", "apply_error_a"); !what.empty()) {
    return what;
  }
  const char* const other = golden["converged"] ? "state" : "state_b";
  if (std::string what = check_ending(on_b, golden, other, "apply_error_b"); !what.empty()) {
    return what;
  }
  if (golden["converged"] && on_a.schema != golden.value("schema", base["schema"])) {
    return "the schema is " + on_a.schema.dump();
  }
  if (golden["converged"] && on_b.schema != on_a.schema) return "the schemas differ";
  return "";
}

/// The canonical form of a changeset: all names first.
Bytes reencoded(BytesView changeset) {
  return changeset::encode(changeset::parse(changeset).value());
}
bool is_same(const std::vector<Bytes>& left, const std::vector<Bytes>& right) {
  return std::ranges::equal(left, right, [](const Bytes& one, const Bytes& other) {
    return one == other || reencoded(one) == reencoded(other);
  });
}
/// Equal but for the place of names in a changeset that was merged there and back again.
bool is_same(const Transformed& left, const Transformed& right) {
  return left.error == right.error && is_same(left.a, right.a) && is_same(left.b, right.b);
}

/// Whether the canonical form is byte for byte what was recorded, unused names included.
bool is_recorded_form(const std::vector<Bytes>& found, const json& recorded) {
  return std::ranges::equal(found, recorded, [](const Bytes& one, const json& other) {
    return reencoded(one) == bytes_of(other);
  });
}

std::string check_variants(const json& golden,
                           const DeployedRules& deployed,
                           const Transformed& found) {
  if (transform_swapped(golden, deployed) != found) return "differs with the sides swapped";
  if (transform_every_pair(golden, deployed) != found) return "differs when every pair meets";
  if (!is_same(transform_one_by_one(golden, deployed), found)) return "differs merged one by one";
  return "";
}

std::string check_as_deployed(const json& golden, const Bases& bases) {
  const Transformed found = transform(golden, kAllDeployed);
  if (found.error != recorded_error(golden)) return "another error, or none";
  if (std::string what = check_variants(golden, kAllDeployed, found); !what.empty()) return what;
  if (found.error) return "";
  if (std::string what = difference(found, golden); !what.empty()) return what;
  if (!is_recorded_form(found.a, golden["a_transformed"]) ||
      !is_recorded_form(found.b, golden["b_transformed"])) {
    return "has the instructions but not the bytes";
  }
  if (golden.value("error", "") == "crash_on_apply") return "";
  return check_endings(golden, bases.at(golden["base"]), found);
}

/// Cases in which one of our four rules decides and both orders still do not end in one state.
/// Source: docs/merge-rules.md, "Known limits", L1 and L3.
constexpr std::string_view kStillApart[] = {"random-2511", "random-2563"};

/// Which of our rules make a difference in a case: the names of the departures, such as "D2".
std::vector<std::string> departures_in(const json& golden, const Transformed& ours) {
  struct Departure {
    const char* name;
    bool DeployedRules::*rule;
  };
  constexpr Departure kDepartures[] = {
      {"D1", &DeployedRules::set_erase_by_position},
      {"D2", &DeployedRules::move_leaves_nested_paths},
      {"D3", &DeployedRules::erase_column_keeps_edits},
      {"D4", &DeployedRules::list_leaves_nested_clears},
  };
  std::vector<std::string> names;
  for (const Departure& departure : kDepartures) {
    DeployedRules rules;
    rules.*departure.rule = true;
    if (transform(golden, rules) != ours) names.emplace_back(departure.name);
  }
  return names;
}

using Counts = std::map<std::string, std::size_t>;

/// What our own rules give: as recorded, or where one of the four decided, one state in both
/// orders.
std::string check_own(const json& golden, const Bases& bases, Counts& departures) {
  const Transformed found = transform(golden, {});
  if (std::string what = check_variants(golden, {}, found); !what.empty()) return what;
  if (found.error == recorded_error(golden) && (found.error || difference(found, golden).empty())) {
    return "";
  }
  const std::vector<std::string> names = departures_in(golden, found);
  if (names.empty()) return "none of the four rules decided: " + difference(found, golden);
  for (const std::string& name : names) ++departures[name];
  if (found.error) return "does not merge";

  const json& base = bases.at(golden["base"]);
  const Ending on_a = execute(base, golden["a"], found.b);
  const Ending on_b = execute(base, golden["b"], found.a);
  const bool apart = !on_a.refusal.empty() || !on_b.refusal.empty() || on_a.state != on_b.state ||
                     on_a.schema != on_b.schema;
  const bool expected = std::ranges::find(kStillApart, golden["name"]) != std::end(kStillApart);
  if (expected) ++departures["two states, a known limit"];
  if (apart == expected) return "";
  return apart ? "two states: " + on_a.refusal + on_a.state.dump() + " and " + on_b.refusal +
                     on_b.state.dump()
               : "one state";
}

void remark(GoldenReport& report, const Counts& departures) {
  for (const auto& [name, count] : departures) {
    report.remark(std::to_string(count) + " differ by " + name);
  }
}

std::vector<GoldenReport> run_merge(const std::filesystem::path& directory) {
  constexpr auto kFile = "merge.jsonl";
  const Bases bases = read_bases(directory);
  const std::vector<json> lines = read_json_lines(directory / kFile);

  GoldenReport as_deployed(std::string(kFile) + " (reference rules)");
  GoldenReport own(std::string(kFile) + " (own rules)");
  Counts departures;
  for (const json& golden : lines) {
    as_deployed.check(golden["name"], [&] { return check_as_deployed(golden, bases); });
    own.check(golden["name"], [&] { return check_own(golden, bases, departures); });
  }
  remark(own, departures);
  return {as_deployed, own};
}

// chain.jsonl

constexpr std::uint64_t kChainFiles[] = {1, 2, 3, 4};  ///< The server and its clients.

std::string check_chain_endings(const ChainReplay& chain, const json& golden, const json& base) {
  if (chain.network().apply_error()) return "refused: " + chain.network().apply_error()->describe();
  const json& schema = golden.contains("schema") ? golden["schema"] : base["schema"];
  for (const std::uint64_t file : kChainFiles) {
    const std::string own_state = "state_" + std::to_string(file);
    const json& state = golden.contains(own_state) ? golden[own_state] : golden["state"];
    if (chain.network().realm(ClientFileIdent(file)).state() != state) {
      return own_state + " is " + chain.network().realm(ClientFileIdent(file)).state().dump();
    }
    if (chain.network().realm(ClientFileIdent(file)).schema() != schema)
      return "the schemas differ";
  }
  return "";
}

std::string check_chain_as_deployed(const json& golden, const Bases& bases) {
  ChainReplay chain(kAllDeployed);
  for (const json& event : golden["events"]) {
    if (std::string what = chain.replay(event); !what.empty()) return what;
  }
  const std::string error = golden.value("error", "");
  if (error == "inconsistent_list_position") {
    return chain.next_failure() == ErrorCode::kMergeBadPosition ? "" : "the next step merges";
  }
  if (error == "apply_error") {
    return chain.next_failure() == ErrorCode::kBadChangeset ? "" : "nothing is refused";
  }
  return check_chain_endings(chain, golden, bases.at(golden["base"]));
}

/// As recorded, or else in one state everywhere.
std::string check_chain_own(const json& golden, Counts& departures) {
  ChainReplay chain({});
  std::string difference;
  for (const json& event : golden["events"]) {
    const std::string what = chain.replay(event);
    if (difference.empty()) difference = what;
  }
  if (difference.empty()) return "";
  if (!chain.differed()) return difference;
  ++departures["D1 or D2"];
  if (chain.network().apply_error()) return "refused: " + chain.network().apply_error()->describe();
  const json server = chain.network().realm(kServerFileIdent).state();
  for (const std::uint64_t file : kChainFiles) {
    const json state = chain.network().realm(ClientFileIdent(file)).state();
    if (state != server) {
      return "file " + std::to_string(file) + " has " + state.dump() + ", the server " +
             server.dump();
    }
  }
  return "";
}

std::vector<GoldenReport> run_chain(const std::filesystem::path& directory) {
  constexpr auto kFile = "chain.jsonl";
  const Bases bases = read_bases(directory);
  GoldenReport as_deployed(std::string(kFile) + " (reference rules)");
  GoldenReport own(std::string(kFile) + " (own rules)");
  Counts departures;
  for (const json& golden : read_json_lines(directory / kFile)) {
    as_deployed.check(golden["name"], [&] { return check_chain_as_deployed(golden, bases); });
    own.check(golden["name"], [&] { return check_chain_own(golden, departures); });
  }
  remark(own, departures);
  return {as_deployed, own};
}

}  // namespace

std::vector<GoldenSuite> merge_suites() {
  return {{"merge.jsonl", run_merge}, {"chain.jsonl", run_chain}};
}

}  // namespace tombolo::test

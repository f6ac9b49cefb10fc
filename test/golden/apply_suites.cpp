#include "test/golden/apply_suites.h"

#include <algorithm>
#include <map>

#include "test/support/canonical_json.h"
#include "test/support/data_file.h"
#include "test/support/model_realm.h"
#include "test/support/store_realm.h"

namespace tombolo::test {
namespace {

using changeset::Changeset;
using nlohmann::json;

/// Fields that hold -0 are left out like those that hold 0: the reference drops the sign when -0 is
/// written where the initial 0 stands, we keep it, and both count as equal.
void leave_out_negative_zeros(json& fields) {
  for (auto field = fields.begin(); field != fields.end();) {
    if (*field == "f:80000000" || *field == "d:8000000000000000" || *field == "D:-0E0") {
      field = fields.erase(field);
    } else {
      if (field->is_object() && field->contains("obj")) leave_out_negative_zeros((*field)["obj"]);
      ++field;
    }
  }
}
json comparable_state(json state) {
  for (json& objects : state) {
    for (json& fields : objects) leave_out_negative_zeros(fields);
  }
  return state;
}

/// The reference cuts the halves of global keys to 30 and 32 bits; we keep them whole.
json with_cut_global_keys(const json& state) {
  json cut = json::object();
  for (const auto& [name, objects] : state.items()) {
    for (const auto& [key, fields] : objects.items()) {
      std::string cut_key = key;
      if (key.starts_with("g:") && key.find_first_not_of("0", 2) < 10) {
        cut_key = "g:000000003fffffff-00000000" + key.substr(key.size() - 8);
      }
      cut[name][cut_key] = fields;
    }
  }
  return cut;
}

void apply_all(ApplyTarget& target, const json& changesets) {
  for (const json& hex : changesets) target.apply(bytes_of(hex)).value();
}

std::string difference(const ApplyTarget& target, const json& state, const json& schema) {
  if (const json found = comparable_state(target.state()); found != comparable_state(state)) {
    return "the state is " + found.dump();
  }
  if (const json found = target.schema(); found != schema) return "the schema is " + found.dump();
  return "";
}

std::string report_name(std::string file, const ApplyImplementation& implementation) {
  return implementation.name.empty() ? file : file + " (" + implementation.name + ")";
}

// state_after_local.jsonl

struct LocalCase {
  json base;
  json changesets;  ///< Setup and the transaction.
};

std::map<std::string, LocalCase> local_cases(const std::filesystem::path& directory) {
  std::map<std::string, json> bases;
  for (const json& base : read_json_lines(directory / "merge_bases.jsonl")) {
    bases[base["id"]] = base["changesets"];
  }
  std::map<std::string, LocalCase> cases;
  for (const json& golden : read_json_lines(directory / "changesets.jsonl")) {
    LocalCase& found = cases[golden["name"]];
    found.base = golden["base"].is_null() ? json::array() : bases.at(golden["base"]);
    found.changesets = golden["setup"];
    found.changesets.push_back(golden["changeset"]);
  }
  return cases;
}

std::string check_local(ApplyTarget& target,
                        const std::string& name,
                        const LocalCase& local,
                        const json& golden) {
  apply_all(target, local.base);
  apply_all(target, local.changesets);
  // The reference refuses to remove a null from a typed set; we do it.
  if (golden["state"].is_null()) return name.starts_with("Set erase null") ? "" : "it was applied";
  const json& state = golden["state"];
  if (name == "CreateObject global key") {
    const json found = with_cut_global_keys(target.state());
    return found == state ? "" : "the state is " + found.dump();
  }
  return difference(target, state, golden["schema"]);
}

std::vector<GoldenReport> run_local(const std::filesystem::path& directory,
                                    const ApplyImplementation& implementation) {
  constexpr auto kFile = "state_after_local.jsonl";
  GoldenReport report(report_name(kFile, implementation));
  const auto cases = local_cases(directory);
  const auto target = implementation.make();
  for (const json& golden : read_json_lines(directory / kFile)) {
    const std::string name = golden["name"];
    target->reset();
    report.check(name, [&] { return check_local(*target, name, cases.at(name), golden); });
  }
  return {report};
}

// apply.jsonl

/// Cases that the reference takes and we refuse. Source: docs/changeset-format.md, "Applying".
constexpr std::string_view kRefusedByDecision[] = {
    "update with object value on int",
    "set in list wrong prior_size",
    "add existing class other key type",
    "add existing column other nullability",
};

std::string check_steps(ApplyTarget& target, const json& golden, json schema) {
  const bool refused_by_decision =
      std::ranges::find(kRefusedByDecision, golden["name"]) != std::end(kRefusedByDecision);
  for (const json& step : golden["steps"]) {
    const json state_before = target.state();
    const Result<void> result = target.apply(bytes_of(step["changeset"]));
    const bool expect_ok = step["result"] == "ok" && !refused_by_decision;
    if (result && !expect_ok) return "it was applied";
    if (!result && expect_ok) return "refused: " + result.error().describe();
    if (!result && result.error().code() != ErrorCode::kBadChangeset) {
      return "refused for another reason: " + result.error().describe();
    }
    if (step.contains("schema")) schema = step["schema"];
    const json& state = expect_ok ? step["state"] : state_before;
    std::string what = difference(target, state, schema);
    if (!what.empty()) return what;
  }
  return "";
}

std::vector<GoldenReport> run_apply(const std::filesystem::path& directory,
                                    const ApplyImplementation& implementation) {
  constexpr auto kFile = "apply.jsonl";
  GoldenReport report(report_name(kFile, implementation));
  const std::vector<json> lines = read_json_lines(directory / kFile);
  const json& base = lines.at(0);
  const auto target = implementation.make();
  for (const json& golden : lines) {
    target->reset();
    report.check(golden["name"], [&] {
      apply_all(*target, base["changesets"]);
      std::string what = difference(*target, base["state"], base["schema"]);
      if (!what.empty() || !golden.contains("steps")) return what;
      return check_steps(*target, golden, base["schema"]);
    });
  }
  return {report};
}

}  // namespace

std::vector<GoldenSuite> apply_suites(const ApplyImplementation& implementation) {
  return {
      {"state_after_local.jsonl",
       [implementation](const auto& directory) { return run_local(directory, implementation); }},
      {"apply.jsonl",
       [implementation](const auto& directory) { return run_apply(directory, implementation); }},
  };
}

std::vector<GoldenSuite> model_apply_suites() {
  return apply_suites({.name = "model", .make = [] { return std::make_unique<ModelRealm>(); }});
}

std::vector<GoldenSuite> store_apply_suites() {
  return apply_suites({.name = "store", .make = [] { return std::make_unique<StoreRealm>(); }});
}

}  // namespace tombolo::test

#include "test/golden/apply_suites.h"

#include <algorithm>
#include <map>
#include <optional>

#include "test/support/canonical_json.h"
#include "test/support/data_file.h"
#include "test/support/model_realm.h"

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

/// Changesets to apply one after the other, and whether the implementation covers them all.
class Steps {
 public:
  Steps(ApplyTarget& target, const ApplyImplementation& implementation)
      : target_(target),
        implementation_(implementation) {}

  [[nodiscard]] bool covers(const json& changesets) const {
    return std::ranges::all_of(changesets, [&](const json& hex) {
      const Bytes bytes = bytes_of(hex);
      return implementation_.covers(changeset::parse(bytes).value());
    });
  }
  void apply(const json& changesets) {
    for (const json& hex : changesets) target_.apply(bytes_of(hex)).value();
  }

 private:
  ApplyTarget& target_;
  const ApplyImplementation& implementation_;
};

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

void remark_left_out(GoldenReport& report, std::size_t count) {
  if (count != 0)
    report.remark(std::to_string(count) + " left out: they use what is not there yet");
}

// state_after_local.jsonl

struct LocalCase {
  json changesets;  ///< Base, setup and the transaction.
  json state;
  json schema;
};

std::map<std::string, LocalCase> local_cases(const std::filesystem::path& directory) {
  std::map<std::string, json> bases;
  for (const json& base : read_json_lines(directory / "merge_bases.jsonl")) {
    bases[base["id"]] = base["changesets"];
  }
  std::map<std::string, LocalCase> cases;
  for (const json& golden : read_json_lines(directory / "changesets.jsonl")) {
    json changesets = golden["base"].is_null() ? json::array() : bases.at(golden["base"]);
    for (const json& setup : golden["setup"]) changesets.push_back(setup);
    changesets.push_back(golden["changeset"]);
    cases[golden["name"]].changesets = std::move(changesets);
  }
  return cases;
}

std::string check_local(ApplyTarget& target,
                        const ApplyImplementation& implementation,
                        const std::string& name,
                        const json& changesets,
                        const json& golden) {
  Steps(target, implementation).apply(changesets);
  // The reference refuses to remove a null from a typed set; we do it.
  if (golden["state"].is_null()) return name.starts_with("Set erase null") ? "" : "it was applied";
  if (name == "CreateObject global key") {
    const json found = with_cut_global_keys(target.state());
    return found == golden["state"] ? "" : "the state is " + found.dump();
  }
  return difference(target, golden["state"], golden["schema"]);
}

std::vector<GoldenReport> run_local(const std::filesystem::path& directory,
                                    const ApplyImplementation& implementation) {
  constexpr auto kFile = "state_after_local.jsonl";
  GoldenReport report(report_name(kFile, implementation));
  const auto cases = local_cases(directory);
  const auto target = implementation.make();
  std::size_t left_out = 0;
  for (const json& golden : read_json_lines(directory / kFile)) {
    const std::string name = golden["name"];
    const json& changesets = cases.at(name).changesets;
    if (!Steps(*target, implementation).covers(changesets)) {
      ++left_out;
      continue;
    }
    target->reset();
    report.check(name,
                 [&] { return check_local(*target, implementation, name, changesets, golden); });
  }
  remark_left_out(report, left_out);
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
    if (std::string what = difference(target, state, schema); !what.empty()) return what;
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
  Steps steps(*target, implementation);
  std::size_t left_out = 0;
  for (const json& golden : lines) {
    json changesets = base["changesets"];
    for (const json& step : golden.value("steps", json::array())) {
      changesets.push_back(step["changeset"]);
    }
    if (!steps.covers(changesets)) {
      ++left_out;
      continue;
    }
    target->reset();
    report.check(golden["name"], [&] {
      steps.apply(base["changesets"]);
      std::string what = difference(*target, base["state"], base["schema"]);
      if (!what.empty() || !golden.contains("steps")) return what;
      return check_steps(*target, golden, base["schema"]);
    });
  }
  remark_left_out(report, left_out);
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

}  // namespace tombolo::test

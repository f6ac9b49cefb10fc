#include "test/golden/query_suites.h"

#include <algorithm>

#include "query/binder.h"
#include "query/evaluator.h"
#include "query/parser.h"
#include "query/printer.h"
#include "test/support/data_file.h"
#include "test/support/query_dataset.h"

namespace tombolo::test {
namespace {

using nlohmann::json;

/// What a query came to: the keys of objects, or the stage that failed and why.
struct Outcome {
  json keys = json::array();
  std::string stage;
  std::string error;
};

Outcome run_query(const json& golden, QueryDataset& dataset) {
  const std::string text = golden["query"];
  const Result<query::Ast> parsed = query::parse(text);
  if (!parsed) return {{}, "syntax", parsed.error().message()};

  std::vector<query::Constant> arguments;
  for (const json& argument : golden.value("args", json::array())) {
    arguments.push_back(dataset.argument(argument));
  }
  const std::string class_name = golden["class"];
  const auto bound = query::bind_query(*parsed, dataset.schema(), class_name, arguments);
  if (!bound) return {{}, "binding", bound.error().message()};
  if ((*bound)->read_error) return {{}, "read", (*bound)->read_error->message()};

  Outcome outcome;
  for (const auto object : query::evaluate(**bound, dataset, dataset.objects(class_name))) {
    outcome.keys.push_back(dataset.key_of(object));
  }
  return outcome;
}

/// The canonical text has to mean the same.
std::string check_canonical_text(const json& golden,
                                 QueryDataset& dataset,
                                 const Outcome& outcome) {
  const query::Ast parsed = query::parse(golden["query"].get<std::string>()).value();
  json canonical = golden;
  canonical["query"] = query::print(parsed);
  const auto again = query::parse(canonical["query"].get<std::string>());
  if (!again) return "the canonical text " + canonical["query"].dump() + " does not parse";
  if (*again != parsed) return "the canonical text " + canonical["query"].dump() + " differs";
  if (run_query(canonical, dataset).keys != outcome.keys) return "the canonical text finds others";
  return "";
}

std::string check(const json& golden, QueryDataset& dataset) {
  Outcome outcome = run_query(golden, dataset);
  const std::string stage = golden.value("stage", "");
  if (outcome.stage != stage) {
    return (stage.empty() ? "no error" : "an error of stage " + stage) + " expected, got " +
           (outcome.stage.empty() ? outcome.keys.dump() : outcome.stage + ": " + outcome.error);
  }
  if (!stage.empty()) return outcome.error.empty() ? "the error says nothing" : "";

  json expected = golden["expected"];
  json found = outcome.keys;
  if (!golden.value("ordered", false)) {
    std::sort(expected.begin(), expected.end());
    std::sort(found.begin(), found.end());
  }
  if (found != expected) return "found " + found.dump() + ", expected " + expected.dump();
  return check_canonical_text(golden, dataset, outcome);
}

std::vector<GoldenReport> run(const std::filesystem::path& directory) {
  GoldenReport report("queries.jsonl");
  QueryDataset dataset(json::parse(read_data_file(directory / "queries_dataset.json")));
  for (const json& golden : read_json_lines(directory / report.file())) {
    const std::string name = golden["class"].get<std::string>() + " | " +
                             golden["query"].get<std::string>() + " | " +
                             golden.value("args", json::array()).dump();
    report.check(name, [&] { return check(golden, dataset); });
  }
  return {report};
}

}  // namespace

std::vector<GoldenSuite> query_suites() {
  return {{"queries.jsonl", run}};
}

}  // namespace tombolo::test

#include "test/golden/writing_suites.h"

#include <map>
#include <sstream>
#include <string>

#include "changeset/printer.h"
#include "test/support/canonical_json.h"
#include "test/support/data_file.h"
#include "test/support/store_realm.h"
#include "test/support/store_writing.h"

namespace tombolo::test {
namespace {

using nlohmann::json;

/// Whether all that `recorded` lacks is making lists and dictionaries where one stands: the
/// reference records it, we do not.
bool lacks_only_creations(const std::string& expected, const std::string& recorded) {
  std::istringstream wanted(expected);
  std::istringstream found(recorded);
  std::string wanted_line;
  std::string found_line;
  bool has_more = static_cast<bool>(std::getline(found, found_line));
  while (std::getline(wanted, wanted_line)) {
    if (has_more && wanted_line == found_line) {
      has_more = static_cast<bool>(std::getline(found, found_line));
    } else if (wanted_line.find(" = dictionary") == std::string::npos &&
               wanted_line.find(" = list") == std::string::npos) {
      return false;
    }
  }
  return !has_more;
}

std::string check_case(StoreRealm& file,
                       const json& base,
                       const json& golden,
                       std::size_t& lack_creations) {
  for (const json* part : {&base, &golden["setup"]}) {
    for (const json& hex : *part) file.apply(bytes_of(hex)).value();
  }
  const Bytes bytes = bytes_of(golden["changeset"]);
  const changeset::Changeset wanted = changeset::parse_view(bytes).value();
  {
    store::WriteTransaction transaction = file.environment().begin_write();
    transaction.realm().set_recording(store::Recording::kOn);
    write_as_application(transaction.realm(), wanted);
    transaction.commit();
  }
  const store::ReadTransaction snapshot = file.environment().begin_read();
  const store::HistoryReader history = snapshot.realm().history();
  const auto entry = history.find(history.bounds().newest);
  if (!entry) return "nothing was recorded";
  const std::string expected = changeset::print(wanted);
  const std::string recorded = changeset::print(changeset::parse_view(entry->changeset).value());
  if (recorded == expected) return "";
  if (!lacks_only_creations(expected, recorded)) {
    return "recorded\n" + recorded + "not\n" + expected;
  }
  ++lack_creations;
  return "";
}

std::vector<GoldenReport> run(const std::filesystem::path& directory) {
  GoldenReport report("changesets.jsonl (written by the store)");
  std::map<std::string, json> bases{{"", json::array()}};
  for (const json& base : read_json_lines(directory / "merge_bases.jsonl")) {
    bases[base["id"]] = base["changesets"];
  }
  StoreRealm file;
  std::size_t lack_creations = 0;
  for (const json& golden : read_json_lines(directory / "changesets.jsonl")) {
    file.reset();
    const std::string base = golden["base"].is_null() ? "" : golden["base"];
    report.check(golden["name"],
                 [&] { return check_case(file, bases.at(base), golden, lack_creations); });
  }
  report.remark(std::to_string(lack_creations) +
                " lack making a list or dictionary where one stands, by decision");
  return {report};
}

}  // namespace

std::vector<GoldenSuite> writing_suites() {
  return {{"changesets.jsonl", run}};
}

}  // namespace tombolo::test

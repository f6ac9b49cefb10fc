#include "test/golden/changeset_suites.h"

#include <map>
#include <string_view>

#include "base/hex.h"
#include "changeset/changeset.h"
#include "test/support/canonical_json.h"
#include "test/support/data_file.h"

namespace tombolo::test {
namespace {

using changeset::Changeset;
using nlohmann::json;

/// "" when the changeset is what the case says, else the part that is not.
std::string difference(const Changeset& changeset, const json& expected) {
  if (const json strings = strings_json(changeset); strings != expected["strings"]) {
    return "strings are " + strings.dump();
  }
  if (const json instructions = instructions_json(changeset);
      instructions != expected["instructions"]) {
    return "instructions are " + instructions.dump();
  }
  return "";
}

std::string check_valid(const json& golden) {
  const Bytes bytes = bytes_of(golden["changeset"]);
  const Changeset parsed = changeset::parse(bytes).value();
  if (std::string what = difference(parsed, golden); !what.empty()) return what;

  const Bytes encoded = changeset::encode(parsed);
  if (golden["reencoded_same"] && encoded != bytes) return "written again as " + to_hex(encoded);
  const Changeset again = changeset::parse(encoded).value();
  if (encoded.empty() && parsed.empty()) return "";  // names alone are not written
  return difference(again, golden);
}

std::vector<GoldenReport> run_valid(const std::filesystem::path& directory) {
  GoldenReport report("changesets.jsonl");
  for (const json& golden : read_json_lines(directory / report.file())) {
    report.check(golden["name"], [&] { return check_valid(golden); });
  }
  return {report};
}

/// Why we refuse what the reference accepts: what the reader says, and the decision behind it.
/// Source: docs/changeset-format.md, "Malformed input".
struct Strictness {
  std::string_view message;
  std::string_view decision;
};
constexpr Strictness kStrictnesses[] = {
    {"a text is not UTF-8", "text that is not UTF-8"},
    {"a property cannot be of this type", "AddColumn with a type that is no column type"},
    {"an unsigned integer has a sign", "a sign on an unsigned number or boolean"},
    {"the nanoseconds of a timestamp are out of range",
     "a timestamp out of range or of mixed signs"},
    {"a decimal does not fit its fields", "a decimal out of its fields"},
    {"the keys of a dictionary are strings", "AddColumn with a key type other than string"},
    {"a path position is out of range", "a path marker below -1 or a position from 2^32"},
    {"unknown opcode", "an opcode that fits only after cutting it to 8 bits"},
};

std::vector<GoldenReport> run_invalid(const std::filesystem::path& directory) {
  GoldenReport report("changesets_invalid.jsonl");
  std::map<std::string_view, std::size_t> stricter;
  for (const json& golden : read_json_lines(directory / report.file())) {
    report.check(golden["name"], [&]() -> std::string {
      const Result<Changeset> parsed = changeset::parse(bytes_of(golden["changeset"]));
      if (!golden["accepted"]) return parsed ? "accepted" : "";
      if (parsed) return difference(*parsed, golden);
      const std::string& message = parsed.error().message();
      for (const Strictness& strictness : kStrictnesses) {
        if (!message.ends_with(strictness.message)) continue;
        ++stricter[strictness.decision];
        return "";
      }
      return "refused: " + message;
    });
  }
  for (const auto& [decision, count] : stricter) {
    report.remark(std::to_string(count) + " refused by decision: " + std::string(decision));
  }
  return {report};
}

}  // namespace

std::vector<GoldenSuite> changeset_suites() {
  return {{"changesets.jsonl", run_valid}, {"changesets_invalid.jsonl", run_invalid}};
}

}  // namespace tombolo::test

/// Any text as a query: it is refused with the column of what is wrong, or its canonical text
/// parses to the same tree. What binds to the schema is evaluated over a few objects with every
/// type and every collection, and finds the same from its canonical text. Nothing takes more memory
/// or stack than the limits of the parser allow.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/assertion.h"
#include "query/binder.h"
#include "query/evaluator.h"
#include "query/parser.h"
#include "query/printer.h"
#include "test/support/query_dataset.h"

namespace {

using namespace tombolo;
using namespace tombolo::query;

constexpr const char* kDataset = R"({"schema":[
{"name":"Item","primaryKey":"id","properties":[
  {"name":"id","type":"int"},{"name":"name","type":"string"},{"name":"label","type":"string","optional":true},
  {"name":"price","type":"double","optional":true},{"name":"f","type":"float"},{"name":"m","type":"decimal128","optional":true},
  {"name":"active","type":"bool"},{"name":"made","type":"date","optional":true},
  {"name":"ref","type":"objectId","optional":true},{"name":"u","type":"uuid","optional":true},
  {"name":"raw","type":"data","optional":true},{"name":"extra","type":"mixed"},
  {"name":"tags","type":"list","objectType":"string"},{"name":"scores","type":"set","objectType":"int"},
  {"name":"attrs","type":"dictionary","objectType":"mixed"},{"name":"notes","type":"string","indexed":"full-text"},
  {"name":"peer","type":"object","objectType":"Item"},{"name":"parts","type":"list","objectType":"Item"},
  {"name":"loc","type":"object","objectType":"Point"},
  {"name":"back","type":"linkingObjects","objectType":"Item","property":"peer"}]},
{"name":"Point","embedded":true,"properties":[{"name":"type","type":"string"},
  {"name":"coordinates","type":"list","objectType":"double"}]}],
"objects":[
{"class":"Item","values":{"id":{"type":"int","value":"1"},"name":{"type":"string","value":"Bike"},
  "label":{"type":"null"},"price":{"type":"double","value":2.5},"f":{"type":"float","value":"NaN"},
  "m":{"type":"decimal","value":"1.50"},"active":{"type":"bool","value":true},
  "made":{"type":"timestamp","seconds":"1588291200","nanoseconds":0},
  "ref":{"type":"objectid","value":"64a000000000000000000001"},
  "u":{"type":"uuid","value":"00000000000040008000000000000001"},"raw":{"type":"binary","value":"010203"},
  "extra":{"type":"list","items":[{"type":"int","value":"1"},{"type":"dictionary","items":{"k":{"type":"string","value":"v"}}}]},
  "tags":{"type":"list","items":[{"type":"string","value":"red"},{"type":"string","value":"Gr\u00f8n"}]},
  "scores":{"type":"set","items":[{"type":"int","value":"5"}]},
  "attrs":{"type":"dictionary","items":{"one":{"type":"int","value":"1"}}},"notes":{"type":"string","value":"A fast bike"},
  "peer":{"type":"link","table":"Item","object":{"type":"int","value":"2"}},
  "parts":{"type":"list","items":[{"type":"link","table":"Item","object":{"type":"int","value":"1"}},
    {"type":"link","table":"Item","object":{"type":"int","value":"2"}}]},
  "loc":{"type":"object","values":{"type":{"type":"string","value":"Point"},
    "coordinates":{"type":"list","items":[{"type":"double","value":10},{"type":"double","value":50}]}}}}},
{"class":"Item","values":{"id":{"type":"int","value":"2"},"name":{"type":"string","value":""},
  "label":{"type":"string","value":"x"},"price":{"type":"null"},"f":{"type":"float","value":0},
  "m":{"type":"null"},"active":{"type":"bool","value":false},"made":{"type":"null"},"ref":{"type":"null"},
  "u":{"type":"null"},"raw":{"type":"null"},"extra":{"type":"null"},"tags":{"type":"list","items":[]},
  "scores":{"type":"set","items":[]},"attrs":{"type":"dictionary","items":{}},"notes":{"type":"string","value":""},
  "peer":{"type":"null"},"parts":{"type":"list","items":[]},"loc":{"type":"null"}}}]})";

std::vector<ObjectHandle> find(const BoundQuery& query, test::QueryDataset& dataset) {
  return evaluate(query, dataset, dataset.objects("Item"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static test::QueryDataset dataset(nlohmann::json::parse(kDataset));
  static const std::vector<Constant> arguments{{Constant::Floating{1, false, ""}},
                                               {std::string("parts.name")},
                                               {Constant::List{{std::int64_t{3}}, {}}}};
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Result<Ast> parsed = parse(text);
  if (!parsed) {
    TOMBOLO_ASSERT_FATAL(parsed.error().message().starts_with("Invalid predicate: "));
    return 0;
  }
  const std::string canonical = print(*parsed);
  const Result<Ast> again = parse(canonical);
  // It has parentheses where the text had none, which may be too many.
  if (!again && again.error().code() == ErrorCode::kLimitExceeded) return 0;
  TOMBOLO_ASSERT_FATAL(again && *again == *parsed && print(*again) == canonical);

  const auto bound = bind_query(*parsed, dataset.schema(), "Item", arguments);
  const auto bound_again = bind_query(*again, dataset.schema(), "Item", arguments);
  TOMBOLO_ASSERT_FATAL(bound.has_value() == bound_again.has_value());
  if (!bound || (*bound)->read_error) return 0;
  TOMBOLO_ASSERT_FATAL(find(**bound, dataset) == find(**bound_again, dataset));
  return 0;
}

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "test/support/edit_script.h"
#include "test/support/merge_network.h"

/// What wins when, as a table: two clients that know one state edit offline and sync. The rows are
/// those of docs/merge-rules.md, "Examples", and more. Each is run with either client uploading
/// first, with the roles swapped, with every edit in its own transaction, and downloaded one by
/// one: everywhere the same comes out.

namespace tombolo::merge {
namespace {

using nlohmann::json;
using test::MergeNetwork;

enum class Flag : std::uint8_t {
  kNone,
  kTie,             ///< Equal timestamps: swapping the clients swaps the outcome.
  kSchemaMismatch,  ///< The merge is refused.
  kApplyFails,      ///< A known limit: some realm refuses what was merged.
  kApart,           ///< A known limit: realms may differ, but nothing fails.
};

struct Row {
  const char* name;
  const char* base;    ///< Edits that both know.
  const char* first;   ///< Transactions "@time edits | @time edits" of client 2;
  const char* second;  ///< and of client 3.
  const char* result;  ///< "place: value, place: value" in the short form of `shown`.
  Flag flag = Flag::kNone;
};
void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}

constexpr std::string_view kSchema =
    "class T int ; class U int ; embedded E ;"
    "column T.i int ; column T.n int? ; column T.s string? ; column T.l string[] ;"
    "column T.st string<> ; column T.d mixed{} ; column T.any mixed ; column T.lm mixed[] ;"
    "column T.sm mixed<> ; column T.lk ->U ; column T.ll ->U[] ; column T.e ->E ;"
    "column T.el ->E[] ; column T.ed ->E{} ; column E.x int ; column E.xs int[] ;"
    "create T1";

constexpr const char* kAbc = "l append a ; l append b ; l append c";
constexpr const char* kAbcd = "l append a ; l append b ; l append c ; l append d";
constexpr const char* kLinks = "create U7 ; create U8";
constexpr const char* kThree =
    "el append new ; el[0].x = 1 ; el append new ; el[1].x = 2 ; el append new ; el[2].x = 3";
constexpr const char* kSet = "st add foo ; st add bar ; st add baz";
constexpr const char* kKeys = "d.k = 1 ; d.m = 2";

/// A value in a short form: 5, x, null, [a,b], {a,b} (a set), {k:1}, ->U7.
std::string shown(const json& value) {
  const auto joined = [](const json& parts, char open, char close) {
    std::string text(1, open);
    for (const auto& [name, part] : parts.items()) {
      if (text.size() > 1) text += ',';
      text += (parts.is_object() ? name + ":" : "") + shown(part);
    }
    return text + close;
  };
  if (value.is_null()) return "null";
  if (value.is_array()) return joined(value, '[', ']');
  if (value.contains("dict")) return joined(value["dict"], '{', '}');
  if (value.contains("obj")) return joined(value["obj"], '{', '}');
  if (value.contains("set")) return joined(value["set"], '{', '}');
  const std::string text = value.get<std::string>();
  if (text.starts_with("l:")) return "->" + text.substr(2, 1) + text.substr(6);
  return text.substr(2);
}

/// What is at "T1.l", "l" (of T1), "T5" ("here" or "gone"), "class N", "column U.w".
std::string look(const test::ModelRealm& realm, const std::string& place) {
  const json state = realm.state();
  const json schema = realm.schema();
  if (place.starts_with("class ")) return schema.contains(place.substr(6)) ? "here" : "gone";
  if (place.starts_with("column ")) {
    const std::string table = place.substr(7, 1);
    return schema.contains(table) && schema[table]["cols"].contains(place.substr(9)) ? "here"
                                                                                     : "gone";
  }
  const bool names_object = std::isupper(static_cast<unsigned char>(place[0])) != 0;
  const std::string object = names_object ? place.substr(0, 2) : "T1";
  const std::string table = object.substr(0, 1);
  const std::string key = "i:" + object.substr(1);
  const bool exists = state.contains(table) && state[table].contains(key);
  if (place == object) return exists ? "here" : "gone";
  const std::string field = names_object ? place.substr(3) : place;
  if (!exists) return "no object";
  if (!state[table][key].contains(field)) return "initial";
  return shown(state[table][key][field]);
}

std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + separator.size();
  }
  return parts;
}

/// How a row is run.
struct Variant {
  bool second_uploads_first = false;
  bool swap_clients = false;
  bool split_transactions = false;
  bool download_one_by_one = false;
};

class Exchange {
 public:
  Exchange(const Row& row, const Variant& variant) : variant_(variant) {
    commit(kClient2, 0, std::string(kSchema));
    if (*row.base != '\0') commit(kClient2, 0, row.base);
    upload_all(kClient2);
    download_all(kClient3);
    edit(variant.swap_clients ? kClient3 : kClient2, row.first);
    edit(variant.swap_clients ? kClient2 : kClient3, row.second);

    const ClientFileIdent earlier = variant.second_uploads_first ? kClient3 : kClient2;
    const ClientFileIdent later = variant.second_uploads_first ? kClient2 : kClient3;
    upload_all(earlier);
    upload_all(later);
    download_all(later);
    download_all(earlier);
  }

  [[nodiscard]] const std::optional<ErrorCode>& merge_error() const { return merge_error_; }
  [[nodiscard]] const std::optional<Error>& apply_error() const { return network_.apply_error(); }
  [[nodiscard]] std::vector<const test::ModelRealm*> realms() const {
    return {
        &network_.realm(kServerFileIdent), &network_.realm(kClient2), &network_.realm(kClient3)};
  }

 private:
  static constexpr ClientFileIdent kClient2{2};
  static constexpr ClientFileIdent kClient3{3};

  void commit(ClientFileIdent client, std::uint64_t timestamp, const std::string& script) {
    static const test::ModelRealm kEmpty;
    const bool is_new = client == kClient2 && !started_;
    started_ = true;
    const test::ModelRealm& realm = is_new ? kEmpty : network_.realm(client);
    network_.commit(client, OriginTimestamp(timestamp), test::record(realm, script));
  }

  void edit(ClientFileIdent client, const std::string& transactions) {
    if (transactions.empty()) return;
    for (const std::string& transaction : split(transactions, " | ")) {
      const std::size_t space = transaction.find(' ');
      const std::uint64_t timestamp = std::stoul(transaction.substr(1, space - 1));
      const std::string script = transaction.substr(space);
      if (!variant_.split_transactions) {
        commit(client, timestamp, script);
        continue;
      }
      std::string focus;
      for (const std::string& statement : split(script, ";")) {
        commit(client, timestamp, focus + statement);
        const std::size_t create = statement.find("create ");
        if (create != std::string::npos) focus = "on" + statement.substr(create + 6) + ";";
        if (statement.find("on ") < 2) focus = statement + ";";
      }
    }
  }

  void upload_all(ClientFileIdent client) {
    while (!merge_error_ && network_.pending_upload_count(client) > 0) {
      note(network_.upload(client));
    }
  }
  void download_all(ClientFileIdent client) {
    while (!merge_error_ && network_.pending_download_count(client) > 0) {
      const std::size_t pending = network_.pending_download_count(client);
      note(network_.download(client, variant_.download_one_by_one ? 1 : pending));
    }
  }
  template <typename T>
  void note(const Result<T>& result) {
    if (!result) merge_error_ = result.error().code();
  }

  Variant variant_;
  MergeNetwork network_;
  bool started_ = false;
  std::optional<ErrorCode> merge_error_;
};

class Convergence : public testing::TestWithParam<Row> {
 protected:
  static void check(const Row& row, const Variant& variant) {
    SCOPED_TRACE(std::string(row.name) +
                 (variant.second_uploads_first ? ", second uploads first" : "") +
                 (variant.swap_clients ? ", clients swapped" : "") +
                 (variant.split_transactions ? ", an edit a transaction" : "") +
                 (variant.download_one_by_one ? ", downloaded one by one" : ""));
    const Exchange run(row, variant);
    if (row.flag == Flag::kSchemaMismatch) {
      EXPECT_EQ(run.merge_error(), ErrorCode::kMergeSchemaMismatch);
      return;
    }
    ASSERT_EQ(run.merge_error(), std::nullopt);
    if (row.flag == Flag::kApplyFails) {
      EXPECT_TRUE(run.apply_error());
      return;
    }
    ASSERT_FALSE(run.apply_error()) << run.apply_error()->describe();
    if (row.flag == Flag::kApart) return;
    const auto realms = run.realms();
    for (const test::ModelRealm* const realm : realms) {
      EXPECT_EQ(realm->state().dump(), realms[0]->state().dump());
      EXPECT_EQ(realm->schema().dump(), realms[0]->schema().dump());
    }
    for (const std::string& expectation : split(row.result, ", ")) {
      const std::size_t colon = expectation.find(": ");
      const std::string place = expectation.substr(0, colon);
      EXPECT_EQ(look(*realms[0], place), expectation.substr(colon + 2)) << place;
    }
  }
};

TEST_P(Convergence, EndsInOneStateHoweverItIsSynced) {
  for (unsigned bits = 0; bits < 16; ++bits) {
    const Variant variant{.second_uploads_first = (bits & 1) != 0,
                          .swap_clients = (bits & 2) != 0,
                          .split_transactions = (bits & 4) != 0,
                          .download_one_by_one = (bits & 8) != 0};
    if (variant.swap_clients && GetParam().flag == Flag::kTie) continue;
    check(GetParam(), variant);
  }
}

constexpr Row kScalars[] = {
    {"S1", "", "@1 i = 10", "@2 i = 20", "i: 20"},
    {"S2", "", "@5 i = 10", "@2 i = 20", "i: 10"},
    {"S3", "", "@5 i = 10", "@5 i = 20", "i: 20", Flag::kTie},
    {"S4", "", "@1 i = 10", "@2 i = 20 default", "i: 10"},
    {"S5", "", "@1 i = 10 default", "@2 i = 20 default", "i: 20"},
    {"S6", "i = 100", "@1 i += 10", "@2 i += 20", "i: 130"},
    {"S7", "i = 100", "@1 i = 10", "@2 i += 5", "i: 15"},
    {"S8", "i = 100", "@1 i += 5", "@2 i = 10", "i: 10"},
    {"S9", "i = 100", "@1 i += 5", "@2 i = 10 default", "i: 15"},
    {"S10", "n = 100", "@1 n = null", "@2 n += 5", "n: initial"},
    {"S11", "n = 100", "@1 n += 5", "@2 n = null", "n: initial"},
    {"S12", "any = 100", "@1 any = str", "@2 any += 5", "any: str"},
    {"S13", "", "@1 i = 10", "@2 s = x", "i: 10, s: x"},
    {"S14", "", "@1 i = 10 | @3 i = 11", "@2 i = 20", "i: 11"},
    {"S15", "i = 100", "@1 i = 10 ; i += 1", "@2 i = 20", "i: 20"},
    {"S16", "i = 100", "@3 i = 10 ; i += 1", "@2 i = 20", "i: 11"},
    {"S17", "i = 100", "@3 i += 1", "@1 i = 20 | @2 i += 7", "i: 28"},
    {"S18", "any = 100", "@1 any = dict", "@2 any += 5", "any: {}"},
    {"S19", "", "@1 i = 7 default ; i += 1", "@2 i += 10", "i: 18"},
    {"S20", "any = 100", "@2 any += 5", "@1 any = list ; any append 20", "any: [20]"},
};
INSTANTIATE_TEST_SUITE_P(Scalars, Convergence, testing::ValuesIn(kScalars));

constexpr Row kObjects[] = {
    {"O1", "", "@1 create T5 ; i = 1", "@2 create T5 ; s = z", "T5.i: 1, T5.s: z"},
    {"O2", "", "@1 delete T1", "@2 i = 20", "T1: gone"},
    {"O3", "", "@1 i = 20", "@2 delete T1", "T1: gone"},
    {"O4", "", "@1 delete T1", "@2 delete T1", "T1: gone"},
    {"O5", "", "@1 delete T1", "@2 delete T1 ; create T1 ; i = 9", "i: 9"},
    {"O6", "", "@3 delete T1", "@2 delete T1 ; create T1 ; i = 9", "T1: gone"},
    {"O7",
     "",
     "@1 delete T1 ; create T1 ; i = 1",
     "@2 delete T1 ; create T1 ; s = q",
     "i: initial, s: q"},
    {"O8", "", "@1 create T5 ; i = 1", "@2 create T5 ; s = z ; delete T5", "T5: gone"},
    {"O9", "", "@9 create T5 ; i = 1", "@2 create T5 ; s = z ; delete T5", "T5: gone"},
    {"O10",
     "",
     "@1 create T5 ; i = 1 ; delete T5 ; create T5 ; i = 2",
     "@2 create T5 ; s = z",
     "T5.i: 2, T5.s: initial"},
    {"O11", "", "@1 create T1 ; i = 3", "@2 delete T1", "T1: gone"},
    {"O12",
     "create T5",
     "@1 delete T5 ; create T5 ; i = 1",
     "@2 on T5 ; s = k",
     "T5.i: 1, T5.s: initial"},
    {"O13", kLinks, "@1 on T1 ; lk = ->U7", "@2 delete U7", "lk: initial, U7: gone"},
    {"O14",
     "create U7 ; create U8 ; on T1 ; ll append ->U7",
     "@1 ll append ->U8",
     "@2 delete U8",
     "ll: [->U7], U8: gone"},
    {"O15",
     "create U7 ; create U8 ; on T1 ; ll append ->U7 ; ll append ->U8",
     "@1 delete U7",
     "@2 ll insert 0 ->U8",
     "ll: [->U8,->U8]"},
    {"O16",
     "create U7 ; create U8 ; on T1 ; ll append ->U7 ; ll append ->U8",
     "@1 delete U7 ; create U7",
     "@2 ll insert 0 ->U8",
     "ll: [->U8,->U8], U7: here"},
    {"O17",
     "create U7 ; create U8 ; on T1 ; lk = ->U7 ; ll append ->U7 ; ll append ->U8",
     "@1 lk = ->U8",
     "@2 delete U7",
     "lk: initial, ll: [->U8]"},
    {"O18",
     "create U7 ; create U8 ; on T1 ; lk = ->U7 ; ll append ->U7 ; ll append ->U8",
     "@1 delete U7",
     "@2 delete U7",
     "lk: initial, ll: [->U8]"},
    {"O19", kLinks, "@1 on T1 ; any = ->U7", "@2 on T1 ; any = 5", "any: 5"},
};
INSTANTIATE_TEST_SUITE_P(Objects, Convergence, testing::ValuesIn(kObjects));

constexpr Row kLists[] = {
    {"L1", kAbc, "@1 l insert 0 x", "@2 l insert 0 y", "l: [x,y,a,b,c]"},
    {"L2", kAbc, "@1 l insert 0 x", "@1 l insert 0 y", "l: [x,y,a,b,c]", Flag::kTie},
    {"L3", kAbc, "@2 l insert 0 x", "@1 l insert 0 y", "l: [y,x,a,b,c]"},
    {"L4",
     kAbc,
     "@1 l append x1 ; l append x2",
     "@2 l append y1 ; l append y2",
     "l: [a,b,c,x1,x2,y1,y2]"},
    {"L5",
     kAbc,
     "@1 l append x1 | @3 l append x2",
     "@2 l append y1 | @4 l append y2",
     "l: [a,b,c,x1,y1,x2,y2]"},
    {"L6",
     kAbc,
     "@1 l insert 0 x1 ; l insert 0 x2",
     "@2 l insert 0 y1 ; l insert 0 y2",
     "l: [x2,x1,y2,y1,a,b,c]"},
    {"L7", kAbc, "@1 l insert 1 x", "@2 l erase 1", "l: [a,x,c]"},
    {"L8", kAbc, "@1 l insert 2 x", "@2 l erase 1", "l: [a,x,c]"},
    {"L9", kAbc, "@1 l insert 0 x", "@2 l erase 1", "l: [x,a,c]"},
    {"L10", kAbc, "@1 l insert 1 x", "@2 l set 1 B", "l: [a,x,B,c]"},
    {"L11", kAbc, "@1 l erase 1", "@2 l set 1 B", "l: [a,c]"},
    {"L12", kAbc, "@1 l erase 0", "@2 l set 1 B", "l: [B,c]"},
    {"L13", kAbc, "@1 l erase 1", "@2 l erase 1", "l: [a,c]"},
    {"L14", kAbc, "@1 l erase 0", "@2 l erase 2", "l: [b]"},
    {"L15", kAbc, "@1 l set 1 x", "@2 l set 1 y", "l: [a,y,c]"},
    {"L16", kAbc, "@1 l move 0 2", "@2 l move 0 1", "l: [b,a,c]"},
    {"L17", kAbc, "@3 l move 0 2", "@2 l move 0 1", "l: [b,c,a]"},
    {"L18", kAbc, "@1 l move 0 2", "@2 l move 0 2", "l: [b,c,a]"},
    {"L19", kAbcd, "@1 l move 0 3", "@2 l move 1 3", "l: [c,d,a,b]"},
    {"L20", kAbcd, "@2 l move 0 3", "@1 l move 1 3", "l: [c,d,b,a]"},
    {"L21", kAbcd, "@1 l move 3 0", "@2 l move 2 0", "l: [d,c,a,b]"},
    {"L22", kAbc, "@1 l move 0 2", "@2 l move 2 0", "l: [c,b,a]"},
    {"L23", kAbc, "@1 l move 0 2", "@2 l erase 0", "l: [b,c]"},
    {"L24", kAbc, "@1 l move 0 2", "@2 l erase 1", "l: [c,a]"},
    {"L25", kAbc, "@1 l move 0 1", "@2 l erase 1", "l: [a,c]"},
    {"L26", kAbc, "@1 l move 0 2", "@2 l insert 3 x", "l: [b,c,x,a]"},
    {"L27", kAbc, "@1 l move 2 0", "@2 l insert 0 x", "l: [x,c,a,b]"},
    {"L28", kAbc, "@3 l move 2 0", "@2 l insert 0 x", "l: [c,x,a,b]"},
    {"L29", kAbc, "@1 l move 0 2", "@2 l set 0 A", "l: [b,c,A]"},
    {"L30", kAbc, "@1 l move 0 2", "@2 l set 1 B", "l: [B,c,a]"},
    {"L31", kAbc, "@1 l clear", "@2 l insert 1 x", "l: initial"},
    {"L32", kAbc, "@1 l insert 1 x", "@2 l clear", "l: initial"},
    {"L33", kAbc, "@1 l clear ; l append x", "@2 l clear ; l append y", "l: [y]"},
    {"L34", kAbc, "@1 l clear ; l append x", "@2 l clear", "l: initial"},
    {"L35", kAbc, "@3 l clear ; l append x", "@2 l clear", "l: [x]"},
    {"L36", kAbc, "@1 l clear", "@2 l set 0 x", "l: initial"},
    {"L37", kAbc, "@1 l clear", "@2 l erase 0", "l: initial"},
    {"L38", kAbc, "@1 l clear ; l append x", "@2 l append y", "l: [x]"},
    {"L39", kAbc, "@3 l clear | @4 l append k", "@2 l append y", "l: [k]"},
    {"L40", kAbc, "@1 l swap 0 2", "@2 l set 0 A", "l: [c,b,A]"},
    {"L41",
     "l append a ; l append b ; l append c ; l append d ; l append e",
     "@1 l erase 1 ; l insert 3 x",
     "@2 l move 0 4 ; l set 0 B",
     "l: [c,d,x,e,a]"},
    {"L42",
     kAbc,
     "@1 l erase 0 | @5 l insert 0 z",
     "@2 l set 0 A | @3 l insert 1 q",
     "l: [q,z,b,c]"},
    {"L43", kAbc, "@1 l insert 1 x", "@2 l erase 0 ; l erase 0", "l: [x,c]"},
    {"L44",
     kAbc,
     "@1 l erase 2 ; l erase 1 ; l erase 0 ; l append n",
     "@2 l insert 1 x",
     "l: [n,x]"},
    {"L45", kAbcd, "@1 l move 0 3 ; l erase 0", "@2 l insert 2 x", "l: [x,c,d,a]"},
    {"L46", kAbc, "@1 l clear", "@2 l clear", "l: initial"},
    {"L47", kAbc, "@1 l clear", "@2 l move 0 2", "l: initial"},
};
INSTANTIATE_TEST_SUITE_P(Lists, Convergence, testing::ValuesIn(kLists));

constexpr Row kSetsAndDictionaries[] = {
    {"T1", "", "@1 st add x", "@2 st add x", "st: {x}"},
    {"T2", kSet, "@1 st remove foo", "@2 st remove foo ; st add foo", "st: {bar,baz,foo}"},
    {"T3", kSet, "@1 st remove foo", "@2 st add foo", "st: {bar,baz}"},
    {"T4", kSet, "@1 st remove foo ; st add foo", "@2 st remove foo", "st: {bar,baz}"},
    {"T5", "", "@1 st add k", "@2 st add k ; st remove k", "st: initial"},
    {"T6", "", "@3 st add k", "@2 st add k ; st remove k", "st: {k}"},
    {"T7", kSet, "@1 st clear", "@2 st add new1", "st: initial"},
    {"T8", kSet, "@1 st add new1", "@2 st clear", "st: initial"},
    {"T9", kSet, "@1 st clear ; st add x", "@2 st clear ; st add y", "st: {y}"},
    {"T10", kSet, "@1 st remove foo", "@2 st remove foo", "st: {bar,baz}"},
    {"T11", kSet, "@1 st clear", "@2 st remove foo", "st: initial"},
    {"T12", kSet, "@1 st remove foo", "@2 st remove bar", "st: {baz}"},
    {"T13", "", "@1 sm add 1", "@2 sm add one", "sm: {1,one}"},
    {"D1", kKeys, "@1 d.k = 10", "@2 d.k = 20", "d: {k:20,m:2}"},
    {"D2", kKeys, "@1 d.k drop", "@2 d.k = 20", "d: {k:20,m:2}"},
    {"D3", kKeys, "@1 d.k = 20", "@2 d.k drop", "d: {m:2}"},
    {"D4", kKeys, "@1 d.k = 10", "@2 d.z = 20", "d: {k:10,m:2,z:20}"},
    {"D5", kKeys, "@1 d clear", "@2 d.z = 20", "d: initial"},
    {"D6", kKeys, "@1 d.z = 20", "@2 d clear", "d: initial"},
    {"D7", kKeys, "@1 d clear ; d.z = 1", "@2 d clear ; d.y = 2", "d: {y:2}"},
    {"D8", kKeys, "@1 d.k drop", "@2 d.k drop", "d: {m:2}"},
    {"D9", "d.k = 1", "@3 d clear", "@2 d.k = 5 | @4 d.j = 6", "d: initial"},
};
INSTANTIATE_TEST_SUITE_P(SetsAndDictionaries, Convergence, testing::ValuesIn(kSetsAndDictionaries));

constexpr Row kEmbedded[] = {
    {"E1", "", "@1 e = new ; e.x = 1", "@2 e = new ; e.xs append 5", "e: {x:1,xs:[5]}"},
    {"E2", "", "@1 e = new ; e.x = 1", "@2 e = new ; e.x = 2", "e: {x:2}"},
    {"E3", "e = new ; e.x = 1", "@1 e = null", "@2 e.x = 9", "e: initial"},
    {"E4", "", "@1 e = null", "@2 e = new ; e.x = 2", "e: initial"},
    {"E5", "e = new ; e.x = 1", "@1 e = new ; e.x = 5", "@2 e.x = 9", "e: {x:5}"},
    {"E6",
     "e = new ; e.x = 1",
     "@1 e = new ; e.x = 5",
     "@2 e = new ; e.xs append 5",
     "e: {xs:[5]}"},
    {"E7",
     "e = new ; e.xs append 1",
     "@3 e = new ; e.xs append 10",
     "@2 e.xs append 2",
     "e: {xs:[10]}"},
    {"E8", "", "@1 e = new ; e.x = 1", "", "e: {x:1}"},
    {"E9", "e = new ; e.x = 1", "@1 e.xs append 1", "@2 e.xs append 2", "e: {x:1,xs:[1,2]}"},
    {"E10",
     kThree,
     "@1 el insert 0 new ; el[0].x = 99",
     "@2 el[1].x = 20",
     "el: [{x:99},{x:1},{x:20},{x:3}]"},
    {"E11", kThree, "@1 el erase 1", "@2 el[1].x = 20", "el: [{x:1},{x:3}]"},
    {"E12", kThree, "@1 el erase 0", "@2 el[1].x = 20", "el: [{x:20},{x:3}]"},
    {"E13",
     kThree,
     "@1 el set 1 new ; el[1].x = 77",
     "@2 el[1].x = 20",
     "el: [{x:1},{x:77},{x:3}]"},
    {"E14",
     kThree,
     "@1 el set 1 new ; el[1].x = 77",
     "@2 el set 1 new ; el[1].x = 88",
     "el: [{x:1},{x:77},{x:88},{x:3}]"},
    {"E15", kThree, "@1 el clear", "@2 el[1].x = 20", "el: initial"},
    {"E16",
     "",
     "@1 el insert 0 new ; el[0].x = 1",
     "@2 el insert 0 new ; el[0].x = 2",
     "el: [{x:1},{x:2}]"},
    {"E17", kThree, "@1 el move 0 2", "@2 el[1].x = 20", "el: [{x:20},{x:3},{x:1}]"},
    {"E18", kThree, "@1 el move 0 2", "@2 el[0].x = 20", "el: [{x:2},{x:3},{x:20}]"},
    {"E19", "", "@1 ed.k = new ; ed.k.x = 1", "@2 ed.k = new ; ed.k.xs append 4", "", Flag::kApart},
    {"E20", "ed.k = new ; ed.k.x = 1", "@1 ed.k drop", "@2 ed.k.x = 5", "ed: initial"},
    {"E21",
     "ed.k = new ; ed.k.x = 1",
     "@1 ed.k drop ; ed.k = new ; ed.k.x = 7",
     "@2 ed.k.x = 5",
     "ed: {k:{x:7}}"},
    {"E22", "ed.k = new ; ed.k.x = 1", "@3 ed.k = null", "@2 ed.k.x = 5", "ed: {k:null}"},
    {"E23", "ed.k = new ; ed.k.x = 1", "@1 ed.k = new ; ed.k.xs append 4", "", "ed: {k:{xs:[4]}}"},
};
INSTANTIATE_TEST_SUITE_P(EmbeddedObjects, Convergence, testing::ValuesIn(kEmbedded));

constexpr const char* kOneTwo = "any = list ; any append 1 ; any append 2";

constexpr Row kMixed[] = {
    {"M1", "", "@1 any = list ; any append 10", "@2 any = list ; any append 20", "any: [10,20]"},
    {"M2", "", "@1 any = list ; any append 10", "@2 any = dict ; any.k = 1", "any: {k:1}"},
    {"M3", kOneTwo, "@1 any = 7", "@2 any append 20", "any: 7"},
    {"M4", kOneTwo, "@1 any = list", "@2 any append 20", "any: [1,2,20]"},
    {"M5", kOneTwo, "@1 any = 5 ; any = list", "@2 any append 20", "any: []"},
    {"M6", kOneTwo, "@1 any = dict", "@2 any append 20", "any: {}"},
    {"M7", kOneTwo, "@1 any clear", "@2 any = 7", "any: 7"},
    {"M8", kOneTwo, "@3 any clear", "@2 any = 7", "any: []"},
    {"M9",
     kOneTwo,
     "@1 any clear ; any append 9",
     "@2 any = list ; any clear ; any append 8",
     "any: [8]"},
    {"M10", "", "@1 any = list ; any append 10", "@2 any = 7", "any: 7"},
    {"M11", "", "@3 any = list ; any append 10", "@2 any = 7", "any: [10]"},
    {"M12",
     "any = list ; any append list ; any[0] append 1",
     "@1 any insert 0 z",
     "@2 any[0] append 2",
     "any: [z,[1,2]]"},
    {"M13",
     "any = list ; any append list ; any[0] append 1",
     "@1 any erase 0",
     "@2 any[0] append 2",
     "any: []"},
    {"M14",
     "any = dict ; any.k = 1",
     "@1 any.q = list ; any.q append 1",
     "@2 any.q = list ; any.q append 2",
     "any: {k:1,q:[1,2]}"},
    {"M15", kOneTwo, "@3 any clear", "@2 any = list ; any append 8", "any: []"},
    {"M16", kOneTwo, "@1 any erase 0", "@2 any set 0 9", "any: [2]"},
    {"M17",
     "any = dict",
     "@1 any.q = dict ; any.q.z = 1",
     "@2 any.q = list ; any.q append 2",
     "any: {q:[2]}"},
    {"M18", "any = dict ; any.q = list", "@1 any.q drop", "@2 any.q append 2", "any: {}"},
    {"M19", "any = dict ; any.a = 1", "@1 any clear", "@2 any = list ; any append 3", "any: [3]"},
    {"M20",
     "any = dict ; any.a = 1",
     "@3 any clear ; any.b = 2",
     "@2 any = list ; any append 3",
     "any: {b:2}"},
    {"M21", "lm append 1", "@1 lm set 0 list ; lm[0] append 5", "@2 lm set 0 9", "lm: [9]"},
    {"M22",
     "any = list ; any append list ; any[0] append 1 ; any append 5 ; any append 6",
     "@1 any move 0 2",
     "@2 any[0] append 2",
     "any: [5,6,[1,2]]"},
    {"M23",
     "",
     "@1 any = list ; any append 1 ; any = 2",
     "@2 any = list ; any append 5",
     "",
     Flag::kApplyFails},
    {"M24",
     "any = list ; any append list ; any[0] append 1 ; any append 5",
     "@1 any insert 0 z",
     "@2 any[0] clear",
     "any: [z,[],5]"},
    {"M25",
     "any = list ; any append list ; any[0] append 1 ; any append 5",
     "@1 any erase 0",
     "@2 any[0] clear",
     "any: [5]"},
};
INSTANTIATE_TEST_SUITE_P(CollectionsInMixed, Convergence, testing::ValuesIn(kMixed));

constexpr Row kSchemas[] = {
    {"X1s", "", "@1 class N int", "@2 class N int", "class N: here"},
    {"X2s", "", "@1 class N int", "@2 class N string", "", Flag::kSchemaMismatch},
    {"X3s", "", "@1 class N int", "@2 class N int id2", "", Flag::kSchemaMismatch},
    {"X4s", "", "@1 class N int", "@2 embedded N", "", Flag::kSchemaMismatch},
    {"X5s", "", "@1 column U.w int", "@2 column U.w int", "column U.w: here"},
    {"X6s", "", "@1 column U.w int", "@2 column U.w string", "", Flag::kSchemaMismatch},
    {"X7s", "", "@1 column U.w int", "@2 column U.w int?", "", Flag::kSchemaMismatch},
    {"X8s", "", "@1 column U.w int", "@2 column U.w int[]", "", Flag::kSchemaMismatch},
    {"X9s", "", "@1 drop column T.i", "@2 i = 5", "column T.i: gone"},
    {"X10s", "", "@1 drop column T.l", "@2 l append x", "column T.l: gone"},
    {"X11s", "", "@1 drop class T", "@2 i = 5", "class T: gone"},
    {"X12s", "class N int", "@1 drop class N", "@2 drop class N", "class N: gone"},
    {"X13s",
     "class N int",
     "@1 drop class N",
     "@2 column U.ln ->N",
     "class N: gone, column U.ln: gone"},
    {"X14s",
     "class N int",
     "@1 drop class N",
     "@2 column N.q int ; create N3 ; q = 4",
     "class N: gone"},
    {"X15s",
     "",
     "@1 class N int ; column N.q int ; create N1 ; q = 1",
     "@2 class N int ; column N.q int ; column N.r int ; create N1 ; r = 2",
     "N1.q: 1, N1.r: 2"},
    {"X16s",
     "",
     "@1 class N int | @2 drop class N",
     "@2 class N int ; column U.ln ->N",
     "class N: gone, column U.ln: gone"},
    {"X17s",
     "class N int ; create N1",
     "@1 drop class N",
     "@2 column U.ln ->N ; create U4 ; ln = ->N1",
     "class N: gone, column U.ln: gone, U4: here"},
    {"X18s", "e = new ; e.x = 1", "@1 drop column E.x", "@2 e.x = 4", "", Flag::kApplyFails},
    {"X19s",
     "class N int ; create N1",
     "@1 drop class N",
     "@2 on T1 ; any = ->N1",
     "",
     Flag::kApplyFails},
};
INSTANTIATE_TEST_SUITE_P(Schemas, Convergence, testing::ValuesIn(kSchemas));

}  // namespace
}  // namespace tombolo::merge

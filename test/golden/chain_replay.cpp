#include "test/golden/chain_replay.h"

#include "test/support/canonical_json.h"

namespace tombolo::test {
namespace {

using nlohmann::json;

constexpr std::uint64_t kClients[] = {2, 3, 4};

json instructions_of(BytesView changeset) {
  return instructions_json(changeset::parse(changeset).value());
}

/// Why the step failed to merge or to apply, if it did.
template <typename T>
std::optional<ErrorCode> failure(const Result<T>& step, const MergeNetwork& network) {
  if (!step) return step.error().code();
  return network.apply_error() ? std::optional(network.apply_error()->code()) : std::nullopt;
}

}  // namespace

std::string ChainReplay::replay(const json& event) {
  const ClientFileIdent client(event["client"]);
  if (event["event"] == "commit") {
    network_.commit(client, OriginTimestamp(event["timestamp"]), bytes_of(event["changeset"]));
    return "";
  }
  if (event["event"] == "upload") {
    const auto transformed = network_.upload(client);
    return transformed ? compare(*transformed, event["transformed"])
                       : transformed.error().describe();
  }
  const json& recorded = event["changesets"];
  const auto transformed = network_.download(client, recorded.size());
  if (!transformed) return transformed.error().describe();
  for (std::size_t i = 0; i < recorded.size(); ++i) {
    const std::string what = compare(transformed->at(i), recorded[i]["transformed"]);
    if (!what.empty()) return what;
  }
  return "";
}

std::optional<ErrorCode> ChainReplay::next_failure() const {
  for (const std::uint64_t ident : kClients) {
    const ClientFileIdent client(ident);
    if (network_.pending_upload_count(client) > 0) {
      MergeNetwork copy = network_;
      if (const auto code = failure(copy.upload(client), copy)) return code;
    }
    MergeNetwork copy = network_;
    const auto downloaded = copy.download(client, copy.pending_download_count(client));
    if (const auto code = failure(downloaded, copy)) return code;
  }
  return std::nullopt;
}

std::string ChainReplay::compare(BytesView transformed, const json& recorded) {
  const json found = instructions_of(transformed);
  const json expected = instructions_of(bytes_of(recorded));
  if (found == expected) return "";
  differed_ = true;
  return "transformed to " + found.dump() + " instead of " + expected.dump();
}

}  // namespace tombolo::test
